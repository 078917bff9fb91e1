import { describe, expect, it } from "vitest";
import { utf8 } from "../platform/encoding.ts";
import { type NativeCrypto, nativeCrypto } from "../platform/env.ts";
import { type PasswordHasher, queueBounds } from "./hasher.ts";
import { pbkdf2Hasher } from "./pbkdf2.ts";
import { costsOf, type ScryptCost, scryptHasher, scryptKey } from "./scrypt.ts";

const cheap: ScryptCost = { ln: 4, r: 8, p: 3 };
const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));
const zeros = (length: number): Uint8Array => new Uint8Array(length);

/** Counts what is run: the work N * r * p of every derivation, and how many ran at once. */
function counted(): { native: NativeCrypto; work: number[]; most: () => number } {
  const real = nativeCrypto();
  if (real === null) throw new Error("these tests need native scrypt");
  const work: number[] = [];
  let running = 0;
  let most = 0;
  const native: NativeCrypto = {
    scrypt(password, salt, length, options, done) {
      work.push(options.N * options.r * options.p);
      running += 1;
      most = Math.max(most, running);
      real.scrypt(password, salt, length, options, (error, key) => {
        running -= 1;
        done(error, key);
      });
    },
  };
  return { native, work, most: () => most };
}

// RFC 7914 section 12, the first 32 of 64 bytes: PBKDF2's output of 32 bytes is the beginning of that of 64.
// The last vector needs 1 GiB.
const vectors = [
  ["", "", { ln: 4, r: 1, p: 1 }, "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442"],
  [
    "password",
    "NaCl",
    { ln: 10, r: 8, p: 16 },
    "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162",
  ],
  [
    "pleaseletmein",
    "SodiumChloride",
    { ln: 14, r: 8, p: 1 },
    "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2",
  ],
] as const;

describe.each([
  ["native", nativeCrypto()],
  ["portable", null],
])("scrypt, %s", (_, native) => {
  it.each(vectors)("derives the vector of RFC 7914 for %j", async (password, salt, cost, expected) => {
    const key = await scryptKey(utf8(password), utf8(salt), cost, native);
    expect(Buffer.from(key).toString("hex")).toBe(expected);
  });

  it("makes hashes that the other implementation verifies, and verifies those that it makes", async () => {
    const other = native === null ? nativeCrypto() : null;
    const mine = scryptHasher({ cost: cheap, native });
    const theirs = scryptHasher({ cost: cheap, native: other });
    expect(await mine.hash("pässwörd", zeros)).toBe(await theirs.hash("pässwörd", zeros));
    expect(await mine.verify("pässwörd", await theirs.hash("pässwörd", random))).toBe(true);
  });
});

describe("a stored hash of the least N", () => {
  it("is refused after the work of a costly hasher, and fails no sign-in by a want of memory", async () => {
    const { native, work } = counted();
    const hasher = scryptHasher({ cost: { ln: 15, r: 8, p: 6 }, native });
    const stored = `$scrypt$ln=1,r=1,p=1$${"A".repeat(22)}$${"A".repeat(43)}`;
    expect(hasher.isHash?.(stored)).toBe(true);
    expect(await hasher.verify("correct horse", stored)).toBe(false);
    const total = work.reduce((sum, one) => sum + one, 0);
    expect(Math.abs(total / (2 ** 15 * 8 * 6) - 1)).toBeLessThan(0.02);
  });
});

describe("the derivations of a part of a cost", () => {
  it("add up to its work, each within the bounds of the whole", () => {
    for (const cost of [cheap, { ln: 15, r: 8, p: 1 }, { ln: 15, r: 8, p: 10 }, { ln: 1, r: 1, p: 9 }]) {
      const whole = 2 ** cost.ln * cost.r * cost.p;
      const least = 2 ** Math.max(1, cost.ln - 5) * cost.r;
      for (let work = 1; work < whole; work += Math.ceil(whole / 997)) {
        const costs = costsOf(work, cost);
        const total = costs.reduce((sum, { ln, r, p }) => sum + 2 ** ln * r * p, 0);
        expect(total).toBeLessThanOrEqual(work);
        expect(work - total).toBeLessThan(least);
        for (const { ln, r, p } of costs) {
          expect(ln <= cost.ln && r === cost.r && p <= cost.p).toBe(true);
        }
      }
      expect(costsOf(0, cost)).toEqual([]);
      expect(costsOf(-1, cost)).toEqual([]);
    }
  });
});

