import { expect, it } from "vitest";
import { labelledHash } from "./digest.ts";
import { utf8 } from "./encoding.ts";

it("A digest for one purpose is not one for another, and no label continues in the hashed bytes", () => {
  const digests = [
    labelledHash("a", utf8("b")),
    labelledHash("b", utf8("b")),
    labelledHash("a", utf8("c")),
    labelledHash("", utf8("ab")),
  ];
  expect(new Set(digests.map((digest) => digest.join())).size).toBe(digests.length);
});
