import { describe, expect, it } from "vitest";
import { nearestName } from "./option-error.ts";

const NAMES = [
  "lifetime",
  "maxLifetime",
  "lease",
  "refreshBefore",
  "baseURL",
  "basePath",
  "queue",
  "ln",
  "r",
];

describe("nearestName", () => {
  it.each([
    ["lifetme", "lifetime"],
    ["lifetimes", "lifetime"],
    ["lifeTime", "lifetime"],
    ["maxLifeTime", "maxLifetime"],
    ["leaes", "lease"],
    ["baseUrl", "baseURL"],
    ["basURL", "baseURL"],
    ["BasePaht", "basePath"],
    ["refresBefor", "refreshBefore"],
    ["LN", "ln"],
    ["que", null],
    ["x", null],
    ["m", null],
    ["", null],
    ["leave", "lease"],
    ["please", "lease"],
    ["lseae", null],
    ["maxAge", null],
    ["expiresIn", null],
    ["constructor", null],
    ["l".repeat(65), null],
    ["lease".repeat(20_000), null],
  ])("returns for %j the name %j", (name, expected) => {
    expect(nearestName(name, NAMES)).toBe(expected);
  });

  it("allows one edit for every three characters of the longer name, and three at most", () => {
    expect(nearestName("abcde", ["abXYe"])).toBeNull();
    expect(nearestName("abcdef", ["abXYef"])).toBe("abXYef");
    expect(nearestName("abcdefghijkl", ["abcdefghiXYZ"])).toBe("abcdefghiXYZ");
    expect(nearestName("abcdefghijklmno", ["abcdefghijkWXYZ"])).toBeNull();
  });

  it("returns the nearest of several names, and the first of equals", () => {
    expect(nearestName("secrets", ["secretss", "secret", "secrets1"])).toBe("secretss");
    expect(nearestName("names", ["name", "named"])).toBe("name");
    expect(nearestName("names", ["renames", "name"])).toBe("name");
    expect(nearestName("any", [])).toBeNull();
  });

  it("ignores names of more than 64 characters", () => {
    const known = ["l".repeat(64)];
    expect({
      atTheLimit: nearestName("l".repeat(64), known),
      above: nearestName("l".repeat(65), known),
    }).toEqual({ atTheLimit: known[0], above: null });
  });
});