describe.each<[string, PasswordHasher]>([
  ["scrypt", scryptHasher({ cost: cheap })],
  ["PBKDF2", pbkdf2Hasher({ rounds: 100 })],
])("%s hashes", (_, hasher) => {
  it("verify their password and no other", async () => {
    const stored = await hasher.hash("correct horse", random);
    expect(await hasher.verify("correct horse", stored)).toBe(true);
    for (const other of ["", "correct hors", "correct horse ", " correct horse", "Correct horse"]) {
      expect(await hasher.verify(other, stored)).toBe(false);
    }
  });

  it("differ by their salt, which is 16 bytes of the given randomness", async () => {
    expect(await hasher.hash("same", random)).not.toBe(await hasher.hash("same", random));
    const asked: number[] = [];
    await hasher.hash("same", (length) => {
      asked.push(length);
      return zeros(length);
    });
    expect(asked).toEqual([16]);
  });

  it("fail when there is no randomness", async () => {
    const hashing = hasher.hash("same", () => {
      throw new Error("no entropy");
    });
    await expect(hashing).rejects.toThrow("no entropy");
  });

  it.each([8, 55, 64, 72, 128, 1_000])("depend on what follows byte %d (PWD-05)", async (length) => {
    const prefix = "a".repeat(length);
    const stored = await hasher.hash(`${prefix}b`, random);
    expect(await hasher.verify(`${prefix}b`, stored)).toBe(true);
    expect(await hasher.verify(`${prefix}c`, stored)).toBe(false);
    expect(await hasher.verify(prefix, stored)).toBe(false);
  });

  it("depend on what follows a character across byte 72 (PWD-05)", async () => {
    const prefix = `${"a".repeat(71)}é`;
    const stored = await hasher.hash(`${prefix}1`, random);
    expect(await hasher.verify(`${prefix}1`, stored)).toBe(true);
    expect(await hasher.verify(`${prefix}2`, stored)).toBe(false);
    expect(await hasher.verify(`${"a".repeat(71)}è1`, stored)).toBe(false);
  });

  it("depend on what follows a NUL (PWD-06)", async () => {
    const stored = await hasher.hash("before\0after", random);
    expect(await hasher.verify("before\0after", stored)).toBe(true);
    for (const other of ["before", "before\0", "before\0other"]) {
      expect(await hasher.verify(other, stored)).toBe(false);
    }
  });
});

