import { describe, expect, it } from "vitest";
import { createAuth, type Jwk } from "../index.ts";
import { memory } from "../memory.ts";
import { createValidator } from "../validator.ts";
import { faultOfProvided } from "./key-set.ts";

/** A key as WebCrypto exports it where it goes by RFC 9864. */
async function exported(kid: string): Promise<Jwk & { readonly kty: string }> {
  const pair = await crypto.subtle.generateKey({ name: "Ed25519" }, true, ["sign", "verify"]);
  if (!("privateKey" in pair)) throw new Error("no pair");
  const { crv, d, x } = await crypto.subtle.exportKey("jwk", pair.privateKey);
  if (crv === undefined || d === undefined || x === undefined) throw new Error("no key");
  return { kty: "OKP", crv, d, x, kid, alg: "Ed25519", ext: true, key_ops: ["sign"] };
}

describe("a key for Ed25519 (RFC 9864 2.2)", () => {
  it("signs and verifies as an EdDSA key does, and is published as one", async () => {
    const jwk = await exported("one");
    const auth = createAuth({
      store: memory(),
      baseURL: "https://app.example.com",
      secret: "a secret of at least thirty-two characters",
      keys: { provided: [jwk] },
    });
    const { keys } = await auth.keys.jwks();
    expect(keys.map(({ alg }) => alg)).toEqual(["EdDSA"]);
    const { id } = await auth.users.create({ email: "ann@example.com" });
    const { accessToken } = await auth.sessions.create(id, { transport: "bearer" });
    const { d: _, key_ops: __, ...listed } = jwk;
    const { validate } = createValidator({ jwks: { keys: [listed] }, issuer: "https://app.example.com" });
    const headers = { authorization: `Bearer ${accessToken}` };
    const found = await validate(new Request("https://app.example.com/", { headers }));
    expect(found).toMatchObject({ ok: true, userId: id });
  });

  it("is refused for another algorithm", async () => {
    const jwk = await exported("one");
    expect(faultOfProvided([{ ...jwk, kty: "EC" }], "ES256")).toBe(
      '[0] (kid "one") is for another algorithm than ES256',
    );
  });
});

it("KEY-08 refuses a first key that may not sign, and accepts such a key behind it", async () => {
  const [jwk, other] = [await exported("one"), await exported("two")];
  const verifying = { ...other, key_ops: ["verify"] };
  expect(faultOfProvided([verifying, jwk], "EdDSA")).toBe('[0] (kid "two") has key_ops without sign');
  expect(faultOfProvided([jwk, verifying], "EdDSA")).toBeNull();
});

it("accepts the descriptive members of other libraries, and refuses keys of more than two primes (RFC 7518 6.3.2.7)", async () => {
  const jwk = await exported("one");
  const told = { ext: false, x5c: ["MIIB"], x5t: "AA", "x5t#S256": "AA", x5u: "https://app.example.com/" };
  const taken: Jwk = { ...told, kty: "OKP", oth: [{ r: "AQ", d: "AQ", t: "AQ" }] };
  expect(faultOfProvided([{ ...taken, ...jwk, oth: [] }], "EdDSA")).toBeNull();
  expect(faultOfProvided([{ ...jwk, ...taken }], "EdDSA")).toBe('[0] (kid "one") has more than two primes');
});
