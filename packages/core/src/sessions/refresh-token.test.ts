import { describe, expect, it } from "vitest";
import {
  formatRefreshToken,
  hashFamilySecret,
  hashRotatingSecret,
  isSessionId,
  mintSessionId,
  parseRefreshToken,
  REFRESH_TOKEN_LENGTH,
  type RefreshToken,
  userTag,
  userTagOf,
} from "./refresh-token.ts";

const token: RefreshToken = {
  id: "AAECAwQFBgcICQoLDA0ODw",
  generation: 258,
  familySecret: Uint8Array.from({ length: 16 }, (_, n) => 0x10 + n),
  rotatingSecret: Uint8Array.from({ length: 32 }, (_, n) => 0x20 + n),
  remember: true,
};
// Written by hand from the layout: version | id | generation | family secret | rotating secret.
const TEXT =
  "lkr_AQABAgMEBQYHCAkKCwwNDg8AAAECEBESExQVFhcYGRobHB0eHyAhIiMkJSYnKCkqKywtLi8wMTIzNDU2Nzg5Ojs8PT4_";

describe("the form of a refresh token", () => {
  it("is lkr_ and 92 characters, byte for byte", () => {
    expect(formatRefreshToken(token)).toBe(TEXT);
    expect({ ofText: TEXT.length, constant: REFRESH_TOKEN_LENGTH }).toEqual({ ofText: 96, constant: 96 });
    expect(parseRefreshToken(TEXT)).toEqual(token);
  });

  it("holds every generation of 32 bits", () => {
    for (const generation of [0, 1, 255, 256, 65_535, 2 ** 31, 2 ** 32 - 1]) {
      expect(parseRefreshToken(formatRefreshToken({ ...token, generation }))?.generation).toBe(generation);
    }
  });

  it.each([
    ["nothing", ""],
    ["the prefix alone", "lkr_"],
    ["one character less", TEXT.slice(0, -1)],
    ["one character more", `${TEXT}A`],
    ["padding", `${TEXT.slice(0, -1)}=`],
    ["another prefix", TEXT.replace("lkr_", "LKR_")],
    ["the other alphabet", TEXT.replace("_-", "/+").replace(/_$/, "/")],
    ["white space", `${TEXT.slice(0, -1)} `],
    ["a newline", `${TEXT.slice(0, -1)}\n`],
    ["version 0", TEXT.replace("lkr_AQ", "lkr_AA")],
    ["version 3", TEXT.replace("lkr_AQ", "lkr_Aw")],
    ["a letter outside ASCII", `${TEXT.slice(0, -1)}é`],
  ])("is unique: %s is refused", (_, text) => {
    expect(parseRefreshToken(text)).toBeNull();
  });

  it("says in its first byte that its session ends with the browser", () => {
    const forgotten = { ...token, remember: false };
    expect(formatRefreshToken(forgotten)).toBe(TEXT.replace("lkr_AQ", "lkr_Ag"));
    expect(parseRefreshToken(TEXT.replace("lkr_AQ", "lkr_Ag"))).toEqual(forgotten);
  });

  it("is unique for its bytes: a changed character gives other bytes or a refusal", () => {
    for (let at = 4; at < TEXT.length; at++) {
      const changed = `${TEXT.slice(0, at)}${TEXT[at] === "A" ? "B" : "A"}${TEXT.slice(at + 1)}`;
      const parsed = parseRefreshToken(changed);
      if (parsed !== null) expect(formatRefreshToken(parsed)).toBe(changed);
      expect(parsed).not.toEqual(token);
    }
  });

  it.each([undefined, null, 1, {}, [TEXT], new String(TEXT)])("is a text: %j is refused", (value) => {
    expect(parseRefreshToken(value as string)).toBeNull();
  });
});

describe("the digests of a refresh token", () => {
  it("are SHA-256 over label, session id and secret", () => {
    expect(hashFamilySecret(token.id, token.familySecret)).toBe(
      "1V5WgD-2MzrT8zuF7bz9ruW2uVmeArqtfyLoxYu9RZQ",
    );
    expect(hashRotatingSecret(token.id, token.rotatingSecret)).toBe(
      "Tx-70xgf3-PIubZ0mZtJBYgjztx53n4wu0KXEyFEv9o",
    );
  });

  it("differ by session, by secret and by purpose", () => {
    const secret = token.familySecret;
    const other = "AAECAwQFBgcICQoLDA0OEA";
    const all = [
      hashFamilySecret(token.id, secret),
      hashFamilySecret(other, secret),
      hashRotatingSecret(token.id, secret),
      hashRotatingSecret(other, secret),
      hashFamilySecret(token.id, secret.slice(1)),
    ];
    expect(new Set(all).size).toBe(all.length);
  });

  it("are made for valid session ids only", () => {
    expect(() => hashFamilySecret("x", token.familySecret)).toThrow(TypeError);
    expect(() => formatRefreshToken({ ...token, id: "" })).toThrow(TypeError);
  });
});

describe("session ids", () => {
  const random = (length: number): Uint8Array => new Uint8Array(length).fill(7);

  it("begin with the tag of their user", () => {
    const [ann, again, bob] = [
      mintSessionId("ann", random),
      mintSessionId("ann", () => new Uint8Array(8)),
      mintSessionId("bob", random),
    ];
    const tag = (id: string): string => Buffer.from(id, "base64url").subarray(0, 8).toString("hex");
    expect({
      sameUser: tag(ann) === tag(again),
      otherUser: tag(ann) === tag(bob),
      sameId: ann === again,
    }).toEqual({ sameUser: true, otherUser: false, sameId: false });
    expect([ann, again, bob].every(isSessionId)).toBe(true);
    expect([ann, again, bob].map(userTagOf)).toEqual([userTag("ann"), userTag("ann"), userTag("bob")]);
    expect({ ofText: userTagOf("no session id"), ofNothing: userTagOf("") }).toEqual({
      ofText: null,
      ofNothing: null,
    });
  });

  it.each([
    "",
    "x",
    "AAECAwQFBgcICQoLDA0OD",
    "AAECAwQFBgcICQoLDA0ODx",
    "AAECAwQFBgcICQoLDA0O=w",
    "AAECAwQFBgcICQoLDA0ODwA",
    "../../../../etc/passwd",
  ])("have one form: %j is refused", (text) => {
    expect(isSessionId(text)).toBe(false);
  });
});
