import type { SessionId } from "./session.ts";

interface Named {
  readonly sessionId: SessionId;
  /** Whether the cookie has the configured name, not one of `cookies.previous`. */
  readonly current: boolean;
  /** Whether only this host can have set the cookie, and no sibling subdomain. */
  readonly hostBound: boolean;
}

/** An access token with a valid signature. Any other is not a candidate. */
export interface AccessCandidate extends Named {
  readonly kind: "access";
  readonly verdict: "live" | "expired";
  readonly expiresAt: number;
}

/** A well-formed refresh token. `unread`: its session is not read yet. `ended`: it belongs to an ended or expired session. */
export interface RefreshCandidate extends Named {
  readonly kind: "refresh";
  readonly verdict: "unread" | "live" | "superseded" | "ended" | "dead";
  readonly generation: number;
}

export type Candidate = AccessCandidate | RefreshCandidate;

/** `authenticate` selects a token of either kind, `refresh` a refresh token. */
export type Purpose = "authenticate" | "refresh";

export type Selection =
  | { readonly kind: "access"; readonly chosen: AccessCandidate }
  | { readonly kind: "refresh"; readonly chosen: RefreshCandidate }
  /** The selection depends on refresh tokens that are still unread. */
  | { readonly kind: "unread" }
  /** The request has tokens of two live sessions, so it is not authenticated. */
  | { readonly kind: "conflict"; readonly sessionIds: readonly SessionId[] }
  | { readonly kind: "none" };

/**
 * Selects the token that authenticates a request.
 *
 * A token of a current name outranks every token of another session under a former name. Among the rest, two live
 * sessions are a conflict, unless only this host can have set the selected token.
 */
export function selectToken(candidates: readonly Candidate[], purpose: Purpose): Selection {
  const rivals = removeOutranked(candidates);
  if (rivals === null) return { kind: "unread" };
  const access = rivals.filter(isAccess).filter(({ verdict }) => verdict === "live");
  const refresh = rivals.filter(isRefresh);
  const newest = newestOf(access, ({ expiresAt }) => expiresAt);
  return purpose === "authenticate" && newest !== null
    ? selectAccess(newest, access, refresh)
    : selectRefresh(refresh, access);
}

// RFC 6265bis 8.6: a sibling subdomain can set cookies for the parent domain, so a former name proves less than a current one.
function removeOutranked(candidates: readonly Candidate[]): readonly Candidate[] | null {
  const current = candidates.filter((candidate) => candidate.current);
  const own = sessionsOf(current);
  const foreign = candidates.filter((candidate) => !candidate.current && !own.has(candidate.sessionId));
  if (current.length === 0 || foreign.length === 0) return candidates;
  const isProven = current.some(({ verdict }) => verdict === "live" || verdict === "superseded");
  if (!isProven && current.some(({ verdict }) => verdict === "unread")) return null;
  const wasProven = current.some(({ verdict }) => verdict === "expired" || verdict === "ended");
  const isOutranked = (candidate: Candidate): boolean => isProven || (wasProven && !candidate.hostBound);
  return candidates.filter((candidate) => !foreign.includes(candidate) || !isOutranked(candidate));
}

function selectAccess(
  chosen: AccessCandidate,
  access: readonly AccessCandidate[],
  refresh: readonly RefreshCandidate[],
): Selection {
  if (sessionsOf(access).size > 1) return conflictOf(access);
  if (access.some(({ hostBound }) => hostBound)) return { kind: "access", chosen };
  const others = refresh.filter(({ sessionId }) => sessionId !== chosen.sessionId);
  if (others.some(({ verdict }) => verdict === "unread")) return { kind: "unread" };
  const rivals = others.filter(({ verdict }) => verdict === "live");
  return rivals.length > 0 ? conflictOf([chosen, ...rivals]) : { kind: "access", chosen };
}

function selectRefresh(refresh: readonly RefreshCandidate[], access: readonly AccessCandidate[]): Selection {
  const live = refresh.filter(({ verdict }) => verdict === "live");
  const superseded = refresh.filter(({ verdict }) => verdict === "superseded");
  const among = live.length > 0 ? live : superseded.length > 0 ? superseded : refresh;
  const chosen = newestOf(among, ({ generation }) => generation);
  if (chosen === null) return { kind: "none" };
  const others = chosen.hostBound ? [] : access.filter(({ sessionId }) => sessionId !== chosen.sessionId);
  const isUnread = refresh.some(({ verdict }) => verdict === "unread");
  if (isUnread && (refresh.length > 1 || others.length > 0)) return { kind: "unread" };
  const isContested = sessionsOf(live).size > 1 || (live.length > 0 && others.length > 0);
  return isContested ? conflictOf([...live, ...others]) : { kind: "refresh", chosen };
}

function conflictOf(among: readonly Candidate[]): Selection {
  return { kind: "conflict", sessionIds: [...sessionsOf(among)] };
}

function isAccess(candidate: Candidate): candidate is AccessCandidate {
  return candidate.kind === "access";
}

function isRefresh(candidate: Candidate): candidate is RefreshCandidate {
  return candidate.kind === "refresh";
}

function sessionsOf(candidates: readonly Candidate[]): ReadonlySet<SessionId> {
  return new Set(candidates.map(({ sessionId }) => sessionId));
}

function newestOf<T>(candidates: readonly T[], age: (candidate: T) => number): T | null {
  const [first, ...rest] = candidates;
  if (first === undefined) return null;
  return rest.reduce((best, candidate) => (age(candidate) > age(best) ? candidate : best), first);
}
