import { describe, expect, it } from "vitest";
import type { OAuthFault } from "./fault.ts";
import { type ExpectedIdToken, faultOfClaims } from "./id-token.ts";
import { isSubject } from "./profile.ts";

const NOW = 1_800_000_000;
const ISSUER = "https://id.example.org";
const expected: ExpectedIdToken = {
  issuer: () => ISSUER,
  clientId: "client",
  nonce: "n".repeat(43),
  now: NOW,
};
const right = {
  iss: ISSUER,
  aud: "client",
  iat: NOW,
  exp: NOW + 300,
  nonce: expected.nonce,
  sub: "ann",
};

type Claim = keyof typeof right | "azp" | "nbf";
const good: Readonly<Partial<Record<Claim, readonly unknown[]>>> = {
  aud: [["client"]],
  azp: ["client"],
  iat: [NOW - 659, NOW - 600, NOW + 60, NOW - 0.5],
  exp: [NOW + 1, NOW + 10_000_000],
  nbf: [0, NOW + 60, NOW - 1_000],
  sub: ["a", "x".repeat(255), "\u{1F600}", "1", "a b"],
};
const bad: Readonly<Record<Claim, readonly [OAuthFault, readonly unknown[]]>> = {
  iss: [
    "id_token_issuer",
    [undefined, null, "", `${ISSUER}/`, "https://ID.example.org", [ISSUER], `${ISSUER}.evil.example`],
  ],
  aud: [
    "id_token_audience",
    [
      undefined,
      null,
      "",
      "other",
      [],
      ["client", "other"],
      ["client", "client"],
      [["client"]],
      "Client",
      true,
    ],
  ],
  azp: ["id_token_audience", ["other", null, "", ["client"], 7]],
  exp: ["id_token_time", [undefined, null, NOW - 60, NOW, `${NOW + 300}`, Number.NaN, true]],
  iat: ["id_token_time", [undefined, null, NOW - 660, NOW + 61, `${NOW}`, Number.NaN, NOW + 300]],
  nbf: ["id_token_time", [NOW + 61, "0", true, Number.NaN]],
  nonce: ["id_token_nonce", [undefined, null, "", "n".repeat(42), "m".repeat(43), [expected.nonce]]],
  sub: ["subject", [undefined, null, "", 7, "x".repeat(256), "a\u0000b", "a\nb", "\uD800", ["ann"], {}]],
};

describe("faultOfClaims", () => {
  it("finds nothing wrong with a right token", () => {
    expect(faultOfClaims(right, expected)).toBeNull();
    expect(faultOfClaims({ ...right, more: "x", email: 7 }, expected)).toBeNull();
  });

  it.each(Object.entries(good))("takes every good %s", (claim, values) => {
    for (const value of values ?? []) {
      expect([value, faultOfClaims({ ...right, [claim]: value }, expected)]).toEqual([value, null]);
    }
  });

  it.each(Object.entries(bad))("OAU-11 finds every wrong %s", (claim, [fault, values]) => {
    for (const value of values) {
      expect([value, faultOfClaims({ ...right, [claim]: value }, expected)]).toEqual([value, fault]);
    }
  });

  it("reads own members only", () => {
    expect(faultOfClaims(Object.create(right), expected)).toBe("id_token_issuer");
  });

  it("refuses every token where no issuer can be expected", () => {
    expect(faultOfClaims(right, { ...expected, issuer: () => null })).toBe("id_token_issuer");
  });
});

describe("isSubject", () => {
  it("is a text of 1 to 255 characters without controls", () => {
    for (const value of good.sub ?? []) expect(isSubject(value)).toBe(true);
    for (const value of bad.sub[1]) expect(isSubject(value)).toBe(false);
  });
});
