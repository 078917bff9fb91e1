import { describe, expect, it } from "vitest";
import { algorithmsFor, isAsymmetric } from "./algorithms.ts";
import { readKeySet } from "./key-set.ts";

const RING = ["EdDSA", "ES256", "RS256", "PS256"];

describe("the algorithms of a key ring", () => {
  it("are four, and none that only an ID token may have", () => {
    expect([...algorithmsFor("id_token").keys()].filter(isAsymmetric)).toEqual(RING);
  });

  it("never include a symmetric algorithm or a member of a prototype", () => {
    for (const name of ["HS256", "none", "constructor", "__proto__", "eddsa", "", null, ["RS256"]]) {
      expect(isAsymmetric(name), String(name)).toBe(false);
    }
  });

  it("are the algorithms for access tokens, besides HS256", () => {
    expect([...algorithmsFor("access_token").keys()]).toEqual([...RING, "HS256"]);
  });
});

it("A remote key set has no key of an algorithm that only an ID token may have", async () => {
  const { publicKey } = await crypto.subtle.generateKey(
    {
      name: "RSASSA-PKCS1-v1_5",
      modulusLength: 2_048,
      publicExponent: new Uint8Array([1, 0, 1]),
      hash: "SHA-256",
    },
    true,
    ["sign", "verify"],
  );
  const { kty, n, e } = await crypto.subtle.exportKey("jwk", publicKey);
  const setOf = (alg: string): unknown => ({ keys: [{ kty, n, e, kid: "one", use: "sig", alg }] });
  expect(readKeySet(setOf("RS256"))?.has("one")).toBe(true);
  for (const alg of ["RS384", "RS512", "PS384", "PS512"]) expect(readKeySet(setOf(alg)), alg).toBeNull();
});
