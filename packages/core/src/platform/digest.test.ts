import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { labelledDigest, labelledHash } from "./digest.ts";
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
