import { withRejectionsIgnored } from "../platform/env.ts";
import { asFault, type ErrorCode } from "../platform/errors.ts";
import type { Report } from "../platform/faults.ts";
import type { EpochSeconds } from "../platform/time.ts";
import type { UserId } from "../users/user.ts";
import type { RotationOutcome } from "./decide.ts";
import type { Device, EndReason, SessionId, Transport } from "./session.ts";
import type { EndedSession } from "./session-store.ts";

/** Members of every event about one session. */
export interface SessionEventIds {
  readonly sessionId: SessionId;
  readonly userId: UserId;
}

/** Why a sign-in with a provider failed. */
export interface ProviderDiagnosis {
  /** One of a fixed list of words, such as `code_refused`. */
  readonly reason: string;
  /** The host of the endpoint that answered; null if the answer came with the browser. */
  readonly host: string | null;
  /** `error` and `error_description` of the provider (RFC 6749 4.1.2.1 and 5.2); null without them. */
  readonly error: string | null;
  readonly description: string | null;
  /** What to check. */
  readonly advice: string;
}

/** An event without its time. No event holds a secret or part of one. */
export type EventBody =
  /** A user was created, deleted, disabled or enabled. */
  | {
      readonly type: "user.created" | "user.deleted" | "user.disabled" | "user.enabled";
      readonly userId: UserId;
    }
  /** A user has a new password, or the same one under a newer hash. */
  | { readonly type: "user.password_changed" | "user.password_rehashed"; readonly userId: UserId }
  /** A user has another address. The event does not hold it. */
  | { readonly type: "user.email_changed"; readonly userId: UserId }
  /** An account at a provider was linked to a user, or its link was removed. */
  | {
      readonly type: "account.linked" | "account.unlinked";
      readonly userId: UserId;
      readonly provider: string;
    }
  /**
   * A sign-in with a provider failed, or a logout token of it was refused, with `invalid_request` then. `error` is a message of Latchkey, never of the provider. `diagnosis` has the words of the
   * provider, which an attacker may have written: one line, at most 300 characters, without our secrets. It is left out for an
   * error that has none, such as a refusal of the user.
   */
  | {
      readonly type: "oauth.failed";
      readonly provider: string;
      readonly code: ErrorCode;
      readonly error: string;
      readonly diagnosis?: ProviderDiagnosis;
    }
  /** A password was wrong, or its user is unknown (`userId` is null) or disabled. */
  | { readonly type: "sign_in.failed"; readonly userId: UserId | null; readonly code: ErrorCode }
  /** A user signed in. `amr` are the methods of the sign-in (RFC 8176). */
  | ({
      readonly type: "session.started";
      readonly transport: Transport;
      readonly amr: readonly string[];
    } & SessionEventIds)
  /** A refresh token was accepted. `outcome` says which tokens were issued, and `generation` counts the refresh tokens of the session. */
  | ({
      readonly type: "session.refreshed";
      readonly outcome: Exclude<RotationOutcome, "reuse">;
      readonly generation: number;
    } & SessionEventIds)
  /** A refresh token was lost and replaced. `age` is the number of seconds since it was issued. */
  | ({
      readonly type: "session.reissued";
      readonly generation: number;
      readonly age: number;
    } & SessionEventIds)
  /** A genuine token that is neither root nor child was presented. Two parties have the family, so it was ended. */
  | ({
      readonly type: "session.reuse_detected";
      readonly generation: number;
      readonly presentedGeneration: number;
    } & SessionEventIds)
  /** A superseded token came with a request that cannot rotate, from a late prefetch or a thief. The session stays live. */
  | ({
      readonly type: "session.stale_token";
      readonly generation: number;
      readonly presentedGeneration: number;
    } & SessionEventIds)
  /** A token of a later generation than the stored one was presented: the store lost a write. This is not reuse. */
  | ({
      readonly type: "session.rolled_back";
      readonly generation: number;
      readonly presentedGeneration: number;
    } & SessionEventIds)
  /**
   * One request had tokens of two live sessions, such as when a sibling subdomain sets cookies. It was treated as
   * unauthenticated. `sessionIds` is empty if the request had more tokens than Latchkey verifies.
   */
  | { readonly type: "session.conflict"; readonly sessionIds: readonly SessionId[] }
  /** A session ended, for the reason in `reason`. */
  | ({ readonly type: "session.ended"; readonly reason: EndReason } & SessionEventIds)
  /**
   * A refresh came from another device: a user agent or an address that was known has another value. `after` is stored. The first
   * device of a session that was created without one is stored without this event, and an unknown member changes nothing.
   */
  | ({
      readonly type: "session.device_changed";
      readonly before: Device;
      readonly after: Device;
    } & SessionEventIds)
  /** An attempt was refused by a rule of `rateLimit`, or by the full queue of the password hasher. */
  | {
      readonly type: "throttle.refused";
      readonly rule:
        | "device"
        | "account"
        | "accountTotal"
        | "signIn"
        | "signUp"
        | "mailbox"
        | "mail"
        | "refresh"
        | "unprovenRefresh"
        | "hashing";
    }
  /** The list of ended sessions could not be read for `seconds`. Sessions that ended since may still be accepted. */
  | { readonly type: "revocation.behind"; readonly seconds: number }
  /** A signing key was made, began to sign, or was revoked. */
  | { readonly type: "key.created" | "key.rotated" | "key.revoked"; readonly kid: string }
  /** An operation of the store failed or took longer than `storeTimeout`. `error` is a message of Latchkey or the name of the error. */
  | { readonly type: "store.failed"; readonly operation: string; readonly error: string }
  /** A callback, the crypto of the platform or Latchkey failed. `onError` has the whole error. */
  | { readonly type: "internal_error"; readonly error: string };

/** An event, and its time. */
export type AuthEvent = EventBody & { readonly at: EpochSeconds };

export type Emit = (event: EventBody) => void;

/** Passes events to `sink`. An error of the sink is reported, and does not affect the request. */
export function emitter(
  sink: ((event: AuthEvent) => unknown) | null,
  clock: () => EpochSeconds,
  report: Report,
): Emit {
  if (sink === null) return () => undefined;
  const rejected = (error: unknown): void => report(asFault("onEvent", error));
  return (event) => {
    try {
      withRejectionsIgnored(sink({ ...event, at: clock() }), rejected);
    } catch (error) {
      rejected(error);
    }
  };
}

/** Emits `session.ended` for each session. */
export function announceEnded(emit: Emit, ended: readonly EndedSession[]): void {
  for (const { id, userId, reason } of ended) {
    emit({ type: "session.ended", sessionId: id, userId, reason });
  }
}
