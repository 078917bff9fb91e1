import { describe, expect, it } from "vitest";
import { parseCookies } from "./cookie.ts";

function pairs(header: string | null): readonly (readonly [string, string])[] {
  return parseCookies(header).map(({ name, value }) => [name, value] as const);
}

describe("parseCookies", () => {
  it.each<readonly [string | null, readonly (readonly [string, string])[]]>([
    [null, []],
    ["", []],
    ["a=b", [["a", "b"]]],
    [
      "a=b; c=d",
      [
        ["a", "b"],
        ["c", "d"],
      ],
    ],
    [
      "a=b;c=d",
      [
        ["a", "b"],
        ["c", "d"],
      ],
    ],
    [
      " a = b ;\tc\t=\td\t",
      [
        ["a", "b"],
        ["c", "d"],
      ],
    ],
    ["a=b=c==", [["a", "b=c=="]]],
    ["a=", [["a", ""]]],
    ["=b; a; ;; =", []],
    ['a="b c"', [["a", '"b c"']]],
    ["a=%41%ZZ", [["a", "%41%ZZ"]]],
    ["a=b, c=d", [["a", "b, c=d"]]],
    [
      "a=1; a=2",
      [
        ["a", "1"],
        ["a", "2"],
      ],
    ],
    [
      "\u00a0a=b; c\u00a0=d; e=\u00a0f",
      [
        ["\u00a0a", "b"],
        ["c\u00a0", "d"],
        ["e", "\u00a0f"],
      ],
    ],
    [
      "__proto__=x; constructor=y",
      [
        ["__proto__", "x"],
        ["constructor", "y"],
      ],
    ],
  ])("parses %j", (header, expected) => {
    expect(pairs(header)).toEqual(expected);
  });

  it("ignores a header of more than 64 Ki characters", () => {
    const header = `a=${"x".repeat(65_534)}`;
    expect({ atTheLimit: parseCookies(header).length, above: parseCookies(`${header}x`).length }).toEqual({
      atTheLimit: 1,
      above: 0,
    });
  });
});
