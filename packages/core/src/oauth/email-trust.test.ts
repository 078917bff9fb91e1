import { describe, expect, it } from "vitest";
import { isAuthority } from "./link.ts";
import { checkTrust, type EmailTrust, isEmailTrust, TRUST_ALL } from "./provider.ts";

const GOOGLE: EmailTrust = { domains: ["gmail.com"], domainClaim: "hd" };
const NONE: EmailTrust = { domains: [] };

describe("isAuthority", () => {
  it.each<readonly [EmailTrust, string, Readonly<Record<string, unknown>>, boolean]>([
    [TRUST_ALL, "ann@example.com", {}, true],
    [NONE, "ann@example.com", {}, false],
    [NONE, "ann@example.com", { hd: "example.com" }, false],
    [GOOGLE, "ann@gmail.com", {}, true],
    [GOOGLE, "ann@example.com", {}, false],
    [GOOGLE, "ann@notgmail.com", {}, false],
    [GOOGLE, "ann@gmail.com.example.com", {}, false],
    [GOOGLE, "ann@mail.gmail.com", {}, false],
    [GOOGLE, "gmail.com@example.com", {}, false],
    [GOOGLE, "ann@example.com", { hd: "example.com" }, true],
    [GOOGLE, "ann@example.com", { hd: "EXAMPLE.com" }, true],
    [GOOGLE, "ann@example.com", { hd: "evil.example" }, false],
    [GOOGLE, "ann@sub.example.com", { hd: "example.com" }, false],
    [GOOGLE, "ann@example.com", { hd: ".com" }, false],
    [GOOGLE, "ann@example.com", { hd: "" }, false],
    [GOOGLE, "ann@example.com", { hd: true }, false],
    [GOOGLE, "ann@example.com", { hd: ["example.com"] }, false],
    [GOOGLE, "ann@example.com", Object.create({ hd: "example.com" }), false],
    [{ domains: ["gmail.com"] }, "ann@example.com", { hd: "example.com" }, false],
  ])("decides for the address %j of %s with the claims %j: %s", (trust, address, claims, expected) => {
    expect(isAuthority(trust, address, claims)).toBe(expected);
  });
});

describe("checkTrust", () => {
  it("prefers the option to the default of the provider", () => {
    expect(checkTrust("x", undefined, GOOGLE)).toBe(GOOGLE);
    expect(checkTrust("x", true, GOOGLE)).toEqual({ domains: "all" });
    expect(checkTrust("x", false, TRUST_ALL)).toEqual({ domains: [] });
    expect(checkTrust("x", ["example.com"], TRUST_ALL)).toEqual({ domains: ["example.com"] });
  });

  it.each([
    null,
    1,
    "all",
    "example.com",
    {},
    [],
    [1],
    ["Example.com"],
    ["com"],
    ["@example.com"],
    ["*.com"],
  ])("refuses %j", (option) => {
    expect(() => checkTrust("x", option, GOOGLE)).toThrow(/^x: trustEmail must be true, false or a list/);
  });
});

describe("isEmailTrust", () => {
  it.each<readonly [unknown, boolean]>([
    [TRUST_ALL, true],
    [GOOGLE, true],
    [NONE, true],
    [{}, false],
    [{ domains: true }, false],
    [{ domains: ["Example.com"] }, false],
    [{ domains: [], domainClaim: 1 }, false],
  ])("accepts or refuses %j: %s", (trust, expected) => {
    expect(isEmailTrust(trust as EmailTrust)).toBe(expected);
  });
});
