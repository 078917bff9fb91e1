import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseEmail, parseUsername, signInKey } from "./identifier.ts";

describe("an e-mail address (PWD-09)", () => {
  it.each([
    ["alice@example.com", "alice@example.com"],
    ["Alice@Example.COM", "alice@example.com"],
    ["  alice@example.com ", "alice@example.com"],
    ["alice+tag@example.com", "alice+tag@example.com"],
    ["a.l.i.c.e@example.com", "a.l.i.c.e@example.com"],
    ["o'brien@example.com", "o'brien@example.com"],
    ["alice＠example.com", "alice@example.com"],
    ["alice﹫example.com", "alice@example.com"],
    ["ａｌｉｃｅ@ｅｘａｍｐｌｅ.com", "alice@example.com"],
    ["ISTANBUL@EXAMPLE.COM", "istanbul@example.com"],
    ["jürgen@example.com", "jürgen@example.com"],
    ["ju\u0308rgen@example.com", "jürgen@example.com"],
    ["a@bücher.example", "a@xn--bcher-kva.example"],
    ["a@BÜCHER.example", "a@xn--bcher-kva.example"],
    ["a@xn--bcher-kva.example", "a@xn--bcher-kva.example"],
    ["用户@例子.广告", "用户@xn--fsqu00a.xn--4rr70v"],
    ["a@例子。广告", "a@xn--fsqu00a.xn--4rr70v"],
    ["a@localhost", "a@localhost"],
    ["1@2.example", "1@2.example"],
    [`${"a".repeat(64)}@example.com`, `${"a".repeat(64)}@example.com`],
  ])("is normalised from %j to %s", (input, expected) => {
    expect(parseEmail(input)).toBe(expected);
  });

  it.each([
    ["nothing", ""],
    ["no @", "alice"],
    ["no local part", "@example.com"],
    ["no domain", "alice@"],
    ["two @", "alice@example.com@evil.example"],
    ["two @ of another width", "alice@example.com＠evil.example"],
    ["a small @ in the domain", "alice@evil﹫example.com"],
    ["a list", "alice@example.com,bob@example.com"],
    ["a list with semicolons", "alice@example.com;bob@example.com"],
    ["a full-width comma", "alice，bob@example.com"],
    ["a quoted local part", '"alice"@example.com'],
    ["a quoted @", '"alice@evil"@example.com'],
    ["a comment", "alice(x)@example.com"],
    ["a display name", "Alice <alice@example.com>"],
    ["an inner space", "ali ce@example.com"],
    ["a space before @", "alice @example.com"],
    ["a no-break space", "\u00a0alice@example.com"],
    ["an ideographic space", "alice@exam\u3000ple.com"],
    ["a tab", "alice@example.com\t"],
    ["CR LF", "alice@example.com\r\nBcc: bob@example.com"],
    ["a line feed at the end", "alice@example.com\n"],
    ["NUL", "alice\0@example.com"],
    ["DEL", "alice\u007f@example.com"],
    ["U+2028", "alice@example.com\u2028"],
    ["a zero-width space", "ali\u200bce@example.com"],
    ["a zero-width joiner", "ali\u200dce@example.com"],
    ["a zero-width space in the domain", "alice@exam\u200bple.com"],
    ["a soft hyphen in the domain", "alice@exam\u00adple.com"],
    ["a byte order mark", "\ufeffalice@example.com"],
    ["a right-to-left override", "alice\u202e@example.com"],
    ["a lone surrogate", "alice\ud800@example.com"],
    ["a private character", "alice\ue000@example.com"],
    ["a leading dot", ".alice@example.com"],
    ["a trailing dot", "alice.@example.com"],
    ["two dots", "ali..ce@example.com"],
    ["a leading combining mark", "\u0301alice@example.com"],
    ["a backslash", "alice\\@example.com"],
    ["a path", "alice@example.com/x"],
    ["a path by normalisation", "alice@example.com℀"],
    ["a query", "alice@example.com?x"],
    ["a fragment", "alice@example.com#x"],
    ["a port", "alice@example.com:25"],
    ["an escape", "alice@exam%70le.com"],
    ["an address literal", "alice@[127.0.0.1]"],
    ["an IPv4 address", "alice@127.0.0.1"],
    ["an IPv4 address as one number", "alice@2130706433"],
    ["an IPv4 address in hexadecimal", "alice@0x7f000001"],
    ["a leading dot in the domain", "alice@.example.com"],
    ["two dots in the domain", "alice@example..com"],
    ["a dot at the end", "alice@example.com."],
    ["a hyphen first", "alice@-example.com"],
    ["a hyphen last", "alice@example-.com"],
    ["an underscore in the domain", "alice@exa_mple.com"],
    ["a label of 64", `alice@${"a".repeat(64)}.com`],
    ["a domain of 255", `alice@${"abcdefg.".repeat(31)}example`],
    ["a local part of 65", `${"a".repeat(65)}@example.com`],
    ["a megabyte", `${"a".repeat(1_000_000)}@example.com`],
  ])("is refused with %s", (_, input) => {
    expect(parseEmail(input)).toBeNull();
  });

  it("keeps the Turkish letters distinct in every locale", () => {
    const spellings = ["I@example.com", "i@example.com", "İ@example.com", "ı@example.com"];
    expect(spellings.map(parseEmail)).toEqual([
      "i@example.com",
      "i@example.com",
      "i\u0307@example.com",
      "ı@example.com",
    ]);
  });
});