describe("scrypt hashes", () => {
  const SALT = "AAECAwQFBgcICQoLDA0ODw";
  const KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
  const CURRENT = 2 ** 15 * 8 * 3;

  it("have the default cost, a salt of 16 bytes and a key of 32", async () => {
    expect(await scryptHasher().hash("correct horse", zeros)).toMatch(
      /^\$scrypt\$ln=15,r=8,p=3\$A{22}\$[A-Za-z0-9+/]{43}$/,
    );
  });

  it.each([
    ["no user", null],
    ["an empty string", ""],
    ["another algorithm", `$argon2id$m=65536,t=3,p=4$${SALT}$${KEY}`],
    ["bcrypt", "$2b$12$EXRkfkdmXn2gzds2SSituu9FpYj5.ZjWvs1pV9WrwJvB6GqmKvLkq"],
    ["PBKDF2", `$pbkdf2-sha256$i=100000$${SALT}$${KEY}`],
    ["N = 2^30", `$scrypt$ln=30,r=8,p=1$${SALT}$${KEY}`],
    ["N = 2^9999999999", `$scrypt$ln=9999999999,r=8,p=1$${SALT}$${KEY}`],
    ["N = 1", `$scrypt$ln=0,r=8,p=1$${SALT}$${KEY}`],
    ["64 MiB and a little", `$scrypt$ln=16,r=8,p=1$${SALT}$${KEY}`],
    ["r of gigabytes", `$scrypt$ln=1,r=4294967295,p=1$${SALT}$${KEY}`],
    ["N that RFC 7914 does not allow at r = 1", `$scrypt$ln=16,r=1,p=1$${SALT}$${KEY}`],
    ["r = 0", `$scrypt$ln=15,r=0,p=3$${SALT}$${KEY}`],
    ["p of hours", `$scrypt$ln=15,r=8,p=60000$${SALT}$${KEY}`],
    ["p = 0", `$scrypt$ln=15,r=8,p=0$${SALT}$${KEY}`],
    ["parameters in another order", `$scrypt$r=8,ln=15,p=3$${SALT}$${KEY}`],
    ["a parameter less", `$scrypt$ln=15,r=8$${SALT}$${KEY}`],
    ["a parameter more", `$scrypt$ln=15,r=8,p=3,x=1$${SALT}$${KEY}`],
    ["a name of Object.prototype", `$scrypt$valueof=1,r=8,p=3$${SALT}$${KEY}`],
    ["a short salt", `$scrypt$ln=15,r=8,p=3$AAAA$${KEY}`],
    ["a long salt", `$scrypt$ln=15,r=8,p=3$${"A".repeat(90)}$${KEY}`],
    ["a short key", `$scrypt$ln=15,r=8,p=3$${SALT}$AAAAAAAA`],
    ["a long key", `$scrypt$ln=15,r=8,p=3$${SALT}$${"A".repeat(86)}`],
  ])(
    "are not computed with %s, and the refusal costs as much work as a current hash (PWD-02, PWD-11)",
    async (_, stored) => {
      const { native, work } = counted();
      // An eighth of the default cost: the bounds of a stored hash do not depend on it.
      const hasher = scryptHasher({ cost: { ln: 12, r: 8, p: 3 }, native });
      expect(await hasher.verify("correct horse", stored)).toBe(false);
      expect(work).toEqual([CURRENT / 8]);
      if (stored !== null) expect(hasher.needsRehash(stored)).toBe(true);
    },
  );

  it.each<ScryptCost>([
    { ln: 14, r: 8, p: 3 },
    { ln: 15, r: 8, p: 1 },
    { ln: 12, r: 8, p: 1 },
    { ln: 13, r: 4, p: 7 },
    { ln: 15, r: 8, p: 2 },
  ])("of the lower cost %j cost a wrong password as much work as a current hash (PWD-02)", async (cost) => {
    const stored = await scryptHasher({ cost }).hash("correct horse", random);
    const { native, work } = counted();
    const hasher = scryptHasher({ native });
    expect(await hasher.verify("wrong horse", stored)).toBe(false);
    const total = work.reduce((sum, one) => sum + one, 0);
    expect(Math.abs(total - CURRENT) / CURRENT).toBeLessThan(0.02);
  });

  it("of a lower cost are verified and replaced (KEY-17)", async () => {
    const old = await scryptHasher({ cost: cheap }).hash("correct horse", random);
    const { native, work } = counted();
    const hasher = scryptHasher({ cost: { ln: 5, r: 8, p: 3 }, native });
    expect(await hasher.verify("correct horse", old)).toBe(true);
    expect(work).toHaveLength(1);
    expect(hasher.needsRehash(old)).toBe(true);
    expect(hasher.needsRehash(await hasher.hash("correct horse", random))).toBe(false);
  });

  it("of a higher cost are verified and not replaced", async () => {
    const old = await scryptHasher({ cost: { ln: 6, r: 8, p: 3 } }).hash("correct horse", random);
    const hasher = scryptHasher({ cost: cheap });
    expect(await hasher.verify("correct horse", old)).toBe(true);
    expect(await hasher.verify("wrong horse", old)).toBe(false);
    expect(hasher.needsRehash(old)).toBe(false);
  });

  it("with the same work in less memory are replaced", async () => {
    const old = await scryptHasher({ cost: { ln: 3, r: 8, p: 6 } }).hash("correct horse", random);
    expect(scryptHasher({ cost: cheap }).needsRehash(old)).toBe(true);
  });

  it.each([
    [undefined, Math.max(1, Math.min(2, navigator.hardwareConcurrency - 1))],
    [2, 2],
    [1, 1],
  ])(
    "run at most two at once by default, and leave a core free: concurrency %j gives %d (PWD-13)",
    async (concurrency, expected) => {
      const { native, work, most } = counted();
      const hasher = scryptHasher({ cost: cheap, native, ...(concurrency && { concurrency }) });
      const answers = await Promise.all(Array.from({ length: 100 }, () => hasher.verify("a", null)));
      expect(answers.every((answer) => !answer)).toBe(true);
      expect(work).toHaveLength(100);
      expect(most()).toBe(expected);
    },
  );

  it("take one place in the queue for all the derivations of one check (PWD-13)", async () => {
    const old = await scryptHasher({ cost: { ln: 3, r: 8, p: 3 } }).hash("correct horse", random);
    const { native, work } = counted();
    const hasher = scryptHasher({ cost: cheap, native, concurrency: 1, queue: 1 });
    const checks = [hasher.verify("wrong horse", old), hasher.verify("wrong horse", null)];
    await expect(hasher.verify("wrong horse", old)).rejects.toMatchObject({ code: "rate_limited" });
    expect(await Promise.all(checks)).toEqual([false, false]);
    // The other derivations of the old hash come before the next check, so a full queue cannot refuse them.
    expect(work).toEqual([192, 128, 64, 384]);
  });

  it("do not block the event loop (PWD-13)", async () => {
    const hasher = scryptHasher();
    let done = false;
    const hashing = hasher.hash("correct horse", random).finally(() => {
      done = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 1));
    expect(done).toBe(false);
    await hashing;
  });

  it("report a failure of the derivation (PWD-12)", async () => {
    const native: NativeCrypto = { scrypt: (...call) => call[4](new Error("broken"), zeros(0)) };
    const hasher = scryptHasher({ native });
    await expect(hasher.verify("correct horse", null)).rejects.toThrow("broken");
    await expect(hasher.hash("correct horse", random)).rejects.toThrow("broken");
  });

  it.each<ScryptCost>([
    { ln: 16, r: 8, p: 1 },
    { ln: 0, r: 8, p: 1 },
    { ln: 15, r: 8, p: 0 },
    { ln: 15.5, r: 8, p: 3 },
    { ln: Number.NaN, r: 8, p: 3 },
    { ln: 15, r: 8, p: 1_000 },
    { ln: 60, r: 1, p: 1 },
  ])("refuse a cost of %j", (cost) => {
    expect(() => scryptHasher({ cost })).toThrow(TypeError);
  });

  it.each([-1, 1.5, Number.NaN, 1e9])("refuse a queue of %d", (queue) => {
    expect(() => scryptHasher({ queue })).toThrow(TypeError);
    expect(() => pbkdf2Hasher({ queue })).toThrow(TypeError);
  });

  it.each([0, -1, 1.5, Number.NaN, 1e9])("refuse a concurrency of %d", (concurrency) => {
    expect(() => scryptHasher({ concurrency })).toThrow(TypeError);
    expect(() => pbkdf2Hasher({ concurrency })).toThrow(TypeError);
  });
});

