import { describe, expect, it } from "vitest";
import { MAX_ACCESS_LIFETIME } from "../platform/time.ts";
import {
  ANNOUNCE,
  currentKey,
  extendRing,
  JWKS_MAX_AGE,
  type KeyRecord,
  missingKeys,
  revokeKey,
  rotateRing,
  SIGNING_RING_AGE,
  VERIFYING_RING_AGE,
  verificationKeys,
} from "./key-ring.ts";

const NOW = 10_000_000;
const MONTH = 2_592_000;
const RETIREMENT = MAX_ACCESS_LIFETIME + SIGNING_RING_AGE + VERIFYING_RING_AGE;

function key(kid: string, activeAt: number): KeyRecord {
  return {
    kid,
    activeAt,
    algorithm: "EdDSA",
    privateKey: "sealed",
    publicJwk: { kty: "OKP", kid, alg: "EdDSA", use: "sig" },
  };
}

const old = key("old", NOW - MONTH);
const current = key("current", NOW - 100);
const next = key("next", NOW + MONTH);
const ring = [old, current, next];
const all = { has: (): boolean => true };
const none = { has: (): boolean => false };
const kids = (keys: readonly KeyRecord[]): readonly string[] => keys.map(({ kid }) => kid);

describe("the signing key", () => {
  it("is the newest active key, from the exact second of its activation", () => {
    expect(currentKey(ring, NOW, all)?.kid).toBe("current");
    expect(currentKey(ring, next.activeAt - 1, all)?.kid).toBe("current");
    expect(currentKey(ring, next.activeAt, all)?.kid).toBe("next");
    expect(currentKey(ring, 0, all)).toBeNull();
    expect(currentKey([], NOW, all)).toBeNull();
  });

  it("is a key that this process can decrypt", () => {
    expect(currentKey(ring, NOW, { has: (kid) => kid === "old" })?.kid).toBe("old");
    expect(currentKey(ring, NOW, none)).toBeNull();
  });
});

describe("the verifying keys (KEY-01, KEY-03)", () => {
  it("are the next, the current, and each superseded key until its last token has expired on every server", () => {
    const until = current.activeAt + RETIREMENT;
    expect(kids(verificationKeys(ring, until - 1))).toEqual(["old", "current", "next"]);
    expect(kids(verificationKeys(ring, until))).toEqual(["current", "next"]);
  });

  it("always include the newest key", () => {
    expect(kids(verificationKeys(ring, NOW + 100 * MONTH))).toEqual(["next"]);
  });
});

describe("the keys that a ring needs", () => {
  it("are a current and a next key where the ring is empty or cannot be decrypted", () => {
    expect(missingKeys([], NOW, MONTH, all)).toEqual([NOW, NOW + MONTH]);
    expect(missingKeys(ring, NOW, MONTH, none)).toEqual([NOW, NOW + MONTH]);
  });

  it("are none while a next key is published", () => {
    expect(missingKeys(ring, NOW, MONTH, all)).toEqual([]);
  });

  it("include the next key, published long enough before it signs (KEY-02)", () => {
    expect(missingKeys([current], NOW, MONTH, all)).toEqual([current.activeAt + MONTH]);
    expect(missingKeys([old], NOW + 10, MONTH, all)).toEqual([NOW + 10 + ANNOUNCE]);
    // By then, every cached key set and every old ring has the key.
    expect(ANNOUNCE).toBeGreaterThanOrEqual(JWKS_MAX_AGE + VERIFYING_RING_AGE);
  });
});

describe("changes to a ring", () => {
  it("extendRing sorts the keys and removes retired ones", () => {
    const later = current.activeAt + RETIREMENT;
    expect(kids(extendRing([old, current], [key("b", later + 5), key("a", later)], later))).toEqual([
      "current",
      "a",
      "b",
    ]);
  });

  it("rotateRing activates the next key, and changes no other", () => {
    const rotated = rotateRing(ring, NOW, all);
    expect(rotated.map(({ kid, activeAt }) => [kid, activeAt])).toEqual([
      ["old", old.activeAt],
      ["current", current.activeAt],
      ["next", NOW],
    ]);
    expect(rotateRing([old, current], NOW, all)).toEqual([old, current]);
    expect(rotateRing([], NOW, all)).toEqual([]);
  });

  it("revoking removes the key, and activates the next key where no current one is left (KEY-07)", () => {
    expect(kids(revokeKey(ring, "old", NOW, all))).toEqual(["current", "next"]);
    expect(currentKey(revokeKey(ring, "current", NOW, all), NOW, all)?.kid).toBe("next");
    expect(currentKey(revokeKey(ring, "next", NOW, all), NOW, all)?.kid).toBe("current");
    const left = revokeKey([current, next], "current", NOW, all);
    expect({ kids: kids(left), current: currentKey(left, NOW, all)?.kid }).toEqual({
      kids: ["next"],
      current: "next",
    });
    expect(revokeKey(ring, "unknown", NOW, all)).toEqual(ring);
    expect(revokeKey([current], "current", NOW, all)).toEqual([]);
  });

  it("revoking neither brings a retired key back nor keeps a superseded one longer (KEY-03)", () => {
    const retired = current.activeAt + RETIREMENT;
    expect(kids(revokeKey(ring, "current", retired, all))).toEqual(["next"]);
    const left = revokeKey(ring, "current", NOW, all);
    expect(kids(verificationKeys(left, retired - 1))).toEqual(["old", "next"]);
    expect(kids(verificationKeys(left, retired))).toEqual(["next"]);
    expect(currentKey(revokeKey(left, "next", NOW, all), NOW, all)).toBeNull();
  });

  it("a key that this process cannot sign with is never the signing key", () => {
    const usable = { has: (kid: string): boolean => kid !== "next" };
    expect(rotateRing(ring, NOW, usable)).toEqual(ring);
  });
});
