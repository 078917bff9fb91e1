import { ignored } from "../platform/callback-answer.ts";
import type { ErrorCode } from "../platform/errors.ts";
import type { EpochSeconds } from "../platform/time.ts";
import type { UserId } from "../users/user.ts";
import type { RotationOutcome } from "./decide.ts";
import type { Device, EndReason, SessionId, Transport } from "./session.ts";

/** Members of every event about one session. */
export interface SessionEventIds {
  readonly sessionId: SessionId;
  readonly userId: UserId;
}

/** Everything that Latchkey tells about itself, without the time. No event ever holds a secret or part of one. */
export type EventBody =
  | {
      readonly type: "user.created" | "user.deleted" | "user.disabled" | "user.enabled";
      readonly userId: UserId;
    }
  | { readonly type: "user.password_changed" | "user.password_rehashed"; readonly userId: UserId }
  | {
      readonly type: "account.linked" | "account.unlinked";
      readonly userId: UserId;
      readonly provider: string;
    }
  /** A sign-in with a provider came to nothing; `error` says why, in our own words. */
  | {
      readonly type: "oauth.failed";
      readonly provider: string;
      readonly code: ErrorCode;
      readonly error: string;
    }
  | { readonly type: "sign_in.failed"; readonly userId: UserId | null; readonly code: ErrorCode }
  | ({
      readonly type: "session.started";
      readonly transport: Transport;
      readonly amr: readonly string[];
    } & SessionEventIds)
  | ({
      readonly type: "session.refreshed";
      readonly outcome: Exclude<RotationOutcome, "reuse">;
      readonly generation: number;
    } & SessionEventIds)
  /** A child was lost on its way and replaced; `age` is how long ago it was issued, in seconds. */
  | ({
      readonly type: "session.reissued";
      readonly generation: number;
      readonly age: number;
    } & SessionEventIds)
  /** A genuine token that is neither root nor child was presented: two parties hold the family, and it has ended. */
  | ({
      readonly type: "session.reuse_detected";
      readonly generation: number;
      readonly presentedGeneration: number;
    } & SessionEventIds)
  /** A superseded token came where nothing may rotate: a late prefetch, or a thief. The session goes on. */
  | ({
      readonly type: "session.stale_token";
      readonly generation: number;
      readonly presentedGeneration: number;
    } & SessionEventIds)
  /** A token came that the store has forgotten issuing: it lost a write. No alarm. */
  | ({
      readonly type: "session.rolled_back";
      readonly generation: number;
      readonly presentedGeneration: number;
    } & SessionEventIds)
  /**
   * Two live sessions claimed one request, as when a sibling subdomain sets cookies: it was answered as neither's.
   * `sessionIds` is empty where more tokens came than are looked at.
   */
  | { readonly type: "session.conflict"; readonly sessionIds: readonly SessionId[] }
  | ({ readonly type: "session.ended"; readonly reason: EndReason } & SessionEventIds)
  | ({
      readonly type: "session.device_changed";
      readonly before: Device;
      readonly after: Device;
    } & SessionEventIds)
  /** An attempt was refused by a rule of `rateLimit`, or by the full queue of the password hasher. */
  | {
      readonly type: "throttle.refused";
      readonly rule:
        | "account"
        | "accountTotal"
        | "signIn"
        | "signUp"
        | "refresh"
        | "unprovenRefresh"
        | "hashing";
    }
  | { readonly type: "key.created" | "key.rotated" | "key.revoked"; readonly kid: string }
  | { readonly type: "store.failed"; readonly operation: string; readonly error: string }
  | { readonly type: "internal_error"; readonly error: string };

/** An event, and its time. */
export type AuthEvent = EventBody & { readonly at: EpochSeconds };

export type Emit = (event: EventBody) => void;

/**
 * Hands events to `sink`; a sink that throws or rejects never reaches the request. Without a sink, faults of the server
 * go to `warn`, or nobody would ever hear of them.
 */
export function emitter(
  sink: ((event: AuthEvent) => unknown) | null,
  clock: () => EpochSeconds,
  warn: (message: string) => void,
): Emit {
  return (event) => {
    if (sink !== null) return deliver(sink, { ...event, at: clock() });
    if (event.type === "internal_error") warn(event.error);
    if (event.type === "store.failed") warn(`${event.operation} failed: ${event.error}`);
  };
}

function deliver(sink: (event: AuthEvent) => unknown, event: AuthEvent): void {
  try {
    ignored(sink(event));
  } catch {
    // The sink's fault is the sink's own.
  }
}
