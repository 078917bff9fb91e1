import { describe, expect, it } from "vitest";
import { checkSecrets } from "./secrets.ts";

const SOUND = "d2f1c0a94b7e43d58c6f7a8b9e0d1c2f";
const SITE = new URL("https://app.example.com");

describe("checkSecrets", () => {
  it("accepts secrets of 32 bytes, the newest first", () => {
    const older = SOUND.toUpperCase();
    expect(checkSecrets(SOUND, SITE)).toEqual([SOUND]);
    expect(checkSecrets([SOUND, older], SITE)).toEqual([SOUND, older]);
  });

  it("asks for one outside localhost alone", () => {
    for (const given of [undefined, []]) {
      expect(() => checkSecrets(given, SITE)).toThrow(/^secret is missing/);
      expect(checkSecrets(given, new URL("http://localhost:3000"))).toEqual([]);
      expect(checkSecrets(given, null)).toEqual([]);
    }
  });

  it.each<[string, string]>([
    [SOUND.slice(1), "is shorter than 32 bytes"],
    ["", "is shorter than 32 bytes"],
    ["ab".repeat(16), "can be guessed"],
    ["0123456".repeat(5), "can be guessed"],
    [`change-me-${SOUND}`, "can be guessed"],
    [`${SOUND}-your-secret`, "can be guessed"],
    [`"${SOUND}"`, "begins or ends with white space or quotes"],
    [`${SOUND}\n`, "begins or ends with white space or quotes"],
  ])("refuses %j, and does not show it", (secret, reason) => {
    for (const site of [SITE, new URL("http://localhost"), null]) {
      for (const given of [secret, [SOUND, secret]]) {
        const check = (): unknown => checkSecrets(given, site);
        expect(check).toThrow(new RegExp(`^secret ${reason}`));
        if (secret !== "") expect(check).not.toThrow(secret.trim());
      }
    }
  });

  it("refuses the same secret twice", () => {
    expect(() => checkSecrets([SOUND, SOUND], SITE)).toThrow("secret has the same value twice");
  });
});
