import { equalStrings, type SecretHash } from "../platform/digest.ts";
import { type EpochSeconds, MAX_ACCESS_LIFETIME, type Seconds } from "../platform/time.ts";
import type { SessionRow, Transport } from "./session.ts";

/** The input of the decision about a refresh token: digests only. */
export interface PresentedToken {
  readonly familyHash: SecretHash;
  readonly secretHash: SecretHash;
  readonly generation: number;
}

/** The settings that `decide` needs. */
export interface RotationPolicy {
  /** After a child is issued, the session issues no other refresh token for this long. */
  readonly lease: Seconds;
  /** The transport of the token, if sessions are bound to a transport; null skips the check. */
  readonly transport: Transport | null;
}

/** The decision about a presented refresh token. */
export type Decision =
  | {
      readonly kind: "refused";
      readonly reason: "unknown" | "wrong_family" | "ended" | "expired" | "wrong_transport" | "rolled_back";
    }
  | { readonly kind: "access_only"; readonly presented: "root" | "child" }
  | { readonly kind: "issue"; readonly outcome: IssueOutcome }
  | { readonly kind: "reuse" };

/** Why a refresh token is issued: as the first child of a root, as successor of a child, or in place of a lost child. */
export type IssueOutcome = "first" | "rotated" | "reissued";

/**
 * Decides whether one presented refresh token is rotated at `now`. Pure; every store must give the same result.
 *
 * It does not check that the token is well formed, or that the user may still sign in.
 */
export function decide(
  row: SessionRow | null,
  token: PresentedToken,
  now: EpochSeconds,
  policy: RotationPolicy,
): Decision {
  if (row === null) return refused("unknown");
  // Checked before ended and expired: a client that knows only the id learns nothing and ends nothing.
  if (!equalStrings(row.familyHash, token.familyHash)) return refused("wrong_family");
  if (row.endedAt !== null) return refused("ended");
  if (isExpired(row, now)) return refused("expired");
  if (policy.transport !== null && policy.transport !== row.transport) return refused("wrong_transport");
  // The store has lost the write that issued a later generation. This is not reuse.
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

/** Returns the row after a decision; `next` is the digest of the refresh token to issue. */
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

/** The decision about a refresh token that must not rotate. */
export type LookUpDecision =
  | Extract<Decision, { kind: "refused" }>
  /** Root or child of a live session that issued a refresh token recently. */
  | { readonly kind: "proven" }
  /** Root or child, but the session last issued a refresh token too long ago: the client must refresh first. */
  | { readonly kind: "stale" }
  /** Neither root nor child. It may come from a late prefetch of an honest client, so it ends nothing. */
  | { readonly kind: "superseded" };

/** A refresh token is accepted without rotation for the access lifetime and this many leases. */
const LEASES_WITHOUT_ROTATION = 4;

/**
 * Decides whether one refresh token is accepted at `now` without rotation, for requests that cannot set a cookie. Pure.
 *
 * Theft is detected only when tokens rotate, so a client that never rotates must lose its access. A refresh token is
 * accepted until `accessLifetime + 4 x lease` after the session last issued one.
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
  return row !== null && hasRecentlyIssued(row, now, policy.lease) ? { kind: "proven" } : { kind: "stale" };
}

// A row dated ahead means that a clock jumped back. Beyond the longest access lifetime, the row does not prove a recent issue.
function hasRecentlyIssued(row: SessionRow, now: EpochSeconds, lease: Seconds): boolean {
  const age = now - row.refreshedAt;
  return age < row.accessLifetime + LEASES_WITHOUT_ROTATION * lease && age >= -MAX_ACCESS_LIFETIME;
}

/** The outcome of a rotation. It is derived from the row, because stores return rows only. */
export type RotationOutcome = IssueOutcome | "access_only" | "reuse";

/** Derives the outcome of a rotation. `next` is the digest of the offered token, `token` the presented one. */
export function rotationOutcome(after: SessionRow, token: PresentedToken, next: SecretHash): RotationOutcome {
  if (after.endedAt !== null) return "reuse";
  if (after.childHash === null || !equalStrings(after.childHash, next)) return "access_only";
  if (after.generation > token.generation + 1) return "reissued";
  return after.replacedAt === null ? "first" : "rotated";
}

/** Whether the idle or the absolute expiry of a session is reached. A session is expired from that second on. */
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

/** Computes the idle expiry after a refresh at `now`. It is never later than the absolute expiry. */
export function idleExpiry(
  row: Pick<SessionRow, "idleLifetime" | "absoluteExpiresAt">,
  now: EpochSeconds,
): EpochSeconds | null {
  if (row.idleLifetime === null) return row.absoluteExpiresAt;
  const idle = now + row.idleLifetime;
  return row.absoluteExpiresAt === null ? idle : Math.min(idle, row.absoluteExpiresAt);
}

/** Returns the row after early confirmation, or null if there is nothing to confirm. */
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

// A child dated more than a lease ahead means that a clock jumped. Without this bound, rotation and detection would stop.
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
