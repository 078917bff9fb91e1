import { MAX_ACCESS_LIFETIME } from "../keys/key-ring.ts";
import { equalStrings, type SecretHash } from "../platform/digest.ts";
import type { EpochSeconds, Seconds } from "../platform/time.ts";
import type { SessionRow, Transport } from "./session.ts";

/** A refresh token as the decision sees it: digests only. */
export interface PresentedToken {
  readonly familyHash: SecretHash;
  readonly secretHash: SecretHash;
  readonly generation: number;
}

export interface RotationPolicy {
  /** After a child is issued, nobody gets another refresh token for this long. */
  readonly lease: Seconds;
  /** The transport that the token came by, where sessions are bound to theirs; null asks nothing. */
  readonly transport: Transport | null;
}

/** What a presented refresh token deserves. */
export type Decision =
  | {
      readonly kind: "refused";
      readonly reason: "unknown" | "wrong_family" | "ended" | "expired" | "wrong_transport" | "rolled_back";
    }
  | { readonly kind: "access_only"; readonly presented: "root" | "child" }
  | { readonly kind: "issue"; readonly outcome: IssueOutcome }
  | { readonly kind: "reuse" };

/** Why a refresh token is issued: the first child of a root, the successor of a child, or a child in place of a lost one. */
export type IssueOutcome = "first" | "rotated" | "reissued";

/**
 * Decides what one presented refresh token deserves at `now`. Pure; every store equals it.
 *
 * It does not check that the token is well formed, nor that the user may still sign in.
 */
export function decide(
  row: SessionRow | null,
  token: PresentedToken,
  now: EpochSeconds,
  policy: RotationPolicy,
): Decision {
  if (row === null) return refused("unknown");
  // Before ended or expired: who knows only the id learns nothing and ends nothing.
  if (!equalStrings(row.familyHash, token.familyHash)) return refused("wrong_family");
  if (row.endedAt !== null) return refused("ended");
  if (isExpired(row, now)) return refused("expired");
  if (policy.transport !== null && policy.transport !== row.transport) return refused("wrong_transport");
  // A token of the future was issued by a write that the store has lost since: the client is honest.
  if (token.generation > row.generation) return refused("rolled_back");

  const leased = isLeased(row, now, policy.lease);
  if (isChild(row, token)) {
    return leased ? { kind: "access_only", presented: "child" } : { kind: "issue", outcome: "rotated" };
  }
  if (isRoot(row, token)) {
    if (row.childHash === null) return { kind: "issue", outcome: "first" };
    return leased ? { kind: "access_only", presented: "root" } : { kind: "issue", outcome: "reissued" };
  }
  // RFC 9700 4.14.2: a genuine token that is neither root nor child proves that two parties hold the family.
  return { kind: "reuse" };
}

/** Returns the row that a decision leaves behind; `next` is the digest of the refresh token to issue. */
export function applyDecision(
  row: SessionRow,
  decision: Decision,
  next: SecretHash,
  now: EpochSeconds,
): SessionRow {
  if (decision.kind === "reuse") return { ...row, endedAt: now, endReason: "reuse" };
  if (decision.kind !== "issue") return row;
  const proved =
    decision.outcome === "rotated" ? { rootHash: row.childHash, rootGeneration: row.generation } : {};
  return {
    ...row,
    ...proved,
    childHash: next,
    childIssuedAt: now,
    replacedAt: row.childIssuedAt,
    generation: row.generation + 1,
    refreshedAt: now,
    expiresAt: idleExpiry(row, now),
  };
}

/** What a presented refresh token proves where it must not rotate. */
export type LookUpDecision =
  | Extract<Decision, { kind: "refused" }>
  /** Root or child of a live session that issued a refresh token a short time ago. */
  | { readonly kind: "proven" }
  /** Root or child, but the session has issued no refresh token for too long: the client must refresh first. */
  | { readonly kind: "stale" }
  /** Neither root nor child. It may be a late prefetch of an honest client, so it ends nothing. */
  | { readonly kind: "superseded" };

/** How many leases beyond the life of an access token a refresh token counts without rotation. */
const LEASES_WITHOUT_ROTATION = 4;

