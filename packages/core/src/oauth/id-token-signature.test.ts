import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { describe, expect, it } from "vitest";
import { algorithmsFor } from "../keys/algorithms.ts";
import { platformEnv } from "../platform/env.ts";
import { type ExpectedIdToken, verifyIdToken } from "./id-token.ts";
import { issuerKeys } from "./provider-metadata.ts";

const NOW = 1_800_000_000;
const NONCE = "n".repeat(43);
const expected: ExpectedIdToken = {
  issuer: () => "https://id.example.org",
  clientId: "client",
  nonce: NONCE,
  accessToken: "access",
};
const claims = {
  iss: "https://id.example.org",
  aud: "client",
  iat: NOW,
  exp: NOW + 300,
  nonce: NONCE,
  sub: "ann",
};

const rsa = generateKeyPairSync("rsa", { modulusLength: 2_048 });
const curves = { ES256: "P-256", ES384: "P-384", ES512: "P-521" } as const;

function pairOf(alg: string): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } {
  if (alg.startsWith("Ed")) return generateKeyPairSync("ed25519");
  const curve = Object.entries(curves).find(([name]) => name === alg)?.[1];
  return curve === undefined ? rsa : generateKeyPairSync("ec", { namedCurve: curve });
}

/** Signs as RFC 7518 3 and RFC 8037 3.1 say, by another implementation than the one under test. */
function mint(alg: string, key: KeyObject, more: object): string {
  const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString("base64url");
  const data = `${encode({ alg })}.${encode({ ...claims, ...more })}`;
  const digest = alg.startsWith("Ed") ? null : `sha${alg.slice(2)}`;
  const padding = alg.startsWith("PS") ? { padding: 6, saltLength: Number(alg.slice(2)) / 8 } : {};
  const signature = sign(digest, Buffer.from(data), { key, dsaEncoding: "ieee-p1363", ...padding });
  return `${data}.${signature.toString("base64url")}`;
}

function halfHash(alg: string, text: string): string {
  const digest = createHash(alg.startsWith("Ed") ? "sha512" : `sha${alg.slice(2)}`)
    .update(text)
    .digest();
  return digest.subarray(0, digest.length / 2).toString("base64url");
}

function verify(token: string, keys: readonly unknown[]): Promise<unknown> {
  const fetch = async (): Promise<Response> => Response.json({ keys });
  const env = { ...platformEnv, fetch, clock: () => NOW * 1_000 };
  return verifyIdToken(env, token, issuerKeys({ env, timeout: 5 }, "https://id.example.org/jwks"), expected);
}

const REFUSED = "the ID token's signature is not the provider's";

describe.each([...algorithmsFor("id_token").keys()])("an ID token that is signed by %s", (alg) => {
  const { privateKey, publicKey } = pairOf(alg);
  const jwk = publicKey.export({ format: "jwk" });
  const token = mint(alg, privateKey, { at_hash: halfHash(alg, "access") });

  it("is verified by a key with the member alg, and by a key without it", async () => {
    await expect(verify(token, [{ ...jwk, alg, use: "sig" }])).resolves.toMatchObject({ sub: "ann" });
    await expect(verify(token, [jwk])).resolves.toMatchObject({ sub: "ann" });
  });

  it("is refused with a key of another algorithm, with changed claims, and with a wrong at_hash", async () => {
    const other = alg === "RS256" ? "PS256" : "RS256";
    await expect(verify(token, [{ ...jwk, alg: other }])).rejects.toThrow(REFUSED);
    const swapped = mint(alg, privateKey, { sub: "eve" }).split(".")[1];
    await expect(verify(token.replace(/\..*\./, `.${swapped}.`), [jwk])).rejects.toThrow(REFUSED);
    const foreign = mint(alg, privateKey, { at_hash: halfHash(alg, "other") });
    await expect(verify(foreign, [jwk])).rejects.toThrow("the ID token belongs to another access token");
  });

  it("is refused with a signature of zeros, or of another length", async () => {
    const [head, body, signature = ""] = token.split(".");
    for (const bytes of [
      Buffer.alloc(Buffer.from(signature, "base64url").length),
      Buffer.alloc(1),
      Buffer.alloc(600),
    ]) {
      await expect(verify(`${head}.${body}.${bytes.toString("base64url")}`, [jwk])).rejects.toThrow(REFUSED);
    }
  });
});

