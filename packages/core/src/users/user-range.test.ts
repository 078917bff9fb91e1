import { describe, expect, it } from "vitest";
import { fromBase64url, toBase64url, utf8 } from "../platform/encoding.ts";
import { compareTexts, endOfPrefix, isListedBefore, readCursor, writeCursor } from "./user-range.ts";

const texts = [
  "",
  "a",
  "a\u0001",
  "ab",
  "z",
  "é",
  "\ud7ff",
  "\ue000",
  "\uffff",
  "𝔘",
  "𝔘a",
  "\u{10ffff}",
  "\u{10ffff}a",
];
const bytes = (text: string): Buffer => Buffer.from(text, "utf8");

describe("compareTexts", () => {
  it("orders as the bytes of UTF-8 do", () => {
    for (const one of texts) {
      for (const other of texts) {
        const expected = Buffer.compare(bytes(one), bytes(other));
        expect(Math.sign(compareTexts(one, other)), JSON.stringify([one, other])).toBe(expected);
      }
    }
  });
});

describe("endOfPrefix", () => {
  it("lies after every text that begins with the prefix, and before no other that follows", () => {
    for (const prefix of texts) {
      const end = endOfPrefix(prefix);
      for (const text of texts) {
        const isInside = compareTexts(text, prefix) >= 0 && (end === null || compareTexts(text, end) < 0);
        expect(isInside, JSON.stringify([prefix, text])).toBe(text.startsWith(prefix));
      }
    }
  });

  it.each([
    ["", null],
    ["a", "b"],
    ["\ud7ff", "\ue000"],
    ["a\u{10ffff}", "b"],
    ["\u{10ffff}", null],
  ])("of %j is %j", (prefix, end) => expect(endOfPrefix(prefix)).toBe(end));
});

describe("a cursor", () => {
  it.each([
    [{ by: "id", after: "u1" }, ""],
    [{ by: "id", after: null }, ""],
    [{ by: "email", after: "ann@example.com" }, "ann"],
    [{ by: "username", after: null }, "ann"],
  ] as const)("is read as it was written: %j", (cursor, prefix) => {
    expect(readCursor(writeCursor(cursor), prefix)).toEqual(cursor);
  });

  const made = (value: unknown): string => toBase64url(utf8(JSON.stringify(value)));

  it.each([
    ["of another order", writeCursor({ by: "email", after: "ann@example.com" }), ""],
    ["of all users", writeCursor({ by: "id", after: "ann" }), "ann"],
    ["of another prefix", writeCursor({ by: "email", after: "bob@example.com" }), "ann"],
    ["of an unknown order", made(["name", "ann"]), ""],
    ["with another value", made(["id", 7]), ""],
    ["with a NUL", made(["id", "a\u0000"]), ""],
    ["with half a character", made(["id", "a\ud800"]), ""],
    ["that is long", made(["id", "x".repeat(1_001)]), ""],
    ["with more", made(["id", "a", "b"]), ""],
    ["of another kind", made({ by: "id" }), ""],
    ["that is no JSON", toBase64url(utf8("[")), ""],
    ["that is no base64url", "ä", ""],
    ["without a text", "", ""],
  ])("%s is none", (_, text, prefix) => expect(readCursor(text, prefix)).toBeNull());

  it("shows no address", () => {
    const text = writeCursor({ by: "email", after: "ann@example.com" });
    expect(text).toMatch(/^[\w-]+$/);
    expect(fromBase64url(text)).not.toBeNull();
  });
});

describe("isListedBefore", () => {
  it.each([
    ["email", "ann@example.com", false],
    ["username", "ann@example.com", true],
    ["username", "bob@example.com", false],
    ["username", null, false],
  ] as const)("in the order of %s, with the address %j: %j", (by, email, expected) => {
    expect(isListedBefore({ email }, by, "ann")).toBe(expected);
  });
});
