import { describe, expect, it } from "vitest";
import { decodeUtf8, fromBase64, fromBase64url, parseJson, toBase64, toBase64url, utf8 } from "./encoding.ts";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

describe("base64", () => {
  // RFC 4648 10.
  it.each([
    ["", ""],
    ["f", "Zg=="],
    ["fo", "Zm8="],
    ["foo", "Zm9v"],
    ["foob", "Zm9vYg=="],
    ["fooba", "Zm9vYmE="],
    ["foobar", "Zm9vYmFy"],
  ])("writes %j as %j", (text, encoded) => {
    expect(toBase64(utf8(text))).toBe(encoded);
    expect(toBase64url(utf8(text))).toBe(encoded.replace(/=+$/, ""));
    expect(fromBase64(encoded)).toEqual(utf8(text));
    expect(fromBase64url(encoded.replace(/=+$/, ""))).toEqual(utf8(text));
  });

  it("writes every byte at every position as Buffer does", () => {
    for (let byte = 0; byte < 256; byte++) {
      for (const list of [[byte], [0, byte], [255, 255, byte], [byte, byte, byte, byte]]) {
        const bytes = Uint8Array.from(list);
        const text = toBase64url(bytes);
        expect(text).toBe(Buffer.from(bytes).toString("base64url"));
        expect(fromBase64url(text)).toEqual(bytes);
        expect(toBase64(bytes)).toBe(Buffer.from(bytes).toString("base64"));
      }
    }
  });

  it("writes 100,000 bytes", () => {
    const bytes = Uint8Array.from({ length: 100_000 }, (_, index) => index % 251);
    expect(fromBase64url(toBase64url(bytes))).toEqual(bytes);
  });

  it("reads exactly one text for each two bytes (RFC 4648 3.5)", () => {
    const read = [...ALPHABET].flatMap((last) => fromBase64url(`AA${last}`) ?? []);
    expect(read).toHaveLength(16);
    expect([...ALPHABET].flatMap((last) => fromBase64url(`A${last}`) ?? [])).toHaveLength(4);
  });

  it.each(["A", "AAAAA", "AA=", "AA==", "AA A", " AAAA", "AAAA\n", "A+AA", "A/AA", "AAA\u00e9", "AAAA\0"])(
    "refuses %j",
    (text) => {
      expect(fromBase64url(text)).toBeNull();
    },
  );

  it.each(["QQ", "QQ=", "QQ=="])("reads %j, with or without padding", (text) => {
    expect(fromBase64(text)).toEqual(utf8("A"));
  });

  it.each([
    "Q",
    "QQ===",
    "QUI==",
    "QUJD=",
    "QUJD==",
    "=",
    "==",
    "Q=Q=",
    "QR==",
    "QUJ=",
    "QQ==\n",
    " QQ==",
    "QQ-=",
  ])("does not read %j", (text) => {
    expect(fromBase64(text)).toBeNull();
  });

  it("returns null for a text that atob refuses", () => {
    for (const text of ["A", "A-__", "====", "\u{1F600}"]) expect(fromBase64(text)).toBeNull();
  });
});

describe("text and JSON", () => {
  it("are not read from bytes that are not UTF-8, and keep a byte order mark", () => {
    expect(decodeUtf8(utf8("\ufeff\u00e4"))).toBe("\ufeff\u00e4");
    for (const bytes of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xe2, 0x82]]) {
      expect(decodeUtf8(Uint8Array.from(bytes)), bytes.join()).toBeNull();
    }
  });

  it("have no member named __proto__, however it is written", () => {
    for (const name of ["__proto__", "\\u005f_proto__", "__\\u0070roto__"]) {
      const parsed = parseJson(`{"a":{"${name}":{"admin":true},"b":1}}`);
      expect(JSON.stringify(parsed), name).toBe('{"a":{"b":1}}');
    }
    expect(parseJson("{")).toBeUndefined();
  });
});
