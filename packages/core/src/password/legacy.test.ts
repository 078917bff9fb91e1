import { describe, expect, it } from "vitest";
import {
  argon2Hashes,
  bcryptHashes,
  betterAuthHashes,
  djangoHashes,
  firebaseHashes,
  type LegacyHashes,
  werkzeugHashes,
} from "../legacy-hashes.ts";
import { type PasswordHasher, password, pbkdf2Hasher, scryptHasher } from "../password.ts";
import { nativeCrypto } from "../platform/env.ts";
import { scryptReader } from "./legacy-derivations.ts";
import { decideHash } from "./legacy-verifier.ts";

const TYPED = "correct horse bäßtery";

// The project and the user of https://github.com/firebase/scrypt#finding-the-password-hash-parameters
const FIREBASE = {
  signerKey: "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==",
  saltSeparator: "Bw==",
  rounds: 8,
  memCost: 14,
};
const FIREBASE_HASH =
  "$firebase-scrypt$42xEC+ixf3L2lw==$lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==";

const cheap = {
  django: djangoHashes({ like: `pbkdf2_sha256$1000$salt$${"A".repeat(43)}=` }),
  werkzeug: werkzeugHashes({ like: `pbkdf2:sha256:1000$salt$${"0".repeat(64)}` }),
  bcrypt: bcryptHashes({ like: `$2b$04$${".".repeat(53)}` }),
  argon2: argon2Hashes({ like: `$argon2id$v=19$m=256,t=2,p=1$${"A".repeat(22)}$${"A".repeat(43)}` }),
};

/** Each is what the library itself made of the password. */
const VECTORS: readonly (readonly [string, LegacyHashes, string, string])[] = [
  // Django's PASSWORD_HASHERS, as its make_password encodes them.
  [
    "PBKDF2 of Django",
    cheap.django,
    TYPED,
    "pbkdf2_sha256$20000$saltsaltsalt$KLwqShd8Ugfyqz8Ak6GUh2roSHdDSECW+lH0lcNesi8=",
  ],
  [
    "PBKDF2 with SHA-1 of Django",
    cheap.django,
    TYPED,
    "pbkdf2_sha1$20000$saltsaltsalt$PNbVKVOVt+fuiWikY+SKZQxi55E=",
  ],
  [
    "scrypt of Django",
    cheap.django,
    TYPED,
    "scrypt$1024$saltsaltsalt$8$5$IYjYHaAebZlYF1L9Ite+NKAsHNHbU9rk+gaJZ5lUw5GUCSx8WGUgTX294fs5A9cM8mOuxRzXEzIsWjlSdeCl7g==",
  ],
  [
    "bcrypt_sha256 of Django",
    cheap.bcrypt,
    TYPED,
    "bcrypt_sha256$$2b$04$8u.qdUoco.ak89GfqB3M/uKBIOWVubk/BKwkuA4gfqBB7lmeSQsSS",
  ],
  [
    "bcrypt of Django",
    cheap.bcrypt,
    TYPED,
    "bcrypt$$2b$04$zvk.SjsxIEC07wF/ehJduud0J1RIAy1NGa85CdUXhv5L0WB6thgjy",
  ],
  // werkzeug.security.generate_password_hash
  [
    "scrypt of Werkzeug",
    cheap.werkzeug,
    TYPED,
    "scrypt:1024:8:1$iFis9dty6cgsfBaL$480056dd3e9cbbbfa0a9ad5564ff020850f6a07eaf3f2d77fccfc283d2cc611f393733f4f0c3810a37a78786a6884934e1c2de31016045a67285750484ac5620",
  ],
  [
    "PBKDF2 of Werkzeug",
    cheap.werkzeug,
    TYPED,
    "pbkdf2:sha256:1000$NBhkBriiyQYKZlYs$64b96efb94a08ca19b2f87d77377a50ab313374234640669fcca1dd0a584f4c9",
  ],
  [
    "PBKDF2 with SHA-512 of Werkzeug",
    cheap.werkzeug,
    TYPED,
    "pbkdf2:sha512:1000$kRDTj9qt5m6Np14b$cac53f5ab7a65f7b48f7d7ce9ced69587eb44a5595cabd6613e228a5e2ae5059e8839245d2413b47fac9b7d1de838296667243347373c6c635c84cb6c1f9a4ba",
  ],
  // hashPassword of @better-auth/utils, of a password that NFKC changes.
  [
    "better-auth",
    betterAuthHashes(),
    `${TYPED} ﬁ`,
    "6823dbe1f0cb4c2fbc973e41c3540f13:59224feba9804872e9af06b49f008157b8e7c9aba0cb1624a6301ca9766e04250b36069a477b751c46ad046bea236b1ec93c108943767a5a95bfc44bb0f95576",
  ],
  // bcrypt of Python, and the test of crypt_blowfish (https://www.openwall.com/crypt/)
  ["bcrypt of Python", cheap.bcrypt, TYPED, "$2b$04$nvo3tR5mkGta.iLITStzmO6y/ibdKaZUZXp9zMkaoTu9bnftGlH1W"],
  [
    "bcrypt of crypt_blowfish",
    cheap.bcrypt,
    "U*U",
    "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
  ],
  // src/test.c of https://github.com/P-H-C/phc-winner-argon2
  [
    "Argon2i",
    cheap.argon2,
    "password",
    "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$iekCn0Y3spW+sCcFanM2xBT63UP2sghkUoHLIUpWRS8",
  ],
  [
    "Argon2id",
    cheap.argon2,
    "password",
    "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
  ],
  [
    "Argon2id of Django",
    cheap.argon2,
    "password",
    "argon2$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
  ],
  ["Firebase", firebaseHashes(FIREBASE), "user1password", FIREBASE_HASH],
  [
    "Firebase in the URL-safe alphabet",
    firebaseHashes(FIREBASE),
    "user1password",
    FIREBASE_HASH.replaceAll("+", "-").replaceAll("/", "_"),
  ],
];

