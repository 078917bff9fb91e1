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
const all = (): boolean => true;
const kids = (keys: readonly KeyRecord[]): readonly string[] => keys.map(({ kid }) => kid);

describe("the key that signs", () => {
  it("is the newest whose turn has come, at its very second", () => {
    expect(currentKey(ring, NOW, all)?.kid).toBe("current");
    expect(currentKey(ring, next.activeAt - 1, all)?.kid).toBe("current");
    expect(currentKey(ring, next.activeAt, all)?.kid).toBe("next");
    expect(currentKey(ring, 0, all)).toBeNull();
    expect(currentKey([], NOW, all)).toBeNull();
  });

  it("is one that this process can open", () => {
    expect(currentKey(ring, NOW, ({ kid }) => kid === "old")?.kid).toBe("old");
    expect(currentKey(ring, NOW, () => false)).toBeNull();
  });
});

describe("the keys that verify (KEY-01, KEY-03)", () => {
  it("are announced, current, and superseded ones until their last token is over everywhere", () => {
    const until = current.activeAt + RETIREMENT;
    expect(kids(verificationKeys(ring, until - 1))).toEqual(["old", "current", "next"]);
    expect(kids(verificationKeys(ring, until))).toEqual(["current", "next"]);
  });

  it("never lack the newest", () => {
    expect(kids(verificationKeys(ring, NOW + 100 * MONTH))).toEqual(["next"]);
  });
});

describe("what a ring lacks", () => {
  it("is a key for now and one announced, for a ring that is empty or cannot be opened", () => {
    expect(missingKeys([], NOW, MONTH, all)).toEqual([NOW, NOW + MONTH]);
    expect(missingKeys(ring, NOW, MONTH, () => false)).toEqual([NOW, NOW + MONTH]);
  });

  it("is nothing while one is announced", () => {
    expect(missingKeys(ring, NOW, MONTH, all)).toEqual([]);
  });

  it("is the next one, announced long enough before it signs (KEY-02)", () => {
    expect(missingKeys([current], NOW, MONTH, all)).toEqual([current.activeAt + MONTH]);
    expect(missingKeys([old], NOW + 10, MONTH, all)).toEqual([NOW + 10 + ANNOUNCE]);
    // By then, every cached key set and every old ring has the key.
    expect(ANNOUNCE).toBeGreaterThanOrEqual(JWKS_MAX_AGE + VERIFYING_RING_AGE);
  });
});

describe("changes of a ring", () => {
  it("extending puts keys in order and drops the retired", () => {
    const later = current.activeAt + RETIREMENT;
    expect(kids(extendRing([old, current], [key("b", later + 5), key("a", later)], later))).toEqual([
      "current",
      "a",
      "b",
    ]);
  });

  it("rotating puts the announced key in use, and only that", () => {
    const rotated = rotateRing(ring, NOW, all);
    expect(rotated.map(({ kid, activeAt }) => [kid, activeAt])).toEqual([
      ["old", old.activeAt],
      ["current", current.activeAt],
      ["next", NOW],
    ]);
    expect(rotateRing([old, current], NOW, all)).toEqual([old, current]);
    expect(rotateRing([], NOW, all)).toEqual([]);
  });

  it("revoking drops the key, and lets the announced one take over where none is left (KEY-07)", () => {
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

  it("a key that this process cannot sign with takes no turn", () => {
    const usable = (record: KeyRecord): boolean => record.kid !== "next";
    expect(rotateRing(ring, NOW, usable)).toEqual(ring);
  });
});
