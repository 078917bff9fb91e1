import type { SessionId } from "./session.ts";

/** How one of several refresh tokens in a request stands, judged without writing. */
export interface Standing {
  readonly sessionId: SessionId;
  readonly generation: number;
  /** Whether it came under the cookie name in use, or under one of `cookies.previous`. */
  readonly current: boolean;
  readonly verdict: "live" | "superseded" | "dead";
}

/** Which of several refresh tokens to present: one, or none because two live sessions claim the same name. */
export type Selection = { readonly kind: "present"; readonly index: number } | { readonly kind: "conflict" };

/**
 * Selects the one refresh token to present out of several (a shadowing cookie, a changed domain, a planted one).
 *
 * A live token silences the superseded ones; of two live sessions the one under the current name wins.
 */
export function selectToken(standings: readonly Standing[]): Selection {
  const live = standings.filter((standing) => standing.verdict === "live");
  const sessions = sessionsOf(live);
  if (sessions.size > 1) {
    const named = live.filter((standing) => standing.current);
    return sessionsOf(named).size === 1 ? newest(standings, named) : { kind: "conflict" };
  }
  if (live.length > 0) return newest(standings, live);
  const superseded = standings.filter((standing) => standing.verdict === "superseded");
  return newest(standings, superseded.length > 0 ? superseded : standings);
}

function sessionsOf(standings: readonly Standing[]): ReadonlySet<SessionId> {
  return new Set(standings.map((standing) => standing.sessionId));
}

function newest(all: readonly Standing[], among: readonly Standing[]): Selection {
  const best = among.reduce<Standing | null>(
    (found, standing) => (found === null || standing.generation > found.generation ? standing : found),
    null,
  );
  return { kind: "present", index: best === null ? 0 : all.indexOf(best) };
}