describe("a hash of another system", () => {
  it.each(VECTORS)("of %s matches its password and no other", async (_, format, typed, stored) => {
    expect(format.isHash(stored)).toBe(true);
    expect(format.refusal(stored)).toBeNull();
    expect(await format.verify(typed, stored)).toBe(true);
    expect(await format.verify(`${typed}!`, stored)).toBe(false);
    expect(await format.verify("", stored)).toBe(false);
  });

  it.each(VECTORS)(
    "of %s is read by one format only, and not with a part cut off",
    (_, format, __, stored) => {
      const all = [...Object.values(cheap), betterAuthHashes(), firebaseHashes(FIREBASE)];
      const readers = all.filter((one) => one.isHash(stored)).map(({ name }) => name);
      expect(readers).toEqual([format.name]);
      expect(format.isHash(stored.slice(0, stored.lastIndexOf("$") + 5))).toBe(false);
      expect(format.isHash(`${stored}\n`)).toBe(false);
      expect(scryptHasher().isHash?.(stored)).toBe(false);
    },
  );

  it.each([
    ["a part of its key", cheap.django, "pbkdf2_sha256$20000$salt$AAAAAAAAAAAAAAAAAAAAAA=="],
    ["a key of another digest", cheap.werkzeug, `pbkdf2:sha512:1000$salt$${"0".repeat(64)}`],
  ])("of PBKDF2 with %s is not read", (_, format, hash) => {
    expect(format.isHash(hash)).toBe(false);
  });

  it("of bcrypt is read with 72 bytes of the password, as the format does", async () => {
    const { hashSync } = await import("bcryptjs");
    const stored = hashSync("a".repeat(80), 4);
    expect(await cheap.bcrypt.verify("a".repeat(72), stored)).toBe(true);
    expect(await cheap.bcrypt.verify("a".repeat(71), stored)).toBe(false);
  });

  it.each([
    [
      cheap.django,
      "pbkdf2_sha256$2000001$salt$KLwqShd8Ugfyqz8Ak6GUh2roSHdDSECW+lH0lcNesi8=",
      "2000001 rounds",
    ],
    [cheap.django, VECTORS[2]?.[3].replace("$1024$", "$1048576$") ?? "", "N=1048576"],
    [cheap.django, VECTORS[2]?.[3].replace("$1024$", "$1000$") ?? "", "power of two"],
    [cheap.werkzeug, VECTORS[5]?.[3].replace(":1$", ":99999$") ?? "", "p=99999"],
    [cheap.werkzeug, VECTORS[5]?.[3].replace("1024:8:1$", "65536:1:1$") ?? "", "N=65536, r=1"],
    [cheap.bcrypt, `$2b$15$${".".repeat(53)}`, "cost 15"],
    [cheap.bcrypt, `$2b$03$${".".repeat(53)}`, "cost 3"],
    [cheap.argon2, VECTORS[12]?.[3].replace("m=256", "m=131073") ?? "", "128 MiB"],
    [cheap.argon2, VECTORS[12]?.[3].replace("t=2", "t=9999999") ?? "", "m × t"],
    [cheap.argon2, VECTORS[12]?.[3].replace("v=19", "v=16") ?? "", "version 16"],
  ])(
    "of a cost beyond the bounds is refused with the reason, and never run: %#",
    async (format, stored, reason) => {
      expect(format.isHash(stored)).toBe(true);
      expect(format.refusal(stored)).toContain(reason);
      expect(await format.verify(TYPED, stored)).toBe(false);
    },
  );

  it.each([
    ["like", () => bcryptHashes({ like: "$2b$15$x" }), "bcryptHashes: like cannot be used"],
    ["a costly like", () => bcryptHashes({ like: `$2b$15$${".".repeat(53)}` }), "the cost 15"],
    ["an option", () => djangoHashes({ cost: 1 } as object), "cost is not an option of djangoHashes"],
    ["the signer key", () => firebaseHashes({ ...FIREBASE, signerKey: "AAAA" }), "signerKey"],
    ["the cost", () => firebaseHashes({ ...FIREBASE, memCost: 30 }), "memCost"],
    ["legacy", () => password({ legacy: {} as [] }), "password: legacy"],
    ["a format", () => password({ legacy: [{ name: "x" }] as unknown as [] }), "password: legacy"],
    ["a format twice", () => password({ legacy: [bcryptHashes(), bcryptHashes()] }), "bcryptHashes twice"],
  ])("is refused at configuration with a wrong %s", (_, configure, message) => {
    expect(configure).toThrow(TypeError);
    expect(configure).toThrow(message);
  });
});

