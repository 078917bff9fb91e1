import { describe, expect, it } from "vitest";
import { type Claim, type Selection, selectClaim } from "./select.ts";

const KINDS = ["access", "refresh"] as const;
const NAMES = [true, false] as const;
const STANDINGS = ["live", "superseded", "dead"] as const;
const SESSIONS = ["owner", "other"] as const;

/** Every token that a request can carry; an access token is never superseded. */
const CLAIMS: readonly Claim[] = KINDS.flatMap((kind) =>
  NAMES.flatMap((current) =>
    STANDINGS.flatMap((standing) =>
      SESSIONS.map((sessionId): Claim => ({ kind, current, standing, sessionId, rank: 1 })),
    ),
  ),
).filter(({ kind, standing }) => kind === "refresh" || standing !== "superseded");

/** The rules, written once more as the text has them; the session that counts, or why none does. */
function expected(claims: readonly Claim[]): string {
  const liveUnder = (current: boolean): ReadonlySet<string> =>
    new Set(claims.filter((c) => c.current === current && c.standing === "live").map((c) => c.sessionId));
  const staleUnder = (current: boolean): ReadonlySet<string> =>
    new Set(
      claims.filter((c) => c.current === current && c.standing === "superseded").map((c) => c.sessionId),
    );
  for (const current of NAMES) {
    const live = [...liveUnder(current)];
    if (live.length > 1) return "conflict";
    if (live.length === 1) return `live ${live[0]}`;
    const stale = [...staleUnder(current)];
    const former = [...liveUnder(false)].filter((id) => stale.includes(id));
    if (former.length > 0) return stale.length > 1 && former.length > 1 ? "live either" : `live ${former[0]}`;
    if (stale.length > 0) return stale.length === 1 ? `superseded ${stale[0]}` : "superseded either";
  }
  return claims.some(({ kind }) => kind === "refresh") ? "dead" : "none";
}

function outcome(claims: readonly Claim[], selection: Selection): string {
  if (selection.kind !== "use") return selection.kind;
  const used = claims[selection.index];
  if (used === undefined) return "out of range";
  return used.standing === "dead" ? "dead" : `${used.standing} ${used.sessionId}`;
}

function agrees(found: string, rule: string): boolean {
  return rule.endsWith(" either") ? found.startsWith(rule.slice(0, -" either".length)) : found === rule;
}

describe("selectClaim", () => {
  it("is the rules, for every one, two and three tokens of two sessions in any order", () => {
    const seen = new Set<string>();
    const check = (claims: readonly Claim[]): void => {
      const [found, rule] = [outcome(claims, selectClaim(claims)), expected(claims)];
      if (!agrees(found, rule)) expect({ claims, found }).toEqual({ claims, found: rule });
      seen.add(found);
    };
    check([]);
    for (const a of CLAIMS) {
      check([a]);
      for (const b of CLAIMS) {
        check([a, b]);
        for (const c of CLAIMS) check([a, b, c]);
      }
    }
    expect([...seen].sort()).toEqual([
      "conflict",
      "dead",
      "live other",
      "live owner",
      "none",
      "superseded other",
      "superseded owner",
    ]);
  });

  it("never takes a session under a former name beside a live one under the name in use", () => {
    for (const mine of CLAIMS.filter(({ current, standing }) => current && standing === "live")) {
      for (const theirs of CLAIMS.filter(
        ({ current, sessionId }) => !current && sessionId !== mine.sessionId,
      )) {
        for (const claims of [
          [mine, theirs],
          [theirs, mine],
        ]) {
          expect(outcome(claims, selectClaim(claims))).toBe(`live ${mine.sessionId}`);
        }
      }
    }
  });

  it("of one session takes the access token before the refresh token, and the newest of a kind", () => {
    const live = (kind: Claim["kind"], rank: number, current = true): Claim => ({
      kind,
      current,
      sessionId: "owner",
      standing: "live",
      rank,
    });
    const used = (...claims: readonly Claim[]): Claim | undefined => {
      const selection = selectClaim(claims);
      return selection.kind === "use" ? claims[selection.index] : undefined;
    };
    expect(used(live("refresh", 9), live("access", 1))).toMatchObject({ kind: "access" });
    expect(used(live("refresh", 1), live("refresh", 3), live("refresh", 2))).toMatchObject({ rank: 3 });
    expect(used(live("refresh", 2, false), live("refresh", 2, true))).toMatchObject({ current: true });
    expect(used(live("refresh", 3, false), live("refresh", 2, true))).toMatchObject({ rank: 3 });
  });

  it("names the sessions of a conflict", () => {
    const claims = CLAIMS.filter(
      ({ kind, current, standing }) => kind === "refresh" && current && standing === "live",
    );
    expect(selectClaim(claims)).toEqual({ kind: "conflict", sessionIds: ["owner", "other"] });
  });
});
