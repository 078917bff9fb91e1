import { describe, expect, it } from "vitest";
import { accessExpiry, isNearExpiry } from "./access-token.ts";
import { CONFIGURED_NAMES, defaultRefreshBefore, faultOfLifetimes, type RefreshPolicy } from "./policy.ts";

const policy: RefreshPolicy = { lifetime: 1_209_600, maxLifetime: 7_776_000, lease: 60, refreshBefore: 60 };

function optionAt(access: number, changes: Partial<RefreshPolicy> = {}): string | null {
  return faultOfLifetimes(access, { ...policy, ...changes })?.option ?? null;
}

describe("faultOfLifetimes", () => {
  it("accepts the defaults and every value at its bound", () => {
    expect(optionAt(600)).toBeNull();
    expect(optionAt(86_400)).toBeNull();
    expect(optionAt(86_401)).toBe("accessLifetime");
    expect(optionAt(600, { lease: 5 })).toBeNull();
    expect(optionAt(600, { lease: 4 })).toBe("lease");
    expect(optionAt(900, { lease: 300 })).toBeNull();
    expect(optionAt(900, { lease: 301 })).toBe("lease");
    expect(optionAt(120, { refreshBefore: 0 })).toBeNull();
    expect(optionAt(119, { refreshBefore: 0 })).toBe("accessLifetime");
    expect(optionAt(600, { refreshBefore: 480 })).toBeNull();
    expect(optionAt(600, { refreshBefore: 481 })).toBe("refreshBefore");
    expect(optionAt(600, { lifetime: 720 })).toBeNull();
    expect(optionAt(600, { lifetime: 719 })).toBe("refreshLifetime");
    expect(optionAt(600, { maxLifetime: 1_209_600 })).toBeNull();
    expect(optionAt(600, { maxLifetime: 1_209_599 })).toBe("maxLifetime");
  });

  it("accepts lifetimes without an end", () => {
    expect(optionAt(600, { lifetime: null, maxLifetime: null })).toBeNull();
    expect(optionAt(600, { maxLifetime: null })).toBeNull();
    expect(optionAt(600, { lifetime: null, maxLifetime: 720 })).toBeNull();
    expect(optionAt(600, { lifetime: null, maxLifetime: 719 })).toBe("maxLifetime");
  });

  it("checks only the upper bound where there are no refresh tokens", () => {
    expect(faultOfLifetimes(1, null)).toBeNull();
    expect(faultOfLifetimes(86_401, null)?.option).toBe("accessLifetime");
  });

  it.each<[number, Partial<RefreshPolicy>, string]>([
    [86_401, {}, "must be at most 86400 seconds: write days(1) or less"],
    [600, { lease: 4 }, "must be from 5 to 300 seconds: leave it out for minutes(1)"],
    [100, {}, "must be at least 2 × refreshToken.lease (120 seconds): write minutes(2) or more"],
    [
      600,
      { refreshBefore: 500 },
      "must be at most accessToken.lifetime - 2 × refreshToken.lease (480 seconds): write minutes(8) or less",
    ],
    [
      120,
      { refreshBefore: 1 },
      "must be at most accessToken.lifetime - 2 × refreshToken.lease (0 seconds): write 0 or less",
    ],
    [
      600,
      { lifetime: 719 },
      "must be at least accessToken.lifetime + 2 × refreshToken.lease (720 seconds): write minutes(12) or more, or null for no end",
    ],
    [
      600,
      { lifetime: 1_000, maxLifetime: 999 },
      "must be at least refreshToken.lifetime (1000 seconds): write seconds(1000) or more, or null for no end",
    ],
    [
      600,
      { lifetime: null, maxLifetime: 719 },
      "must be at least accessToken.lifetime + 2 × refreshToken.lease (720 seconds): write minutes(12) or more, or null for no end",
    ],
  ])("names the value to write for an access token of %d seconds and %j", (access, changes, why) => {
    expect(faultOfLifetimes(access, { ...policy, ...changes })?.why).toBe(why);
  });

  it("uses the given names of the options", () => {
    const names = { ...CONFIGURED_NAMES, accessLifetime: "accessLifetime" };
    expect(faultOfLifetimes(600, { ...policy, lifetime: 719 }, names)?.why).toContain(
      "at least accessLifetime + 2 × refreshToken.lease",
    );
  });
});

describe("the time when a refresh is due", () => {
  it("is by default a fifth of the lifetime before expiry, at most a minute, and at least two leases after issue", () => {
    const at = (access: number, lease = 60): number => defaultRefreshBefore(access, lease);
    expect(at(600)).toBe(60);
    expect(at(300)).toBe(60);
    expect(at(130)).toBe(10);
    expect(at(120)).toBe(0);
    expect(at(119)).toBe(0);
    expect(at(30, 10)).toBe(6);
    for (let access = 120; access < 1_000; access++)
      expect(optionAt(access, { refreshBefore: at(access) })).toBeNull();
  });

  it("begins at refreshBefore, and for a short token never within its first two leases", () => {
    const token = { iat: 0, exp: 600 };
    expect(isNearExpiry(token, 539, policy)).toBe(false);
    expect(isNearExpiry(token, 540, policy)).toBe(true);
    expect(isNearExpiry(token, 600, policy)).toBe(true);
    const short = { iat: 0, exp: 130 };
    expect(isNearExpiry(short, 119, policy)).toBe(false);
    expect(isNearExpiry(short, 120, policy)).toBe(true);
    expect(isNearExpiry({ iat: 0, exp: 20 }, 19, policy)).toBe(false);
    expect(isNearExpiry({ iat: 0, exp: 20 }, 20, policy)).toBe(true);
  });
});

it("no access token outlives its session", () => {
  expect(accessExpiry({ accessLifetime: 600, absoluteExpiresAt: null }, 100)).toBe(700);
  expect(accessExpiry({ accessLifetime: 600, absoluteExpiresAt: 300 }, 100)).toBe(300);
  expect(accessExpiry({ accessLifetime: 600, absoluteExpiresAt: 900 }, 100)).toBe(700);
});
