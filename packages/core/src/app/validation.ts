import type { ErrorCode } from "../errors.ts";
import type { Session } from "../sessions/session.ts";
import type { AccessClaims } from "../tokens/claims.ts";

/** What `validate` finds. It never throws on input, whatever the bytes. */
export type Validation<Context> = ValidSession<Context> | InvalidSession;

export interface ValidSession<Context> {
  readonly ok: true;
  readonly session: Session<Context>;
  readonly userId: string;
  /** Every claim of the access token, those of `accessToken.claims` among them. */
  readonly claims: AccessClaims;
  readonly transport: "cookie" | "bearer";
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
   * `auto`, the default, refreshes where it is due; `never`, the default of HEAD, writes nothing and raises no alarm,
   * for where no cookie can be set.
   */
  readonly refresh?: "auto" | "never";
  /** Ask the store whether the session has ended. Default as `revocation` says. */
  readonly fresh?: boolean;
}