describe("decideHash", () => {
  const hasher = scryptHasher({ cost: { ln: 4, r: 8, p: 1 } });

  it.each(VECTORS)("names the factory for a hash of %s that nothing reads", (_, format, __, stored) => {
    const verdict = decideHash(hasher, [], stored);
    expect(verdict).toMatchObject({ kind: "unknown", advice: expect.stringContaining(`${format.name}(`) });
    expect(decideHash(hasher, [format], stored)).toEqual({ kind: "ok" });
  });

  it("reads the hashes of the hasher, and names the hasher of others", async () => {
    const stored = await hasher.hash(TYPED, (length) => new Uint8Array(length));
    expect(decideHash(scryptHasher(), [], stored)).toEqual({ kind: "ok" });
    expect(decideHash(pbkdf2Hasher(), [], stored)).toMatchObject({
      advice: expect.stringContaining("scryptHasher()"),
    });
    expect(decideHash(hasher, [], "5f4dcc3b5aa765d61d8327deb882cf99")).toMatchObject({
      advice: expect.stringContaining("a LegacyHashes of your own"),
    });
  });

  it("tells why a format does not run a hash", () => {
    const stored = `$2b$15$${".".repeat(53)}`;
    const reason = expect.stringContaining("bcryptHashes: the cost 15");
    expect(decideHash(hasher, [cheap.bcrypt], stored)).toEqual({ kind: "refused", reason });
  });

  it("asks needsRehash of a hasher that has no isHash", () => {
    const own: PasswordHasher = {
      hash: hasher.hash,
      verify: hasher.verify,
      needsRehash: (stored) => stored !== "own",
    };
    expect(decideHash(own, [], "own")).toEqual({ kind: "ok" });
    expect(decideHash(own, [], "other").kind).toBe("unknown");
  });
});

