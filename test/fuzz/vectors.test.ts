import { base64url } from "jose";
import { describe, expect, it } from "vitest";
import { plainJwk } from "../../packages/core/src/keys/jwk.ts";
import { parseHeader, verifyJws } from "../../packages/core/src/keys/jws.ts";
import type { VerificationKey } from "../../packages/core/src/keys/keys.ts";
import { type JwsVector, jwsVectors, refusedVectors } from "../vectors/jws.ts";

function keyOf({ algorithm, key }: JwsVector): VerificationKey {
  return { kid: "one", algorithm, key: key["k"] === undefined ? plainJwk(key) : base64url.decode(key["k"]) };
}

describe("the vectors of the specifications", () => {
  it.each(jwsVectors)("verify $source, and read its payload", async (vector) => {
    const payload = await verifyJws(vector.token, keyOf(vector));
    expect(new TextDecoder().decode(payload ?? undefined)).toBe(vector.payload);
  });

  it.each(jwsVectors)("refuse $source with one bit of its payload changed", async (vector) => {
    const [header = "", payload = "", signature = ""] = vector.token.split(".");
    const bytes = base64url.decode(payload);
    const [first = 0] = bytes;
    bytes[0] = first ^ 1;
    const changed = [header, base64url.encode(bytes), signature].join(".");
    expect(await verifyJws(changed, keyOf(vector))).toBeNull();
  });

  it.each(Object.entries(refusedVectors))("refuse %s", async (_, token) => {
    expect(parseHeader(token, { typ: "at+jwt", maxLength: 4_000 })).toBeNull();
    for (const vector of jwsVectors) expect(await verifyJws(token, keyOf(vector))).toBeNull();
  });
});
