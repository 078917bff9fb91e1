import { describe, expect, it } from "vitest";
import {
  type AccessCandidate,
  type Candidate,
  type Purpose,
  type RefreshCandidate,
  selectToken,
} from "./select.ts";

const V = "victim";
const A = "attacker";

interface Under {
  readonly current: boolean;
  readonly hostBound: boolean;
}

const CURRENT: Under = { current: true, hostBound: false };
const FORMER: Under = { current: false, hostBound: false };
const HOST: Under = { current: true, hostBound: true };

function access(
  sessionId: string,
  verdict: AccessCandidate["verdict"] = "live",
  under = CURRENT,
  expiresAt = 9,
): Candidate {
  return { kind: "access", sessionId, verdict, expiresAt, ...under };
}

function refresh(
  sessionId: string,
  verdict: RefreshCandidate["verdict"] = "live",
  under = CURRENT,
  generation = 1,
): Candidate {
  return { kind: "refresh", sessionId, verdict, generation, ...under };
}

/** The session that a request is known by, or why it is none's. */
function sessionOf(purpose: Purpose, ...candidates: readonly Candidate[]): string {
  const selection = selectToken(candidates, purpose);
  return "chosen" in selection ? selection.chosen.sessionId : selection.kind;
}

function indexOf(purpose: Purpose, ...candidates: readonly Candidate[]): number | string {
  const selection = selectToken(candidates, purpose);
  return "chosen" in selection ? candidates.indexOf(selection.chosen) : selection.kind;
}

const PURPOSES = ["authenticate", "refresh"] as const;
const ACCESS = ["live", "expired"] as const;
const REFRESH = ["live", "superseded", "ended", "dead"] as const;

/** Every token that a session can have in a request, but for its age. */
function tokensOf(sessionId: string, under: Under): readonly Candidate[] {
  return [
    ...ACCESS.map((verdict) => access(sessionId, verdict, under)),
    ...REFRESH.map((verdict) => refresh(sessionId, verdict, under)),
  ];
}

describe("a single token", () => {
  it("is selected, whatever it is, unless it is an expired access token", () => {
    for (const under of [CURRENT, FORMER, HOST]) {
      for (const token of tokensOf(V, under)) {
        const isTaken = token.kind === "refresh" || token.verdict === "live";
        expect(sessionOf("authenticate", token)).toBe(isTaken ? V : "none");
        expect(sessionOf("refresh", token)).toBe(token.kind === "refresh" ? V : "none");
      }
      expect(sessionOf("refresh", refresh(V, "unread", under))).toBe(V);
    }
  });

  it("needs no call to the store, and neither do several tokens of one session beside a live access token", () => {
    expect(sessionOf("authenticate", access(V), refresh(V, "unread"))).toBe(V);
    expect(sessionOf("authenticate", access(V), refresh(V, "unread"), refresh(V, "unread", FORMER))).toBe(V);
    expect(sessionOf("refresh", access(V), refresh(V, "unread"))).toBe(V);
  });

  it("is not found in an empty request", () => {
    for (const purpose of PURPOSES) expect(sessionOf(purpose)).toBe("none");
  });
});

describe("a current cookie name beside a former name", () => {
  /** What each token of the victim under a name in use makes of any token of the attacker under a former name. */
  const table: readonly (readonly [Candidate, authenticate: string, refresh: string])[] = [
    [access(V, "live"), V, "none"],
    [access(V, "expired"), "none", "none"],
    [refresh(V, "live"), V, V],
    [refresh(V, "superseded"), V, V],
    [refresh(V, "ended"), V, V],
  ];

  it.each(table)("is never answered as another session: %o", (own, byAny, byRefresh) => {
    for (const foreign of tokensOf(A, FORMER)) {
      for (const candidates of [
        [own, foreign],
        [foreign, own],
      ]) {
        expect(sessionOf("authenticate", ...candidates)).toBe(byAny);
        expect(sessionOf("refresh", ...candidates)).toBe(byRefresh);
      }
    }
  });

  it("is checked in the store before a former name counts", () => {
    const bound = { current: false, hostBound: true };
    for (const foreign of [
      access(A, "live", FORMER),
      access(A, "live", bound),
      refresh(A, "unread", FORMER),
    ]) {
      for (const purpose of PURPOSES) {
        expect(sessionOf(purpose, refresh(V, "unread"), foreign)).toBe("unread");
      }
    }
  });

  it("is ignored where its session never issued the token", () => {
    expect(sessionOf("authenticate", refresh(V, "dead"), access(A, "live", FORMER))).toBe(A);
    expect(sessionOf("authenticate", refresh(V, "dead"), refresh(A, "live", FORMER))).toBe(A);
  });

  it("gives way, once its session is over, to a former name that only this host can have set", () => {
    const former = { current: false, hostBound: true };
    for (const own of [refresh(V, "ended"), access(V, "expired")]) {
      expect(sessionOf("authenticate", own, access(A, "live", former))).toBe(A);
      expect(sessionOf("authenticate", own, refresh(A, "live", former))).toBe(A);
    }
    for (const own of [refresh(V, "live"), refresh(V, "superseded")]) {
      expect(sessionOf("authenticate", own, access(A, "live", former))).toBe(V);
    }
  });

  it("shares the request with a former name of the same session", () => {
    expect(indexOf("authenticate", refresh(V, "live"), access(V, "live", FORMER))).toBe(1);
    expect(indexOf("refresh", access(V), refresh(V, "unread", FORMER))).toBe(1);
    expect(indexOf("refresh", refresh(V, "superseded"), refresh(V, "live", FORMER))).toBe(1);
    expect(sessionOf("authenticate", access(V, "expired"), refresh(V, "live", FORMER))).toBe(V);
  });
});

