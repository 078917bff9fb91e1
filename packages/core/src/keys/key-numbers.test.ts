import { generateKeyPairSync, type JsonWebKey, randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { faultOfRsa } from "./jwk.ts";
import { faultOfNumbers, faultOfPrivateNumbers } from "./key-numbers.ts";

const ROCA = /CVE-2017-15361/;

function base64url(number: bigint): string {
  const hex = number.toString(16);
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), "0"), "hex").toString("base64url");
}

function random(bits: number): bigint {
  return BigInt(`0x${randomBytes(bits / 8).toString("hex")}`);
}

function powerOf(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  for (let [square, rest] = [base, exponent]; rest > 0n; rest >>= 1n, square = (square * square) % modulus)
    if (rest & 1n) result = (result * square) % modulus;
  return result;
}

/** The product of the first 126 primes, with which the faulty library makes keys of 2048 bits. */
function primorial(count: number): bigint {
  const primes: number[] = [];
  for (let n = 2; primes.length < count; n++) if (primes.every((prime) => n % prime !== 0)) primes.push(n);
  return primes.reduce((product, prime) => product * BigInt(prime), 1n);
}

/** A factor of the form k * M + (65537^a mod M) with 1024 bits. It need not be prime: the test does not look. */
function rocaFactor(modulus: bigint): bigint {
  for (;;) {
    const factor = random(56) * modulus + powerOf(65_537n, random(64), modulus);
    if (factor >= 3n << 1022n && factor < 1n << 1024n) return factor;
  }
}

describe("the modulus of an RSA key", () => {
  it("JWT-28 is refused where its factors are those of CVE-2017-15361 (ROCA)", () => {
    const primes = primorial(126);
    for (let n = 0; n < 20; n++) {
      const modulus = rocaFactor(primes) * rocaFactor(primes);
      expect(faultOfRsa({ n: base64url(modulus), e: "AQAB" })).toMatch(ROCA);
      expect(faultOfRsa({ n: base64url(modulus + 2n), e: "AQAB" })).toBeNull();
    }
  });

  it("JWT-28 is not taken for one of ROCA where it is honest, in 1,000 random ones and 6 of real keys", () => {
    for (let n = 0; n < 1_000; n++) {
      const modulus = random(2_048) | (1n << 2047n) | 1n;
      expect(faultOfRsa({ n: base64url(modulus), e: "AQAB" })).toBeNull();
    }
    for (const modulusLength of [2_048, 2_048, 2_048, 2_048, 3_072, 4_096]) {
      const { publicKey } = generateKeyPairSync("rsa", { modulusLength });
      expect(faultOfRsa(publicKey.export({ format: "jwk" }))).toBeNull();
    }
  });

  it("JWT-28 is refused where it is even", () => {
    expect(faultOfRsa({ n: base64url(1n << 2047n), e: "AQAB" })).toBe("has an even modulus");
  });
});

function jwkOf(kind: "ed25519" | "p-256"): JsonWebKey {
  if (kind === "ed25519") return generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" });
  return generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ format: "jwk" });
}