describe("a user name (PWD-09)", () => {
  it.each([
    ["alice", "alice"],
    ["Alice", "alice"],
    [" alice ", "alice"],
    ["ALICE_b-c.1", "alice_b-c.1"],
    ["Ａｌｉｃｅ", "alice"],
    ["ﬁona", "fiona"],
    ["JÜRGEN", "jürgen"],
    ["हिन्दी", "हिन्दी"],
    ["用户", "用户"],
    ["𝒜lice", "alice"],
    ["a".repeat(64), "a".repeat(64)],
    ["𠮷".repeat(64), "𠮷".repeat(64)],
  ])("is normalised from %j to %s", (input, expected) => {
    expect(parseUsername(input)).toBe(expected);
  });

  it.each([
    "",
    " ",
    "a b",
    "alice@example.com",
    "alice＠",
    "a,b",
    'a"b',
    "a/b",
    "a\\b",
    "<b>",
    "a\0",
    "a\n",
    "a\u200bb",
    "a\u202eb",
    "\ufeffa",
    "\u0301a",
    "\ud800",
    "😀",
    "a".repeat(65),
    "𠮷".repeat(65),
  ])("is refused: %j", (input) => {
    expect(parseUsername(input)).toBeNull();
  });
});

describe("the normal form of an identifier", () => {
  it("does not change when it is normalised again, for every character", () => {
    const moved: string[] = [];
    for (let point = 0; point <= 0x10ffff; point++) {
      const character = String.fromCodePoint(point);
      for (const parse of [parseUsername, (text: string) => parseEmail(`${text}@example.com`)]) {
        const once = parse(`a${character}`);
        const again = once?.includes("@") ? parseEmail(once) : once && parseUsername(once);
        if (once !== null && again !== once) moved.push(`U+${point.toString(16)}`);
      }
    }
    expect(moved).toEqual([]);
  });

  it("does not change when it is normalised again, for any text", () => {
    const text = fc.string({ unit: "binary", maxLength: 20 });
    fc.assert(
      fc.property(text, text, (local, domain) => {
        const email = parseEmail(`${local}@${domain}`);
        const username = parseUsername(local);
        expect(email === null || parseEmail(email) === email).toBe(true);
        expect(username === null || parseUsername(username) === username).toBe(true);
      }),
      { numRuns: 10_000 },
    );
  });
});

describe("the length of an identifier as typed", () => {
  it("is checked first: at most 254 for an address and 128 for a user name", () => {
    // Three labels of 63 and one of 57 after a name of 3: 254 in all.
    const domain = [63, 63, 63, 57].map((length) => "d".repeat(length)).join(".");
    expect(`ann@${domain}`).toHaveLength(253);
    expect(parseEmail(`ann@${domain}`)).toBe(`ann@${domain}`);
    expect(parseEmail(` ann@${domain}`)).toBe(`ann@${domain}`);
    expect(parseEmail(`  ann@${domain}`)).toBeNull();
    expect(parseEmail(`${" ".repeat(244)}ann@b.example`.slice(0, 254))).not.toBeNull();
    expect(parseUsername(`${" ".repeat(125)}ann`)).toBe("ann");
    expect(parseUsername(`${" ".repeat(126)}ann`)).toBeNull();
  });
});

describe("signInKey", () => {
  const email = "ann@example.com";
  const username = "ann";

  it.each([
    ["email", email, username, { email }],
    ["email", email, null, { email }],
    ["email", null, username, null],
    ["email", null, null, null],
    ["username", email, username, { username }],
    ["username", email, null, null],
    ["username", null, username, { username }],
    ["username", null, null, null],
    ["email-or-username", email, username, { email }],
    ["email-or-username", email, null, { email }],
    ["email-or-username", null, username, { username }],
    ["email-or-username", null, null, null],
  ] as const)("by %s, with %s and %s: %j", (identifier, address, name, expected) => {
    expect(signInKey({ identifier }, { email: address, username: name })).toEqual(expected);
  });
});
