import { expect, it } from "vitest";
import { preferredLanguage } from "./locale.ts";

it.each<[string | null, string | null]>([
  [null, null],
  ["", null],
  ["de", "de"],
  ["de-CH, de;q=0.9, en;q=0.8", "de-CH"],
  ["en;q=0.3, fr ; q=0.7, it;q=0.7", "fr"],
  ["en;q=0.8,fr", "fr"],
  ["*", null],
  ["*, en;q=0.1", "en"],
  ["de;q=0, en;q=0.001", "en"],
  ["de;q=0", null],
  ["de;q=0.000", null],
  ["zh-Hant-TW", "zh-Hant-TW"],
  ["de;q=2, en;q=0.1", "en"],
  ["de;q=0.1234, en;q=0.1", "en"],
  ["de;q=-1", null],
  ["de_CH, en;q=0.1", "en"],
  ["<script>, en;q=0.1", "en"],
  ["de\r\nBcc: x", null],
  ["abcdefghi, en;q=0.1", "en"],
  [`a${"-bcdefgh".repeat(4)}-b`, `a${"-bcdefgh".repeat(4)}-b`],
  [`a${"-bcdefgh".repeat(5)}, en;q=0.1`, "en"],
  [",,;q=1,en,", "en"],
  [`${"x".repeat(2_000)},en`, null],
])("the language of %j is %j", (header, language) => {
  expect(preferredLanguage(header)).toBe(language);
});