describe("the point of a key on a curve", () => {
  it("JWT-28 is accepted for 100 real keys of each curve, with their private parts", () => {
    for (let n = 0; n < 100; n++) {
      for (const [kind, algorithm] of [["ed25519", "EdDSA"] as const, ["p-256", "ES256"] as const]) {
        const jwk = jwkOf(kind);
        expect(faultOfNumbers(jwk, algorithm), JSON.stringify(jwk)).toBeNull();
        expect(faultOfPrivateNumbers(jwk, algorithm)).toBeNull();
      }
    }
  });

  it("JWT-28 is accepted for the vectors of RFC 8032 7.1 and RFC 7515 A.3", () => {
    for (const hex of [
      "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
      "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
      "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
    ]) {
      const x = Buffer.from(hex, "hex").toString("base64url");
      expect(faultOfNumbers({ crv: "Ed25519", x }, "EdDSA")).toBeNull();
    }
    const [x, y] = [
      "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
      "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    ];
    expect(faultOfNumbers({ crv: "P-256", x, y }, "ES256")).toBeNull();
    expect(faultOfNumbers({ crv: "P-256", x: y, y: x }, "ES256")).toMatch(/not on P-256/);
  });

  it("JWT-28 is refused where it is not on P-256", () => {
    const { x, y } = jwkOf("p-256");
    const bytes = Buffer.from(y ?? "", "base64url");
    bytes[31] = (bytes[31] ?? 0) ^ 1;
    const zero = Buffer.alloc(32).toString("base64url");
    const most = Buffer.alloc(32, 255).toString("base64url");
    for (const point of [
      { x, y: bytes.toString("base64url") },
      { x: zero, y: zero },
      { x: most, y },
      { x, y: x },
    ])
      expect(faultOfNumbers({ crv: "P-256", ...point }, "ES256")).toMatch(/not on P-256/);
  });

  it("JWT-28 is refused where it is not on Ed25519, as half of all texts are", () => {
    const refused = Array.from({ length: 200 }, () => {
      const x = randomBytes(32).toString("base64url");
      return faultOfNumbers({ crv: "Ed25519", x }, "EdDSA") !== null;
    }).filter(Boolean).length;
    expect(refused).toBeGreaterThan(60);
    expect(refused).toBeLessThan(140);
  });

  it.each([
    ["the neutral element", "01".padEnd(64, "0")],
    ["order 2", "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"],
    ["order 4", "".padEnd(64, "0")],
    ["order 8", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"],
    ["order 8 with the other sign", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85"],
    ["a y that is not below the modulus", "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"],
  ])("JWT-28 is refused on Ed25519 where it is %s", (_, hex) => {
    const x = Buffer.from(hex, "hex").toString("base64url");
    expect(faultOfNumbers({ crv: "Ed25519", x }, "EdDSA")).toMatch(/small order/);
  });
});

describe("the private part of a key", () => {
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2_048 }).privateKey.export({ format: "jwk" });
  const other = generateKeyPairSync("rsa", { modulusLength: 2_048 }).privateKey.export({ format: "jwk" });

  it("JWT-28 is accepted where it belongs to the public part", () => {
    expect(faultOfPrivateNumbers(rsa, "RS256")).toBeNull();
  });

  it.each<[string, JsonWebKey, RegExp]>([
    ["another modulus", { ...rsa, n: other.n ?? "" }, /do not belong together/],
    ["another exponent", { ...rsa, d: other.d ?? "" }, /do not belong together/],
    ["another prime", { ...rsa, p: other.p ?? "" }, /do not belong together/],
    ["the primes 1 and n", { ...rsa, p: "AQ", q: rsa.n ?? "" }, /do not belong together/],
    ["no prime", (({ p: _, ...without }) => without)(rsa), /lacks one of/],
  ])("JWT-28 is refused with %s (RSA)", (_, jwk, fault) => {
    expect(faultOfPrivateNumbers(jwk, "RS256")).toMatch(fault);
  });

  it.each(["p", "q"] as const)("JWT-28 is refused with an exponent that fits %s alone (RSA)", (prime) => {
    const integer = (text = ""): bigint => BigInt(`0x${Buffer.from(text, "base64url").toString("hex")}`);
    const d = base64url(integer(rsa.d) + integer(rsa[prime]) - 1n);
    expect(faultOfPrivateNumbers({ ...rsa, d }, "RS256")).toMatch(/do not belong together/);
  });

  it("JWT-28 is refused where it is 0 or not below the order (P-256)", () => {
    const [zero, most] = [Buffer.alloc(32), Buffer.alloc(32, 255)].map((bytes) =>
      bytes.toString("base64url"),
    );
    for (const d of [zero, most]) expect(faultOfPrivateNumbers({ d }, "ES256")).toMatch(/below the order/);
    for (const algorithm of ["ES256", "EdDSA"] as const)
      expect(faultOfPrivateNumbers({ d: "AAAA" }, algorithm)).toMatch(/wrong length/);
  });
});
