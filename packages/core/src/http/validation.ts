import type { ErrorCode } from "../platform/errors.ts";
import type { AccessClaims } from "../sessions/access-token.ts";
import type { Session, Transport } from "../sessions/session.ts";
import type { UserId } from "../users/user.ts";

/** The result of `validate`, which never throws because of its input. */
export type Validation<Context = unknown> = ValidSession<Context> | InvalidSession;

export interface ValidSession<Context = unknown> {
  readonly ok: true;
  readonly session: Session<Context>;
  readonly userId: UserId;
  /** Every claim of the access token, including those of `accessToken.claims`. */
  readonly claims: AccessClaims;
  readonly transport: Transport;
  /** Whether the validation issued new tokens. */
  readonly refreshed: boolean;
  /** The headers to add to the response: Set-Cookie, Cache-Control, Vary. */
  readonly headers: Headers;
  /** The request's cookies after the changes in `headers`. */
  readonly cookies: ReadonlyMap<string, string>;
}

export interface InvalidSession {
  readonly ok: false;
  readonly code: ErrorCode;
  readonly status: 401 | 403 | 500 | 503;
  readonly headers: Headers;
  /** Makes a JSON response with the error. */
  readonly response: () => Response;
}

export interface ValidateOptions {
  /**
   * `auto`, the default, refreshes if a refresh is due. `never`, the default of HEAD, is for requests that cannot set a
   * cookie: it writes nothing and does not report reuse. Without a live access token it accepts a refresh token only for
   * GET, HEAD and OPTIONS, until the access lifetime and four leases after the session last issued one. After that it
   * fails with `session_expired`, for this request only. Do not let a header of the request choose this option.
   */
  readonly refresh?: "auto" | "never";
  /** Check in the store whether the session has ended. The default depends on `revocation`. */
  readonly fresh?: boolean;
}
