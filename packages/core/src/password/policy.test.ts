import { describe, expect, it } from "vitest";
import { isCommonPassword } from "./blocklist.ts";
import { checkPassword, isPossiblePassword, isTooLong, normalizePassword } from "./policy.ts";

const FILL = "zq7vk3w";
const check = (password: string, minLength = 8): string =>
  checkPassword(password, { minLength, identifier: null, isCommon: isCommonPassword });

describe("the password policy", () => {
  it.each([
    [0, "too_short"],
    [1, "too_short"],
    [7, "too_short"],
    [8, "ok"],
    [14, "ok"],
    [15, "ok"],
    [64, "ok"],
    [72, "ok"],
    [73, "ok"],
    [128, "ok"],
    [1_000, "ok"],
    [1_024, "ok"],
    [1_025, "too_long"],
    [1_048_576, "too_long"],
  ])("decides for %d code points: %s (PWD-04)", (length, verdict) => {
    const password = FILL.repeat(Math.ceil(length / FILL.length)).slice(0, length);
    expect(check(password)).toBe(verdict);
    expect(isPossiblePassword(password)).toBe(verdict !== "too_long");
  });

  it("counts code points of the normal form, not code units and not the text as typed", () => {
    expect(check("🐴".repeat(7))).toBe("too_short");
    expect(check("🐴".repeat(8))).toBe("ok");
    expect(check("🐴".repeat(1_024))).toBe("ok");
    expect(check("🐴".repeat(1_025))).toBe("too_long");
    expect(check("e\u0301".repeat(7))).toBe("too_short");
    expect(check("e\u0301".repeat(1_024))).toBe("ok");
  });

  it("accepts a longer minimum", () => {
    expect(check("fourteen chars", 15)).toBe("too_short");
    expect(check("fifteen chars !", 15)).toBe("ok");
  });

  it.each([
    ["spaces", "        x"],
    ["tabs", "\t\t\t\t\t\t\t\tx"],
    ["NUL", "before\0after"],
    ["emoji", "👩‍👩‍👧‍👦 family 1"],
    ["right to left", "סיסמה ארוכה מאוד"],
    ["controls", "\u0001\u0002\u0003\u0004\u0005\u0006\u0007\u0008"],
  ])("accepts %s unchanged (PWD-06)", (_, password) => {
    expect(check(password)).toBe("ok");
    expect(normalizePassword(password)).toBe(password);
  });

  it("applies NFC and nothing else (PWD-06)", () => {
    expect(normalizePassword("e\u0301")).toBe("\u00e9");
    expect(normalizePassword("\u00e9")).toBe("\u00e9");
    for (const kept of ["ﬁ", "Ａ", "²", " a ", "A"]) expect(normalizePassword(kept)).toBe(kept);
  });

  it.each(["\ud800", "\udc00", "correct horse \ud83d", "\udc34\ud83d correct horse"])(
    "reports the lone surrogate of %j as malformed (PWD-07)",
    (password) => {
      expect(check(password)).toBe("malformed");
      expect(isPossiblePassword(password)).toBe(false);
    },
  );

  it.each([
    "password",
    "PASSWORD",
    "Password1",
    "12345678",
    "qwertyuiop",
    "iloveyou",
    "trustno1",
    "11111111",
  ])("refuses %s as common (PWD-10)", (password) => {
    expect(check(password)).toBe("common");
    expect(isPossiblePassword(password)).toBe(true);
  });

  it.each([
    ["alice", "alice2024", "contains_identifier"],
    ["alice", "ALICE2024", "contains_identifier"],
    ["alice", "alicealice", "contains_identifier"],
    ["alice", "2024alice!", "contains_identifier"],
    ["alice", "alicepassword", "contains_identifier"],
    ["alice", "alice in a wonder land", "ok"],
    ["bob", "bobtail8", "ok"],
    ["o", "horse of old", "ok"],
  ])("does not count the user name %s in the password %s: %s (PWD-10)", (username, password, verdict) => {
    expect(
      checkPassword(password, { minLength: 8, identifier: { username }, isCommon: isCommonPassword }),
    ).toBe(verdict);
  });

  it.each([
    ["alice@example.com", "alice@example.com", "contains_identifier"],
    ["alice@example.com", "alice-123", "contains_identifier"],
    ["alice+shop@example.com", "alice+shop1", "contains_identifier"],
    ["alice+shop@example.com", "xalice123", "contains_identifier"],
    ["al@example.com", "al@example.com1", "contains_identifier"],
    ["al@example.com", "almost there", "ok"],
    ["alice@example.com", "correct horse battery", "ok"],
  ])("does not count the address %s in the password %s: %s (PWD-10)", (email, password, verdict) => {
    expect(checkPassword(password, { minLength: 8, identifier: { email }, isCommon: isCommonPassword })).toBe(
      verdict,
    );
  });
});

describe("the list of common passwords", () => {
  it("has a thousand entries of at least 8 characters", () => {
    expect(isCommonPassword("")).toBe(false);
    expect(isCommonPassword("correct horse")).toBe(false);
    for (const first of ["0.0.0.000", "baseball", "zxcvbnm1"]) expect(isCommonPassword(first)).toBe(true);
  });
});

describe("a password that is refused before NFC", () => {
  it("would be too long after NFC as well", () => {
    // U+1F82 comes apart into four.
    const letters = "\u1F82".repeat(1_024);
    expect(letters.normalize("NFD")).toHaveLength(4_096);
    expect(isPossiblePassword(letters.normalize("NFD"))).toBe(true);
    expect(isPossiblePassword(`${letters.normalize("NFD")}x`)).toBe(false);
    expect(isPossiblePassword("\u{1F600}".repeat(1_024))).toBe(true);
    expect(isPossiblePassword(`a${"\u0301\u0316".repeat(512)}`)).toBe(true);
    expect(isPossiblePassword("\u0316".repeat(1_024))).toBe(true);
    expect(isPossiblePassword(`a${"\u0316".repeat(1_027)}`)).toBe(false);
  });

  it("has more than 4,096 code units", () => {
    expect(isTooLong("x".repeat(4_096))).toBe(false);
    expect(isTooLong("x".repeat(4_097))).toBe(true);
  });

  it("has so many combining marks that NFC would take long to sort them", () => {
    for (const marks of ["\u0301\u0316".repeat(1_000), "\u0301\u0316".repeat(8_000)]) {
      expect(isPossiblePassword(marks)).toBe(false);
      expect(isPossiblePassword(`a${marks}b`)).toBe(false);
    }
  });
});