it("can have one of eleven algorithms, and none of them is symmetric", () => {
  expect([...algorithmsFor("id_token").keys()].join(" ")).toBe(
    "EdDSA Ed25519 ES256 ES384 ES512 RS256 RS384 RS512 PS256 PS384 PS512",
  );
});

describe("a key of the provider", () => {
  const key = rsa.publicKey.export({ format: "jwk" });
  const token = mint("RS256", rsa.privateKey, {});

  it.each<[string, object]>([
    ["alg null", { alg: null }],
    ["use null", { use: null }],
    ["use enc", { use: "enc" }],
    ["key_ops that are a text", { key_ops: "verify" }],
    ["key_ops twice", { key_ops: ["verify", "verify"] }],
    ["key_ops without verify", { key_ops: [] }],
    ["its private half", rsa.privateKey.export({ format: "jwk" })],
    ["another type", { kty: "EC" }],
    ["no modulus", { n: undefined }],
  ])("is skipped with %s", async (_, members) => {
    await expect(verify(token, [{ ...key, ...members }])).rejects.toThrow(REFUSED);
    await expect(verify(token, [null, { ...key, ...members }, key])).resolves.toMatchObject({ sub: "ann" });
  });
});

it.each(["EdDSA", "ES256", "ES384"])(
  "A signature of a wrong length is refused before a key is looked for (%s)",
  async (alg) => {
    let looks = 0;
    const keys = async (): Promise<boolean> => {
      looks += 1;
      return false;
    };
    const env = { ...platformEnv, clock: () => NOW * 1_000 };
    const token = mint(alg, pairOf(alg).privateKey, {});
    await expect(verifyIdToken(env, token, keys, expected)).rejects.toThrow(REFUSED);
    expect(looks).toBe(1);
    const [head, body, signature = ""] = token.split(".");
    const bytes = Buffer.from(signature, "base64url");
    for (const wrong of [Buffer.concat([bytes, Buffer.alloc(1)]), bytes.subarray(0, -1)]) {
      const changed = `${head}.${body}.${wrong.toString("base64url")}`;
      await expect(verifyIdToken(env, changed, keys, expected)).rejects.toThrow(REFUSED);
    }
    expect(looks).toBe(1);
  },
);

describe("an RSA key of a provider (RFC 8725 3.4)", () => {
  const key = rsa.publicKey.export({ format: "jwk" });
  const modulus = Buffer.from(key.n ?? "", "base64url");
  const weak = generateKeyPairSync("rsa", { modulusLength: 2_032 }).publicKey.export({ format: "jwk" });
  const padded = Buffer.concat([Buffer.alloc(2), Buffer.from(weak.n ?? "", "base64url")]);
  const short = Buffer.concat([Buffer.of(0x7f), modulus.subarray(1)]);

  it.each<[string, object]>([
    ["2047 bits", { n: short.toString("base64url") }],
    ["zeros before it", { n: padded.toString("base64url") }],
    ["no modulus", { n: undefined }],
    ["a modulus that is no text", { n: 1 }],
    ["exponent 0", { e: "AA" }],
    ["exponent 1", { e: "AQ" }],
    ["exponent 1 in two bytes", { e: "AAE" }],
    ["exponent 2", { e: "Ag" }],
    ["exponent 65536", { e: "AQAA" }],
    ["no exponent", { e: undefined }],
  ])("verifies no token with %s", async (_, members) => {
    for (const alg of ["RS256", "PS512"]) {
      await expect(verify(mint(alg, rsa.privateKey, {}), [{ ...key, ...members }])).rejects.toThrow(REFUSED);
    }
  });

  // With the exponent 1 a signature is its own message, so that all can sign.
  it("with the exponent 1 verifies no forged token", async () => {
    const [head, body] = mint("RS256", rsa.privateKey, {}).split(".");
    const digest = createHash("sha256").update(`${head}.${body}`).digest();
    const info = Buffer.from("3031300d060960864801650304020105000420", "hex");
    const filling = Buffer.alloc(256 - 3 - info.length - digest.length, 0xff);
    const forged = Buffer.concat([Buffer.of(0, 1), filling, Buffer.of(0), info, digest]);
    const token = `${head}.${body}.${forged.toString("base64url")}`;
    await expect(verify(token, [{ ...key, e: "AQ" }])).rejects.toThrow(REFUSED);
  });
});