describe("the default limits of a hasher (PWD-13)", () => {
  const native = { each: 0.2, pooled: true };

  it.each([
    [4, 8, 2],
    [1_024, 8, 2],
    [3, 8, 1],
    [2, 8, 1],
    [1, 8, 1],
    [null, 8, 2],
    [4, 3, 2],
    [4, 2, 1],
    [4, 1, 1],
    [4, null, 2],
    [null, null, 2],
  ])("are, for %j threads and %j cores, %d at once", (threads, cores, concurrency) => {
    expect(queueBounds("hasher", {}, native, { threads, cores }).concurrency).toBe(concurrency);
  });

  it.each([
    [4, 3, "write at most 2, or start it with UV_THREADPOOL_SIZE=6"],
    [1, 2, "write at most 1, or start it with UV_THREADPOOL_SIZE=4"],
    [16, 9, "write at most 8, or start it with UV_THREADPOOL_SIZE=18"],
  ])("refuse, for %d threads, %d at once", (threads, concurrency, advice) => {
    expect(() => queueBounds("hasher", { concurrency }, native, { threads, cores: 1 })).toThrow(advice);
  });

  it.each([
    [{}, native, { waiting: 50, retryAfter: 5 }],
    [{ concurrency: 1 }, native, { waiting: 25, retryAfter: 5 }],
    [{}, { each: 0.5, pooled: false }, { waiting: 10, retryAfter: 5 }],
    [{}, { each: 10, pooled: true }, { waiting: 1, retryAfter: 5 }],
    [{}, { each: 0.000_1, pooled: true }, { waiting: 1_000, retryAfter: 1 }],
    [{ queue: 0 }, native, { waiting: 0, retryAfter: 1 }],
    [{ queue: 200 }, native, { waiting: 200, retryAfter: 20 }],
  ])("are, for the options %j and the cost %j, %j", (options, cost, expected) => {
    expect(queueBounds("hasher", options, cost, { threads: 4, cores: 8 })).toMatchObject(expected);
  });
});

