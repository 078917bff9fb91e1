import type { ErrorCode } from "../platform/errors.ts";
import type { AccessClaims } from "../sessions/access-token.ts";
import type { Session, Transport } from "../sessions/session.ts";
import type { UserId } from "../users/user.ts";

/** What `validate` finds. It never throws on input, whatever the bytes. */
export type Validation<Context = unknown> = ValidSession<Context> | InvalidSession;

export interface ValidSession<Context = unknown> {
  readonly ok: true;
  readonly session: Session<Context>;
  readonly userId: UserId;
  /** Every claim of the access token, those of `accessToken.claims` among them. */
  readonly claims: AccessClaims;
  readonly transport: Transport;
  /** Whether new tokens were issued on the way. */
  readonly refreshed: boolean;
  /** What to add to the outgoing response: Set-Cookie, Cache-Control, Vary. */
  readonly headers: Headers;
  /** The request's cookies as they will be after `headers`. */
  readonly cookies: ReadonlyMap<string, string>;
}

export interface InvalidSession {
  readonly ok: false;
  readonly code: ErrorCode;
  readonly status: 401 | 403 | 500 | 503;
  readonly headers: Headers;
  /** A response that says so, in JSON. */
  readonly response: () => Response;
}

export interface ValidateOptions {
  /**
   * `auto`, the default, refreshes where it is due. `never`, the default of HEAD, is for where no cookie can be set: it
   * writes nothing and raises no alarm. Without a live access token it then takes a refresh token only for GET, HEAD and
   * OPTIONS, and only until the access token's life and four leases after the session last issued one; later it fails
   * with `session_expired`, for this request alone. Do not let a header of the request choose it.
   */
  readonly refresh?: "auto" | "never";
  /** Ask the store whether the session has ended. Default as `revocation` says. */
  readonly fresh?: boolean;
}
