import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatPhc, parsePhc } from "./hasher.ts";

const SALT = "AAECAwQFBgcICQoLDA0ODw";
const KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

describe("PHC strings", () => {
  it("have exactly one form", () => {
    const bytes = Uint8Array.from({ length: 32 }, (_, n) => n);
    const text = `$scrypt$ln=15,r=8,p=3$${SALT}$${KEY}`;
    const phc = {
      id: "scrypt",
      parameters: { ln: 15, r: 8, p: 3 },
      salt: bytes.subarray(0, 16),
      key: bytes,
    };
    expect(formatPhc(phc)).toBe(text);
    expect(parsePhc(text)).toEqual(phc);
  });

  it.each([
    ["nothing", ""],
    ["text", "correct horse"],
    ["another format", "$2b$12$EXRkfkdmXn2gzds2SSituu9FpYj5.ZjWvs1pV9WrwJvB6GqmKvLkq"],
    ["no leading $", `scrypt$ln=15$${SALT}$${KEY}`],
    ["no parameters", `$scrypt$${SALT}$${KEY}`],
    ["no key", `$scrypt$ln=15$${SALT}`],
    ["an empty key", `$scrypt$ln=15$${SALT}$`],
    ["an empty salt", `$scrypt$ln=15$$${KEY}`],
    ["a fifth part", `$scrypt$ln=15$${SALT}$${KEY}$`],
    ["padding", `$scrypt$ln=15$${SALT}==$${KEY}=`],
    ["base64url", `$scrypt$ln=15$${SALT}$${KEY.slice(0, -3)}-_A`],
    ["stray bits", `$scrypt$ln=15$${SALT}$${KEY.slice(0, -1)}9`],
    ["a leading zero", `$scrypt$ln=015$${SALT}$${KEY}`],
    ["a sign", `$scrypt$ln=+15$${SALT}$${KEY}`],
    ["a negative", `$scrypt$ln=-15$${SALT}$${KEY}`],
    ["a fraction", `$scrypt$ln=1.5$${SALT}$${KEY}`],
    ["an exponent", `$scrypt$ln=1e9$${SALT}$${KEY}`],
    ["a hexadecimal", `$scrypt$ln=0x0f$${SALT}$${KEY}`],
    ["a parameter twice", `$scrypt$ln=15,ln=16$${SALT}$${KEY}`],
    ["a trailing comma", `$scrypt$ln=15,$${SALT}$${KEY}`],
    ["white space", `$scrypt$ln=15, r=8$${SALT}$${KEY}`],
    ["a line feed at the end", `$scrypt$ln=15$${SALT}$${KEY}\n`],
    ["a number of many digits", `$scrypt$ln=${"9".repeat(40)}$${SALT}$${KEY}`],
    ["a megabyte", `$scrypt$ln=15$${SALT}$${"A".repeat(1_000_000)}`],
    ["other letters", `$scrypt$ln=15$${SALT}$${KEY}é`],
    ["NUL", `$scrypt$ln=15$${SALT}$${KEY}\0`],
  ])("are refused with %s", (_, text) => {
    expect(parsePhc(text)).toBeNull();
  });

  it("are either refused or written back unchanged, for any text", () => {
    const near = fc.stringMatching(
      /^\$[a-z0-9-]+\$[a-z]+=\d+(,[a-z]+=\d+)*\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/=]+$/,
    );
    fc.assert(
      fc.property(fc.oneof(near, fc.string()), (text) => {
        const phc = parsePhc(text);
        expect(phc === null || formatPhc(phc) === text).toBe(true);
      }),
      { numRuns: 10_000 },
    );
  });
});
