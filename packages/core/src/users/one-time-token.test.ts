import { describe, expect, it } from "vitest";
import { hashOneTimeToken, isOneTimeToken, mintOneTimeToken } from "./one-time-token.ts";

const TOKEN = "A".repeat(43);

describe("a one-time token", () => {
  it("has another digest for each purpose", () => {
    const purposes = ["password-reset", "oauth-exchange", "oauth-state", ""];
    expect(new Set(purposes.map((purpose) => hashOneTimeToken(TOKEN, purpose))).size).toBe(purposes.length);
    expect(hashOneTimeToken(TOKEN, "oauth-state")).toBe(hashOneTimeToken(TOKEN, "oauth-state"));
    expect(hashOneTimeToken(`${TOKEN.slice(1)}E`, "oauth-state")).not.toBe(
      hashOneTimeToken(TOKEN, "oauth-state"),
    );
  });

  it("has 256 random bits in a form that is checked", () => {
    const asked: number[] = [];
    const minted = mintOneTimeToken((length) => {
      asked.push(length);
      return new Uint8Array(length);
    });
    expect({ asked, minted }).toEqual({ asked: [32], minted: TOKEN });
    expect(isOneTimeToken(minted)).toBe(true);
    for (const text of ["", TOKEN.slice(1), `${TOKEN}A`, `${TOKEN.slice(1)}=`, `${TOKEN.slice(1)}B`]) {
      expect(isOneTimeToken(text), text).toBe(false);
    }
  });
});
