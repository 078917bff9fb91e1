import type { SessionId } from "./session.ts";

/** One token of a request, and what the store knows of it. It was judged without writing. */
export interface Claim {
  readonly kind: "access" | "refresh";
  /** Whether it came under the cookie name in use, or under one of `cookies.previous`. */
  readonly current: boolean;
  readonly sessionId: SessionId;
  /** `dead` is everything that signs no one in: expired, ended, forged, unknown. */
  readonly standing: "live" | "superseded" | "dead";
  /** Of two tokens of one session and kind the higher is the newer. */
  readonly rank: number;
}

/** Which of several tokens counts. */
export type Selection =
  | { readonly kind: "use"; readonly index: number }
  /** Two live sessions under one name: no token counts. */
  | { readonly kind: "conflict"; readonly sessionIds: readonly SessionId[] }
  | { readonly kind: "none" };

/**
 * Selects the one token of a request that counts. There are several where a cookie is shadowed by another path, where
 * `cookies.domain` was changed, or where a sibling subdomain has set one.
 *
 * A live session under the name in use beats everything under a former name. Two live sessions under one name are a
 * conflict: one of them was set by another party, and nothing tells which. A live token silences the superseded ones.
 */
export function selectClaim(claims: readonly Claim[]): Selection {
  for (const current of [true, false]) {
    const group = claims.filter((claim) => claim.current === current);
    const live = sessionsOf(group, "live");
    if (live.length > 1) return { kind: "conflict", sessionIds: live };
    const [sessionId] = live;
    if (sessionId !== undefined) return newestOf(claims, (claim) => isLiveOf(claim, sessionId));
    const superseded = sessionsOf(group, "superseded");
    const silencing = claims.find((claim) => superseded.some((id) => isLiveOf(claim, id)));
    if (silencing !== undefined) return newestOf(claims, (claim) => isLiveOf(claim, silencing.sessionId));
    if (superseded.length > 0) {
      return newestOf(claims, (claim) => group.includes(claim) && claim.standing === "superseded");
    }
  }
  return newestOf(claims, (claim) => claim.kind === "refresh");
}

function isLiveOf(claim: Claim, sessionId: SessionId): boolean {
  return claim.standing === "live" && claim.sessionId === sessionId;
}

function sessionsOf(claims: readonly Claim[], standing: Claim["standing"]): readonly SessionId[] {
  const found = claims.filter((claim) => claim.standing === standing);
  return [...new Set(found.map((claim) => claim.sessionId))];
}

/** An access token before a refresh token, the name in use before a former one, then the newest. */
function newestOf(claims: readonly Claim[], isMeant: (claim: Claim) => boolean): Selection {
  const [best] = claims.filter(isMeant).toSorted(byUse);
  return best === undefined ? { kind: "none" } : { kind: "use", index: claims.indexOf(best) };
}

function byUse(a: Claim, b: Claim): number {
  const byKind = Number(b.kind === "access") - Number(a.kind === "access");
  return byKind || b.rank - a.rank || Number(b.current) - Number(a.current);
}