describe("password() with legacy", () => {
  const stored = "$2b$04$nvo3tR5mkGta.iLITStzmO6y/ibdKaZUZXp9zMkaoTu9bnftGlH1W";
  const hasher = scryptHasher({ cost: { ln: 4, r: 8, p: 1 } });

  /** Notes every derivation in order: the part that runs it, and whether it gets the stored hash. */
  function noted(): { readonly provider: ReturnType<typeof password>; readonly ran: string[] } {
    const ran: string[] = [];
    const note = <Part extends Pick<LegacyHashes, "verify">>(part: Part, name: string): Part => ({
      ...part,
      verify(typed: string, hash: string | null) {
        ran.push(`${name} ${hash === null ? "nothing" : "stored"}`);
        return part.verify(typed, hash);
      },
    });
    const legacy = [note(cheap.bcrypt, "bcrypt"), note(cheap.django, "django")];
    return { provider: password({ hasher: note(hasher, "hasher"), legacy }), ran };
  }

  it("PWD-02 runs the hasher and every format once for each refusal, whatever the account has", async () => {
    const own = await hasher.hash(TYPED, (length) => new Uint8Array(length));
    const { provider, ran } = noted();
    for (const hash of [null, own, stored, VECTORS[0]?.[3] ?? "", "neither"]) {
      ran.length = 0;
      expect(await provider.verify("another password", hash)).toEqual({ ok: false, rehash: false });
      expect(ran.map((line) => line.split(" ")[0])).toEqual(["hasher", "bcrypt", "django"]);
    }
  });

  it("asks for a current hash after a match, and not after a match of the hasher", async () => {
    const own = await hasher.hash(TYPED, (length) => new Uint8Array(length));
    const { provider, ran } = noted();
    expect(await provider.verify(TYPED, stored)).toEqual({ ok: true, rehash: true });
    expect(ran).toEqual(["hasher nothing", "bcrypt stored", "django nothing"]);
    expect(await provider.verify(TYPED, own)).toEqual({ ok: true, rehash: false });
  });

  it("gives the password to a format as it is typed, and to the hasher in NFC", async () => {
    const { hashSync } = await import("bcryptjs");
    const typed = "u\u0308ber correct horse";
    const old = hashSync(typed, 4);
    const { provider } = noted();
    expect((await provider.verify(typed, old)).ok).toBe(true);
    expect((await provider.verify(typed.normalize("NFC"), old)).ok).toBe(false);
    const own = await hasher.hash(typed.normalize("NFC"), (length) => new Uint8Array(length));
    expect((await provider.verify(typed, own)).ok).toBe(true);
  });

  it("keeps the old hash after a match that depends on a part of the password, so that no slip replaces it", async () => {
    const { hashSync } = await import("bcryptjs");
    const better = VECTORS.find(([name]) => name === "better-auth")?.[3] ?? "";
    const sha = VECTORS.find(([name]) => name === "bcrypt_sha256 of Django")?.[3] ?? "";
    const provider = password({ hasher, legacy: [cheap.bcrypt, betterAuthHashes()] });
    const [whole, long] = ["ü".repeat(35), "ü".repeat(37)];
    expect(await provider.verify(whole, hashSync(whole, 4))).toEqual({ ok: true, rehash: true });
    expect(await provider.verify(`${long}!`, hashSync(long, 4))).toEqual({ ok: true, rehash: false });
    expect(await provider.verify("ü".repeat(36), hashSync(long, 4))).toEqual({ ok: true, rehash: false });
    expect(await provider.verify("ab\0ab", hashSync("ab", 4))).toEqual({ ok: true, rehash: false });
    expect(await provider.verify(`${TYPED} ﬁ`, better)).toEqual({ ok: true, rehash: false });
    expect(await provider.verify(`${TYPED} fi`, better)).toEqual({ ok: true, rehash: true });
    expect(await provider.verify(TYPED, sha)).toEqual({ ok: true, rehash: true });
  });

  it.each([1, 2])("PWD-02 makes up for half of the work of scrypt at p = %d by half of it", async (p) => {
    const real = nativeCrypto();
    if (real === null) throw new Error("this test needs native scrypt");
    let work = 0;
    const read = scryptReader({
      scrypt(password, salt, length, options, done) {
        work += options.N * options.r * options.p;
        real.scrypt(password, salt, length, options, done);
      },
    });
    const stored = { salt: new Uint8Array(16), key: new Uint8Array(64) };
    const { createLegacyHashes } = await import("./legacy-format.ts");
    const byN = (N: string) => read({ N: Number(N), r: 8, p }, stored);
    const format = createLegacyHashes({ name: "x", like: "1024", read: byN }, {});
    for (const N of ["1024", "512", "2"]) {
      work = 0;
      expect(await format.verify(TYPED, N)).toBe(false);
      expect(work / (1024 * 8 * p)).toBeCloseTo(1, 1);
    }
  });

  it("takes no value but true for a match", async () => {
    const loose = { ...cheap.bcrypt, verify: async () => 1 as unknown as boolean };
    const provider = password({ hasher, legacy: [loose] });
    await expect(provider.verify(TYPED, stored)).rejects.toMatchObject({ code: "internal_error" });
  });

  it("counts no match of a format that was not asked for the hash", async () => {
    const loose = { ...cheap.django, verify: async () => true };
    const provider = password({ hasher, legacy: [cheap.bcrypt, loose] });
    for (const hash of [null, stored]) expect((await provider.verify("another", hash)).ok).toBe(false);
  });

  it("PWD-02 does the work of a usual hash where it does not run the stored one", async () => {
    let derived = 0;
    const { createLegacyHashes } = await import("./legacy-format.ts");
    const usual = {
      algorithm: "a",
      work: 1,
      spend: async () => undefined,
      matches: async () => {
        derived += 1;
        return true;
      },
    };
    const read = (text: string) => (text === "usual" ? usual : text === "costly" ? "too costly" : null);
    const format = createLegacyHashes({ name: "x", like: "usual", read }, {});
    for (const hash of [null, "other", "costly"]) expect(await format.verify(TYPED, hash)).toBe(false);
    expect(derived).toBe(3);
  });

  it("makes up for a cheaper hash of the same algorithm", async () => {
    const spent: number[] = [];
    const { createLegacyHashes } = await import("./legacy-format.ts");
    const of = (work: number) => ({
      algorithm: "a",
      work,
      matches: async () => false,
      spend: async (_: string, more: number) => spent.push(more),
    });
    const format = createLegacyHashes({ name: "x", like: "10", read: (text) => of(Number(text)) }, {});
    for (const text of ["4", "10", "12"]) await format.verify(TYPED, text);
    expect(spent).toEqual([6]);
  });

  it("refuses work while too much of it waits", async () => {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const slow = { ...cheap.bcrypt, verify: () => promise };
    const provider = password({ hasher: { ...hasher, verify: async () => false }, legacy: [slow] });
    const all = Array.from({ length: 200 }, () => provider.verify(TYPED, null).catch(({ code }) => code));
    const first = await Promise.race(all);
    expect(first).toBe("rate_limited");
    resolve(false);
    const done = await Promise.all(all);
    expect(done.filter((one) => one === "rate_limited").length).toBeGreaterThan(100);
  });
});
