import { describe, expect, it } from "vitest";
import { decideLogoutToken, type LogoutDecision, type LogoutFault } from "./logout-token.ts";

const AT = 1_800_000_000;
const EVENT = "http://schemas.openid.net/event/backchannel-logout";
const EXPECTED = { issuer: "https://id.example.com", clientId: "client" };
const RIGHT = {
  iss: EXPECTED.issuer,
  aud: "client",
  iat: AT,
  exp: AT + 120,
  jti: "token-1",
  events: { [EVENT]: {} },
  sub: "ann",
  sid: "s1",
};

type Claims = Readonly<Record<string, unknown>>;
type Case = readonly [claims: Claims, fault: LogoutFault | null];

/** A claim that is left out. */
const NONE = undefined;

/** What each part of the claims may be. The first of each is right; faults of earlier parts are told first. */
const PARTS: Readonly<Record<string, readonly Case[]>> = {
  issuer: [
    [{}, null],
    ...[NONE, null, "", "https://id.example.com/", "https://evil.example", ["https://id.example.com"]].map(
      (iss): Case => [{ iss }, "issuer"],
    ),
  ],
  audience: [
    [{}, null],
    [{ aud: ["client"] }, null],
    [{ aud: ["other", "client"] }, null],
    ...[NONE, null, "other", "clien", [], ["other"], [["client"]], {}].map(
      (aud): Case => [{ aud }, "audience"],
    ),
  ],
  time: [
    [{}, null],
    [{ iat: AT - 600, exp: AT + 1 }, null],
    [{ iat: AT - 60, exp: AT - 59 }, null],
    [{ iat: AT + 60 }, null],
    ...[NONE, null, "1800000000", AT + 61, AT - 660, 0, -1].map((iat): Case => [{ iat }, "time"]),
    ...[NONE, null, "1800000120", AT, AT - 1].map((exp): Case => [{ exp }, "time"]),
    [{ iat: AT - 120, exp: AT - 60 }, "time"],
  ],
  event: [
    [{}, null],
    [{ events: { [EVENT]: { more: 1 }, other: null } }, null],
    ...[
      NONE,
      null,
      EVENT,
      [EVENT],
      {},
      { [EVENT]: null },
      { [EVENT]: "" },
      { [EVENT]: [] },
      { other: {} },
    ].map((events): Case => [{ events }, "event"]),
  ],
  nonce: [[{}, null], ...["n", "", null, 0, {}].map((nonce): Case => [{ nonce }, "nonce"])],
  subject: [
    [{}, null],
    [{ sub: NONE }, null],
    [{ sid: NONE }, null],
    [{ sub: NONE, sid: NONE }, "subject"],
    ...["", null, 1, {}, ["ann"], "a\u0000", "x".repeat(256)].flatMap((name): Case[] => [
      [{ sub: name }, "subject"],
      [{ sid: name }, "subject"],
    ]),
  ],
  id: [[{}, null], ...[NONE, null, "", 1, {}, "x".repeat(256)].map((jti): Case => [{ jti }, "id"])],
};

function kindOf(decision: LogoutDecision): LogoutFault | null {
  return decision.kind === "accept" ? null : decision.fault;
}

describe("decideLogoutToken", () => {
  it.each(Object.keys(PARTS))("judges %s in every form", (part) => {
    for (const [claims, fault] of PARTS[part] ?? []) {
      const decision = decideLogoutToken({ ...RIGHT, ...claims }, EXPECTED, AT);
      expect({ claims, fault: kindOf(decision) }).toEqual({ claims, fault });
    }
  });

  it("accepts exactly the claims whose every part is right, and tells the first fault, for every pair of forms", () => {
    const parts = Object.values(PARTS);
    for (const [index, part] of parts.entries())
      for (const later of parts.slice(index + 1))
        for (const [claims, fault] of part)
          for (const [others, otherFault] of later) {
            const decision = decideLogoutToken({ ...RIGHT, ...claims, ...others }, EXPECTED, AT);
            expect({ claims, others, fault: kindOf(decision) }).toEqual({
              claims,
              others,
              fault: fault ?? otherFault,
            });
          }
  });

  it("returns what the token names", () => {
    const logoutOf = (claims: Claims): unknown => decideLogoutToken({ ...RIGHT, ...claims }, EXPECTED, AT);
    const accepted = (subject: string | null, sid: string | null): unknown => ({
      kind: "accept",
      logout: { subject, sid, jti: "token-1" },
    });
    expect(logoutOf({})).toEqual(accepted("ann", "s1"));
    expect(logoutOf({ sub: NONE })).toEqual(accepted(null, "s1"));
    expect(logoutOf({ sid: NONE })).toEqual(accepted("ann", null));
  });

  it("reads own members alone", () => {
    const inherited: Claims = Object.create(RIGHT);
    expect(kindOf(decideLogoutToken(inherited, EXPECTED, AT))).toBe("issuer");
  });
});
