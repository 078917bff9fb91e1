import { describe, expect, it } from "vitest";
import { checkSecrets, missingSecret } from "./secrets.ts";

const SOUND = "d2f1c0a94b7e43d58c6f7a8b9e0d1c2f";
const SITE = new URL("https://app.example.com");

describe("checkSecrets", () => {
  it("accepts secrets of 32 bytes, the newest first", () => {
    const older = SOUND.toUpperCase();
    expect(checkSecrets(SOUND)).toEqual([SOUND]);
    expect(checkSecrets([SOUND, older])).toEqual([SOUND, older]);
  });

  it("leaves none of an environment without secrets, and refuses a list with a gap", () => {
    for (const given of [undefined, "", [], [undefined], ["", undefined]])
      expect(checkSecrets(given)).toEqual([]);
    expect(() => checkSecrets([undefined, SOUND])).toThrow(/^secret\[0\] is missing beside other secrets/);
    expect(() => checkSecrets([SOUND, ""])).toThrow(/^secret\[1\] is missing beside other secrets/);
  });

  it.each<[string, string]>([
    [SOUND.slice(1), "is shorter than 32 bytes"],
    [" ", "is shorter than 32 bytes"],
    ["ab".repeat(16), "can be guessed"],
    ["0123456".repeat(5), "can be guessed"],
    [`change-me-${SOUND}`, "can be guessed"],
    [`${SOUND}-your-secret`, "can be guessed"],
    [`"${SOUND}"`, "begins or ends with white space or quotes"],
    [`${SOUND}\n`, "begins or ends with white space or quotes"],
  ])("refuses %j, and does not show it", (secret, reason) => {
    for (const given of [secret, [SOUND, secret]]) {
      const check = (): unknown => checkSecrets(given);
      expect(check).toThrow(new RegExp(`^secret ${reason}`));
      if (secret.trim() !== "") expect(check).not.toThrow(secret.trim());
    }
  });

  it("refuses the same secret twice", () => {
    expect(() => checkSecrets([SOUND, SOUND])).toThrow("secret has the same value twice");
  });
});

describe("missingSecret", () => {
  const LOCAL = new URL("http://localhost:3000");
  it.each([
    [
      "a site without a secret",
      [],
      SITE,
      "EdDSA",
      /^secret is missing, but it is required outside localhost/,
    ],
    ["HS256 without a secret, on localhost too", [], LOCAL, "HS256", /^secret is missing, but HS256/],
    ["HS256 without a secret and baseURL", [], null, "HS256", /^secret is missing, but HS256/],
    ["localhost without a secret", [], LOCAL, "EdDSA", null],
    ["no baseURL, which serves localhost alone", [], null, "EdDSA", null],
    ["a site with a secret", [SOUND], SITE, "EdDSA", null],
    ["HS256 with a secret", [SOUND], SITE, "HS256", null],
  ] as const)("is for %s", (_, secrets, site, algorithm, expected) => {
    const found = missingSecret(secrets, site, algorithm);
    if (expected === null) expect(found).toBeNull();
    else expect(found).toMatch(expected);
  });
});
