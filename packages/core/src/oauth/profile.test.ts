import { describe, expect, it } from "vitest";
import { checkProfile, pictureOf, readOpenIdProfile } from "./profile.ts";

const HOST = "https://images.example/";

describe("pictureOf", () => {
  it.each([
    [`${HOST}ann.png`, `${HOST}ann.png`],
    [`${HOST}ann.png?size=96&v=2#x`, `${HOST}ann.png?size=96&v=2#x`],
    ["HTTPS://Images.Example/ann.png", `${HOST}ann.png`],
    [`${HOST}"onerror=alert(1)`, `${HOST}%22onerror=alert(1)`],
    [`${HOST}<script>`, `${HOST}%3Cscript%3E`],
    [`${HOST}${"a".repeat(2_048 - HOST.length)}`, `${HOST}${"a".repeat(2_048 - HOST.length)}`],
  ])("reads %j", (value, picture) => {
    expect(pictureOf(value)).toBe(picture);
  });

  it.each<[string, unknown]>([
    ["nothing", undefined],
    ["null", null],
    ["a number", 7],
    ["a list", [`${HOST}ann.png`]],
    ["an object", { url: `${HOST}ann.png` }],
    ["an empty text", ""],
    ["a path", "/ann.png"],
    ["no URL", "ann"],
    ["http", "http://images.example/ann.png"],
    ["a script", "javascript:alert(1)//https://images.example/"],
    ["the picture itself", "data:image/png;base64,AAAA"],
    ["a blob", "blob:https://images.example/1"],
    ["credentials", "https://ann:secret@images.example/ann.png"],
    ["a line break", `${HOST}a\nb`],
    ["a NUL", `${HOST}a\0b`],
    ["a blank in front", ` ${HOST}a`],
    ["a mark of direction", `${HOST}\u202egnp.exe`],
    ["a lone surrogate", `${HOST}\ud800`],
    ["2,049 characters", `${HOST}${"a".repeat(2_049 - HOST.length)}`],
    ["more than 2,048 characters once they are escaped", `${HOST}${"ä".repeat(1_000)}`],
  ])("reads none of %s", (_, value) => {
    expect(pictureOf(value)).toBeNull();
  });
});

describe("checkProfile", () => {
  it("keeps the identity where a name, an address or a picture is of a wrong type", () => {
    for (const wrong of [7, true, null, ["x"], { x: 1 }, "a\nb", "x".repeat(9_999)]) {
      const claims = { sub: "x", name: wrong, email: wrong, email_verified: true, picture: wrong };
      const told = { subject: "x", name: null, email: null, picture: null };
      expect(checkProfile(readOpenIdProfile(claims), claims)).toMatchObject(told);
      const profile = { subject: "x", name: wrong, email: wrong, picture: wrong };
      expect(checkProfile(profile, claims)).toMatchObject(told);
    }
  });
});
