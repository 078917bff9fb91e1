import { describe, expect, it } from "vitest";
import {
  decideSlot,
  hashOneTimeToken,
  isOneTimeToken,
  mintOneTimeToken,
  type SlotToken,
} from "./one-time-token.ts";

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

describe("one try to redeem a slot", () => {
  const NOW = 1_900_000_000;
  const token: SlotToken = {
    slot: "slot",
    purpose: "code",
    secret: "right",
    tries: 5,
    userId: "ann",
    data: {},
    expiresAt: NOW + 1,
  };
  const unlimited = { ...token, tries: null };
  const last = { ...token, tries: 1 };
  const nothing = { redeemed: null, stays: null };

  it.each([
    ["an empty slot", null, "right", NOW, nothing],
    ["the right secret", token, "right", NOW, { redeemed: token, stays: null }],
    ["the right secret with the last try", last, "right", NOW, { redeemed: last, stays: null }],
    ["the right secret at the expiry", token, "right", NOW + 1, nothing],
    ["the right secret after the expiry", unlimited, "right", NOW + 2, nothing],
    ["a wrong secret", token, "wrong", NOW, { redeemed: null, stays: { ...token, tries: 4 } }],
    ["a wrong secret with the last try", last, "wrong", NOW, nothing],
    [
      "a wrong secret without a number of tries",
      unlimited,
      "wrong",
      NOW,
      { redeemed: null, stays: unlimited },
    ],
    ["a wrong secret at the expiry", unlimited, "wrong", NOW + 1, nothing],
    [
      "the right secret in another case",
      token,
      "RIGHT",
      NOW,
      { redeemed: null, stays: { ...token, tries: 4 } },
    ],
    ["no secret", token, "", NOW, { redeemed: null, stays: { ...token, tries: 4 } }],
  ] as const)("decides about %s", (_, found, secret, now, decision) => {
    expect(decideSlot(found, secret, now)).toEqual(decision);
  });
});
