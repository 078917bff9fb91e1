import { generateKeyPairSync, type JsonWebKey, sign } from "node:crypto";
import { describe, expect, it } from "vitest";
import { type Jwk, plainJwk, publicJwk } from "./jwk.ts";
import { isPair, type JwsForm, parseHeader, splitJws, verifyJws } from "./jws.ts";
import { faultOfNumbers } from "./key-numbers.ts";
import type { VerificationKey } from "./keys.ts";
import { generateKey, importKey } from "./platform-key.ts";

function rsa(modulusLength: number): JsonWebKey {
  return generateKeyPairSync("rsa", { modulusLength }).publicKey.export({ format: "jwk" });
}

describe("an RSA key (RFC 8725 3.4)", () => {
  const jwk = rsa(2_048);
  const bytes = Buffer.from(jwk.n ?? "", "base64url");
  const padded = Buffer.concat([Buffer.alloc(2), Buffer.from(rsa(2_032).n ?? "", "base64url")]);
  // A modulus whose first bit is not set has 2047 bits, whatever the platform makes of that.
  const short = Buffer.concat([Buffer.of(0x7f), bytes.subarray(1)]);

  it("is accepted with 2048 bits or more and an odd exponent above 1", async () => {
    for (const taken of [jwk, rsa(3_072), { ...jwk, e: "Aw" }])
      await expect(importKey(taken, "RS256")).resolves.toMatchObject({ type: "public" });
  });

  it.each<[string, JsonWebKey]>([
    ["2047 bits", { ...jwk, n: short.toString("base64url") }],
    ["zeros before it", { ...jwk, n: padded.toString("base64url") }],
    ["no modulus", { kty: "RSA", e: "AQAB" }],
    ["a modulus that is no text", { ...jwk, n: 1 } as unknown as JsonWebKey],
    ["exponent 0", { ...jwk, e: "AA" }],
    ["exponent 1", { ...jwk, e: "AQ" }],
    ["exponent 1 in two bytes", { ...jwk, e: "AAE" }],
    ["exponent 2", { ...jwk, e: "Ag" }],
    ["exponent 65536", { ...jwk, e: "AQAA" }],
    ["no exponent", { kty: "RSA", n: jwk.n ?? "" }],
  ])("is refused with %s", async (_, refused) => {
    await expect(importKey(refused, "RS256")).rejects.toThrow(TypeError);
    await expect(importKey(refused, "PS256")).rejects.toThrow(TypeError);
    expect(faultOfNumbers(refused, "PS256")).toMatch(/^has (less than|an exponent)/);
  });
});

const FORM: JwsForm = { typ: "at+jwt", maxLength: 200 };

function encoded(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

describe("the header of a token", () => {
  const header = { alg: "EdDSA", typ: "at+jwt", kid: "one" };

  it("is read from three canonical segments", () => {
    for (const typ of ["at+jwt", "AT+JWT", "application/at+jwt"]) {
      expect(parseHeader(`${encoded({ ...header, typ })}.e30.AA`, FORM)).toEqual({
        alg: "EdDSA",
        kid: "one",
      });
    }
  });

  it.each<[string, object]>([
    ["crit", { crit: ["exp"] }],
    ["an empty crit", { crit: [] }],
    ["b64", { b64: false }],
    ["b64 that changes nothing", { b64: true }],
    ["another type", { typ: "JWT" }],
    ["no type", { typ: undefined }],
    ["an algorithm that is no text", { alg: ["EdDSA"] }],
    ["no algorithm", { alg: undefined }],
    ["no kid", { kid: undefined }],
    ["an empty kid", { kid: "" }],
    ["a kid that is a path", { kid: "../one" }],
    ["a kid of 65 characters", { kid: "k".repeat(65) }],
  ])("is refused with %s", (_, changes) => {
    const form = { ...FORM, maxLength: 1_000 };
    expect(parseHeader(`${encoded({ ...header, ...changes })}.e30.AA`, form)).toBeNull();
  });

  it.each([
    "e30.e30",
    "e30.e30.AA.AA",
    "e30.e30.AA.",
    ".e30.AA",
    "e30..AA",
    "e30.e30.",
    "e30=.e30.AA",
    "e30.e30.AB",
    "e30.e30.A\n",
    `e30.e30.${"A".repeat(200)}`,
    1,
  ])("is not read from %j", (token) => {
    expect(splitJws(token, FORM.maxLength)).toBeNull();
  });
});

it("a key verifies by its own algorithm, whatever the token names", async () => {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2_048 });
  const signed = `${encoded({ alg: "RS256" })}.e30`;
  const token = `${signed}.${sign("sha256", Buffer.from(signed), privateKey).toString("base64url")}`;
  const key = plainJwk(publicKey.export({ format: "jwk" }));
  expect(await verifyJws(token, { kid: "one", algorithm: "RS256", key })).not.toBeNull();
  expect(await verifyJws(token, { kid: "one", algorithm: "PS256", key })).toBeNull();
});

