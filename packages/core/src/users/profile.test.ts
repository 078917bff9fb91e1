import { describe, expect, it } from "vitest";
import { parseName, parsePicture } from "./profile.ts";

describe("parseName", () => {
  it.each([
    ["Ann", "Ann"],
    ["  Ann Example \n", "Ann Example"],
    ["علی‌رضا 👩‍👩‍👧", "علی‌رضا 👩‍👩‍👧"],
    ["<b>Ann</b>", "<b>Ann</b>"],
    ["x".repeat(320), "x".repeat(320)],
    ["x".repeat(321), null],
    ["", null],
    ["   ", null],
    ["Ann\nExample", null],
    ["Ann\u0000", null],
    ["Ann\u007f", null],
    ["Ann\ud800", null],
  ])("makes %j to %j", (input, expected) => expect(parseName(input)).toBe(expected));
});

describe("parsePicture", () => {
  const long = (length: number): string => `https://a.example/${"x".repeat(length - 18)}`;

  it.each([
    "https://images.example.com/ann.png?s=96&v=4#x",
    "HTTP://localhost:3000/ann.png",
    "https://images.example.com/%C3%A4.png",
    long(2_048),
  ])("accepts %s", (input) => expect(parsePicture(input)).toBe(input));

  it.each([
    "",
    "ann.png",
    "/ann.png",
    "//images.example.com/ann.png",
    "https:images.example.com",
    "https://",
    "javascript:alert(1)//https://a.example",
    "data:image/png;base64,AAAA",
    "blob:https://a.example/1",
    "ftp://a.example/ann.png",
    " https://a.example/ann.png",
    "https://a.example/an n.png",
    "https://a.example/an\tn.png",
    "https://a.example/ann.png\n",
    "https://a.example/\u202egnp.nna",
    "https://a.example/\ud800",
    "https://a.example:99999/",
    long(2_049),
  ])("refuses %j", (input) => expect(parsePicture(input)).toBeNull());
});
