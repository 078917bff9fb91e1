import { describe, expect, it } from "vitest";
import type { VerificationKey } from "../keys/keys.ts";
import type { AccessClaims } from "./access-claims.ts";
import { isCacheSize, type TokenCache, tokenCache } from "./token-cache.ts";

const key: VerificationKey = { kid: "k", algorithm: "HS256", key: new Uint8Array(32) };

function claimsOf(number: number): AccessClaims {
  return {
    ...{
      iss: "https://app.example.com",
      aud: "https://app.example.com",
      sub: `user ${number}`,
      sid: `session ${number}`,
    },
    ...{ jti: `${number}`, iat: 1, exp: 2, auth_time: 1, amr: ["pwd", number % 2 === 0 ? "otp" : "fed"] },
    ...{ transport: "cookie" as const, context: { team: number }, session_created: 1, session_expires: null },
  };
}

const tokenOf = (number: number): string => `header.payload${number}.signature-of-many-letters-${number}`;
const put = (cache: TokenCache, number: number) => cache.put(tokenOf(number), key, claimsOf(number));
const get = (cache: TokenCache, token: string) => cache.get(token, 1);
const has = (cache: TokenCache, number: number): boolean => get(cache, tokenOf(number)) !== null;

describe("a cache of tokens", () => {
  it("finds a token that was put in, with its key and its own claims", () => {
    const cache = tokenCache(100);
    expect(get(cache, tokenOf(1))).toBeNull();
    for (let number = 0; number < 20; number++) expect(put(cache, number)).toEqual(claimsOf(number));
    for (let number = 0; number < 20; number++) {
      expect(get(cache, tokenOf(number))).toMatchObject({ claims: claimsOf(number) });
      expect(get(cache, tokenOf(number))?.key).toBe(key);
    }
  });

  it("compares every character of a token", () => {
    const cache = tokenCache(8);
    put(cache, 1);
    const token = tokenOf(1);
    for (let at = 0; at < token.length; at++) {
      expect(get(cache, `${token.slice(0, at)}${token.slice(at + 1)}`), `without ${at}`).toBeNull();
      expect(get(cache, `${token.slice(0, at)}~${token.slice(at + 1)}`), `changed at ${at}`).toBeNull();
      expect(get(cache, token.slice(at + 1)), `from ${at + 1}`).toBeNull();
    }
    expect(get(cache, `a${token}`)).toBeNull();
    expect(get(cache, `${token} `)).toBeNull();
    expect(get(cache, token)).not.toBeNull();
  });

  it("freezes claims at every depth, also without a size", () => {
    for (const cache of [tokenCache(8), tokenCache(false)]) {
      for (const claims of [put(cache, 1), put(cache, 2)])
        expect([claims, claims.amr, claims.context].map(Object.isFrozen)).toEqual([true, true, true]);
    }
  });

  it("recalls the header of the last token, and no other one", () => {
    const [cache, without] = [tokenCache(8), tokenCache(false)];
    expect(cache.recallHeader("header")).toBeNull();
    for (const one of [cache, without]) put(one, 1);
    expect(cache.recallHeader("header")).toEqual({ alg: "HS256", kid: "k" });
    for (const other of ["", "heade", "header.", "header2", "HEADER"])
      expect(cache.recallHeader(other), other).toBeNull();
    expect(without.recallHeader("header")).toBeNull();
  });

  it("keeps equal values once", () => {
    const cache = tokenCache(8);
    const claims = { ...claimsOf(1), context: { roles: ["admin"] } };
    const one = cache.put(tokenOf(1), key, structuredClone(claims));
    const two = cache.put(tokenOf(2), key, structuredClone({ ...claims, jti: "2" }));
    expect([two.context === one.context, two.amr === one.amr, two.jti]).toEqual([true, true, "2"]);
  });

  it.each([1, 2, 7, 100])("keeps the last %i tokens that were used, and at most twice as many", (size) => {
    const cache = tokenCache(size);
    for (let number = 0; number < 10 * size; number++) {
      put(cache, number);
      for (let back = 0; back < size && back <= number; back++)
        expect(has(cache, number - back), `${number - back} after ${number}`).toBe(true);
    }
    const kept = tokenCache(size);
    for (let number = 0; number < 10 * size; number++) put(kept, number);
    // Newest first, because a token that is found in the old generation moves to the young one.
    const numbers = Array.from({ length: 10 * size }, (_, back) => 10 * size - 1 - back);
    expect(numbers.filter((number) => has(kept, number)).length).toBeLessThanOrEqual(2 * size);
  });

  it("keeps a token in use, whatever number of others pass through", () => {
    const cache = tokenCache(4);
    put(cache, 0);
    for (let number = 1; number < 1_000; number++) {
      put(cache, number);
      expect(has(cache, 0), `after ${number}`).toBe(true);
    }
  });

  it("does not keep an expired token longer because it is presented", () => {
    const cache = tokenCache(2);
    for (const number of [0, 1, 2]) put(cache, number);
    for (const number of [0, 1]) expect(cache.get(tokenOf(number), 2)).not.toBeNull();
    expect(has(cache, 2)).toBe(true);
    put(cache, 3);
    put(cache, 4);
    expect([0, 1, 2, 3, 4].map((number) => has(cache, number))).toEqual([false, false, true, true, true]);
  });

  it("keeps nothing without a size", () => {
    const cache = tokenCache(false);
    put(cache, 1);
    expect(has(cache, 1)).toBe(false);
  });

  it.each([1, 2, 16_384, 1_000_000, false])("accepts the size %s", (size) => {
    expect(isCacheSize(size)).toBe(true);
  });

  it.each([0, -1, 1.5, 1_000_001, Number.NaN, Number.POSITIVE_INFINITY, true, null, "100", [100], {}])(
    "refuses the size %j",
    (size) => {
      expect(isCacheSize(size)).toBe(false);
    },
  );
});