describe("the members of a JWK that only describe it", () => {
  const pair = generateKeyPairSync("ed25519");
  const said = { ext: false, key_ops: ["encrypt"], use: "enc", alg: "ES256", kid: "one" };

  it("are not passed to the platform, which would refuse the key", async () => {
    const jwk = { ...pair.publicKey.export({ format: "jwk" }), ...said };
    await expect(importKey(jwk, "EdDSA")).resolves.toMatchObject({ type: "public", usages: ["verify"] });
    const own = { ...pair.privateKey.export({ format: "jwk" }), ...said };
    await expect(importKey(own, "EdDSA")).resolves.toMatchObject({ type: "private", usages: ["sign"] });
  });

  it.each(["EdDSA", "ES256"] as const)(
    "are not part of a key that is generated for %s",
    async (algorithm) => {
      const members = { EdDSA: "crv d kty x", ES256: "crv d kty x y" };
      expect(
        Object.keys(await generateKey(algorithm))
          .sort()
          .join(" "),
      ).toBe(members[algorithm]);
    },
  );
});

it("a public key that is not on its curve verifies no token, and causes no server error", async () => {
  const jwk = plainJwk(
    generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({ format: "jwk" }),
  );
  const key = { ...jwk, y: jwk.x ?? "" };
  const token = `${Buffer.from('{"alg":"ES256"}').toString("base64url")}.e30.${"A".repeat(86)}`;
  expect(await verifyJws(token, { kid: "one", algorithm: "ES256", key })).toBeNull();
});

it("a signature of a wrong length is refused before the platform gets it", async () => {
  const jwk = plainJwk(generateKeyPairSync("ed25519").publicKey.export({ format: "jwk" }));
  // No platform imports this key: a call of it would be a fault.
  const key = {
    kty: jwk.kty,
    get crv(): string {
      throw new Error("the key is used");
    },
  };
  const token = `${Buffer.from('{"alg":"EdDSA"}').toString("base64url")}.e30.${"A".repeat(88)}`;
  expect(await verifyJws(token, { kid: "one", algorithm: "EdDSA", key })).toBeNull();
});

it.each(["EdDSA", "ES256", "RS256", "PS256"] as const)(
  "KEY-08 the two parts of a key belong together if one verifies the signature of the other (%s)",
  async (algorithm) => {
    const [one, other] = [await generateKey(algorithm), await generateKey(algorithm)];
    const signing = { kid: "one", algorithm, key: await importKey(one, algorithm) };
    const openOf = (jwk: Jwk): VerificationKey => {
      return { kid: "one", algorithm, key: plainJwk(publicJwk({ ...jwk }, "one", algorithm)) };
    };
    expect(await isPair(signing, openOf(one))).toBe(true);
    expect(await isPair(signing, openOf(other))).toBe(false);
  },
);