describe("PBKDF2 hashes", () => {
  const SALT = "c2FsdHNhbHRzYWx0c2FsdA";

  // Computed by Node's own pbkdf2, which shares no code with Web Crypto's call here but the algorithm.
  it("equal an independent implementation", async () => {
    const { pbkdf2Sync } = await import("node:crypto");
    const key = pbkdf2Sync("correct horse", Buffer.from(SALT, "base64"), 1_000, 32, "sha256").toString(
      "base64",
    );
    const stored = `$pbkdf2-sha256$i=1000$${SALT}$${key.replace("=", "")}`;
    expect(await pbkdf2Hasher({ rounds: 1_000 }).verify("correct horse", stored)).toBe(true);
    expect(pbkdf2Hasher({ rounds: 1_000 }).needsRehash(stored)).toBe(false);
    expect(pbkdf2Hasher().needsRehash(stored)).toBe(true);
  });

  it("are verified at a lower cost, and refused above the limit of Workers (PWD-14)", async () => {
    const old = await pbkdf2Hasher({ rounds: 10 }).hash("correct horse", random);
    const hasher = pbkdf2Hasher();
    expect(await hasher.verify("correct horse", old)).toBe(true);
    expect(await hasher.verify("wrong horse", old)).toBe(false);
    expect(await hasher.verify("correct horse", old.replace("i=10$", "i=100001$"))).toBe(false);
    expect(() => pbkdf2Hasher({ rounds: 100_001 })).toThrow(TypeError);
    expect(() => pbkdf2Hasher({ rounds: 0 })).toThrow(TypeError);
  });
});

it("accepts a native scrypt that passes undefined where there is no error, as Bun's does", async () => {
  const fault = new Error("no memory");
  const native = (error: Error | undefined): NativeCrypto => ({
    scrypt: (_password, _salt, length, _options, done) => done(error, new Uint8Array(length)),
  });
  expect(await scryptKey(utf8("x"), zeros(16), cheap, native(undefined))).toEqual(zeros(32));
  await expect(scryptKey(utf8("x"), zeros(16), cheap, native(fault))).rejects.toBe(fault);
});