describe("two sessions under cookie names of the same rank", () => {
  it.each([CURRENT, FORMER])("are a conflict where both are live (%o)", (under) => {
    for (const pair of [
      [access(V, "live", under), access(A, "live", under)],
      [access(V, "live", under), refresh(A, "live", under)],
      [refresh(V, "live", under), refresh(A, "live", under)],
    ]) {
      for (const candidates of [pair, pair.toReversed()]) {
        expect(selectToken(candidates, "authenticate")).toEqual({
          kind: "conflict",
          sessionIds: expect.toSatisfy((ids: string[]) => ids.toSorted().join() === `${A},${V}`),
        });
        const isRefreshable = candidates.some(({ kind }) => kind === "refresh");
        expect(sessionOf("refresh", ...candidates)).toBe(isRefreshable ? "conflict" : "none");
      }
    }
  });

  it.each([CURRENT, FORMER])("are answered as the live one where the other is not live (%o)", (under) => {
    for (const own of [access(V, "live", under), refresh(V, "live", under)]) {
      for (const foreign of tokensOf(A, under).filter(({ verdict }) => verdict !== "live")) {
        expect(sessionOf("authenticate", own, foreign)).toBe(V);
        expect(sessionOf("authenticate", foreign, own)).toBe(V);
      }
    }
  });

  it("are both read before the request is answered", () => {
    expect(sessionOf("authenticate", access(V), refresh(A, "unread"))).toBe("unread");
    expect(sessionOf("refresh", access(V), refresh(A, "unread"))).toBe("unread");
    expect(sessionOf("refresh", refresh(V, "unread"), refresh(A, "unread"))).toBe("unread");
    expect(sessionOf("authenticate", access(V), access(A), refresh(V, "unread"))).toBe("conflict");
  });

  it("are decided by a token that no sibling host can have set (REF-10)", () => {
    expect(sessionOf("authenticate", access(V, "live", HOST), refresh(A, "unread", HOST))).toBe(V);
    expect(sessionOf("authenticate", access(V, "live", HOST), refresh(A, "unread", CURRENT))).toBe(V);
    expect(sessionOf("refresh", access(V, "live", HOST), refresh(A, "unread", HOST))).toBe(A);
    expect(sessionOf("refresh", access(V, "live", HOST), refresh(A, "live", CURRENT))).toBe("conflict");
  });
});

describe("several tokens of one session", () => {
  it("are answered by the newest live one, in any order", () => {
    expect(indexOf("authenticate", access(V, "live", CURRENT, 1), access(V, "live", CURRENT, 2))).toBe(1);
    expect(indexOf("authenticate", access(V, "live", CURRENT, 2), access(V, "live", CURRENT, 1))).toBe(0);
    for (const other of REFRESH) {
      const generation = other === "live" ? 0 : 9;
      const rest = refresh(V, other, CURRENT, generation);
      expect(indexOf("refresh", rest, refresh(V, "live", CURRENT, 1))).toBe(1);
      expect(indexOf("refresh", refresh(V, "live", CURRENT, 1), rest)).toBe(0);
    }
  });

  it("are answered by a superseded token before an ended or dead one", () => {
    for (const other of ["ended", "dead"] as const) {
      expect(indexOf("refresh", refresh(V, other, CURRENT, 9), refresh(A, "superseded"))).toBe(1);
    }
    expect(
      indexOf("refresh", refresh(A, "superseded", CURRENT, 4), refresh(A, "superseded", CURRENT, 2)),
    ).toBe(0);
    expect(indexOf("refresh", refresh(V, "dead", CURRENT, 1), refresh(V, "dead", CURRENT, 2))).toBe(1);
  });
});

it("the attacker's session is never selected where the victim has a valid token under a current name", () => {
  const own = tokensOf(V, CURRENT).filter(({ verdict }) => verdict !== "dead");
  const foreign = [...tokensOf(A, FORMER), ...tokensOf(A, FORMER)];
  for (const purpose of PURPOSES) {
    for (const one of own) {
      for (const other of own) {
        for (const [index, planted] of foreign.entries()) {
          for (const more of foreign.slice(index)) {
            expect(sessionOf(purpose, planted, one, more, other)).not.toBe(A);
          }
        }
      }
    }
  }
});