/**
 * Decides what one presented refresh token proves at `now` where no cookie can be set. Pure; it writes nothing.
 *
 * Theft is noticed when tokens rotate, so a client that never rotates must lose its access: a refresh token counts only
 * until `accessLifetime + 4 x lease` after the session last issued one.
 */
export function decideLookUp(
  row: SessionRow | null,
  token: PresentedToken,
  now: EpochSeconds,
  policy: RotationPolicy,
): LookUpDecision {
  const decision = decide(row, token, now, policy);
  if (decision.kind === "refused") return decision;
  if (decision.kind === "reuse") return { kind: "superseded" };
  return row !== null && hasJustIssued(row, now, policy.lease) ? { kind: "proven" } : { kind: "stale" };
}

// A row dated ahead means that a clock jumped back. Beyond the longest life of an access token it is no proof of recency.
function hasJustIssued(row: SessionRow, now: EpochSeconds, lease: Seconds): boolean {
  const age = now - row.refreshedAt;
  return age < row.accessLifetime + LEASES_WITHOUT_ROTATION * lease && age >= -MAX_ACCESS_LIFETIME;
}

/** What a rotation did, read off the row it left: stores return rows, never verdicts. */
export type RotationOutcome = IssueOutcome | "access_only" | "reuse";

/** Names what a rotation did. `next` is the digest that was offered, `token` the one presented. */
export function rotationOutcome(after: SessionRow, token: PresentedToken, next: SecretHash): RotationOutcome {
  if (after.endedAt !== null) return "reuse";
  if (after.childHash === null || !equalStrings(after.childHash, next)) return "access_only";
  if (after.generation > token.generation + 1) return "reissued";
  return after.replacedAt === null ? "first" : "rotated";
}

/** Whether the idle or the absolute life of a session is over. A session is over at the very second of its expiry. */
export function isExpired(
  row: Pick<SessionRow, "expiresAt" | "absoluteExpiresAt">,
  now: EpochSeconds,
): boolean {
  return (
    (row.expiresAt !== null && now >= row.expiresAt) ||
    (row.absoluteExpiresAt !== null && now >= row.absoluteExpiresAt)
  );
}

/** Whether a session can still be used. */
export function isLive(
  row: Pick<SessionRow, "endedAt" | "expiresAt" | "absoluteExpiresAt">,
  now: EpochSeconds,
): boolean {
  return row.endedAt === null && !isExpired(row, now);
}

/** The idle expiry that a refresh at `now` gives: never beyond the absolute one. */
export function idleExpiry(
  row: Pick<SessionRow, "idleLifetime" | "absoluteExpiresAt">,
  now: EpochSeconds,
): EpochSeconds | null {
  if (row.idleLifetime === null) return row.absoluteExpiresAt;
  const idle = now + row.idleLifetime;
  return row.absoluteExpiresAt === null ? idle : Math.min(idle, row.absoluteExpiresAt);
}

/** The state that early confirmation leaves, or null where there is nothing to confirm. */
export function confirmChild(
  row: SessionRow,
  generation: number,
  now: EpochSeconds,
  lease: Seconds,
): SessionRow | null {
  const due = row.childIssuedAt !== null && now - row.childIssuedAt >= lease;
  if (!isLive(row, now) || row.childHash === null || row.generation !== generation || !due) return null;
  return {
    ...row,
    rootHash: row.childHash,
    rootGeneration: generation,
    childHash: null,
    childIssuedAt: null,
  };
}

// A child dated more than a lease ahead means that a clock jumped: without the bound, rotation and detection would freeze.
function isLeased(row: SessionRow, now: EpochSeconds, lease: Seconds): boolean {
  if (row.childIssuedAt === null) return false;
  const age = now - row.childIssuedAt;
  return age < lease && age >= -lease;
}

function isChild(row: SessionRow, token: PresentedToken): boolean {
  return (
    row.childHash !== null &&
    token.generation === row.generation &&
    equalStrings(row.childHash, token.secretHash)
  );
}

function isRoot(row: SessionRow, token: PresentedToken): boolean {
  return (
    row.rootHash !== null &&
    token.generation === row.rootGeneration &&
    equalStrings(row.rootHash, token.secretHash)
  );
}

function refused(reason: Extract<Decision, { kind: "refused" }>["reason"]): Decision {
  return { kind: "refused", reason };
}
