import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { equalStrings, labelledDigest, labelledHash } from "./digest.ts";
import { toBase64url, utf8 } from "./encoding.ts";
import { nativeSha256 } from "./env.ts";

it("A digest for one purpose is not one for another, and no label continues in the hashed bytes", () => {
  const digests = [
    labelledHash("a", utf8("b")),
    labelledHash("b", utf8("b")),
    labelledHash("a", utf8("c")),
    labelledHash("", utf8("ab")),
  ];
  expect(new Set(digests.map((digest) => digest.join())).size).toBe(digests.length);
});

it("A digest is the same in bytes and as text, of the runtime and of the library, at every length", () => {
  expect(nativeSha256(utf8(""))).toBe("47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU");
  for (let length = 0; length < 200; length++) {
    const bytes = Uint8Array.from({ length }, (_, index) => index * length);
    const expected = createHash("sha256").update("latchkey/a/v1\0").update(bytes).digest("base64url");
    expect(labelledDigest("a", bytes.subarray(0, 3), bytes.subarray(3))).toBe(expected);
    expect(toBase64url(labelledHash("a", bytes))).toBe(expected);
  }
});

it("Two texts are equal if they have one length and every character", () => {
  const text = toBase64url(labelledHash("a"));
  expect(equalStrings(text, `${text.slice(0, 9)}${text.slice(9)}`)).toBe(true);
  expect(equalStrings("", "")).toBe(true);
  for (let index = 0; index < text.length; index++) {
    expect(equalStrings(text, `${text.slice(0, index)}.${text.slice(index + 1)}`)).toBe(false);
    expect(equalStrings(text, text.slice(0, index))).toBe(false);
    expect(equalStrings(text.slice(0, index), text)).toBe(false);
  }
  // The characters differ in the upper byte alone, and in the lower one alone.
  expect(equalStrings("\u0141", "A")).toBe(false);
  expect(equalStrings("\u0141", "\u0142")).toBe(false);
});
