import type { RequestHost } from "../accounts/client.ts";
import type { RouteName } from "../http/handle.ts";
import type { ValidateOptions, Validation } from "../http/validation.ts";
import type { PublicJwk } from "../keys/jwk.ts";
import type { ErrorCode } from "../platform/errors.ts";
import type { Seconds } from "../platform/time.ts";
import type { RotationOutcome } from "../sessions/decide.ts";
import type { Device, Session, SessionDetails, SessionId, Transport } from "../sessions/session.ts";
import type { SessionLifetimes } from "../sessions/start.ts";
import type { StepUpBounds } from "../sessions/step-up.ts";
import type { User, UserId } from "../users/user.ts";
import type { UsersApi } from "./users-api.ts";

/** A session that `sessions.create` started, and the tokens of it. */
export interface IssuedSession<Context = unknown> {
  readonly session: Session<Context>;
  readonly accessToken: string;
  readonly refreshToken: string | null;
  readonly expiresIn: Seconds;
  /** The Set-Cookie lines of cookie transport; none for bearer. */
  readonly headers: Headers;
}

/** What `sessions.refresh` made of a refresh token. */
export type RefreshOutcome<Context = unknown> =
  | {
      readonly ok: true;
      readonly outcome: Exclude<RotationOutcome, "reuse">;
      readonly session: Session<Context>;
      readonly accessToken: string;
      /** Null where only an access token is given: keep the refresh token you have. */
      readonly refreshToken: string | null;
      readonly expiresIn: Seconds;
      readonly headers: Headers;
    }
  | { readonly ok: false; readonly code: ErrorCode };

/** The options of `auth.sessions.create`. */
export interface CreateSessionOptions<Context = unknown> extends SessionLifetimes {
  /** The context of the session, which `sessions.context.schema` checks. Default `{}`. */
  readonly context?: Context;
  /** What is known of the client. The first refresh by a request stores what is missing, without an event. Default unknown. */
  readonly device?: Partial<Device>;
  /** How the client keeps the tokens: `cookie`, the default, or `bearer`. */
  readonly transport?: Transport;
  /** Whether the cookies outlive the browser. It does not change the lifetimes of the session. Default true. */
  readonly remember?: boolean;
  /** How the user proved who they are (RFC 8176). Default none. */
  readonly amr?: readonly string[];
}

/** Sessions by hand. */
export interface SessionsApi<Context = unknown> {
  /**
   * Starts a session for a user that you have authenticated. It checks no credentials. Fails with `not_found` for an
   * unknown user and `invalid_credentials` for a disabled one.
   */
  create(userId: UserId, options?: CreateSessionOptions<Context>): Promise<IssuedSession<Context>>;
  /** Presents a refresh token of either transport, by the rules of leased rotation. */
  refresh(refreshToken: string): Promise<RefreshOutcome<Context>>;
  /** Verifies an access token by hand; with `transport`, as one that came by it. Never refreshes. */
  verify(token: string, options?: { readonly transport?: Transport }): Promise<Validation<Context>>;
  /** One session, ended ones too, or null. */
  get(id: SessionId): Promise<SessionDetails<Context> | null>;
  /** The user's live sessions, newest first. */
  list(userId: UserId): Promise<readonly SessionDetails<Context>[]>;
  /**
   * Replaces the context of a session, such as the role of a demoted administrator; the user stays signed in. Null where it is over.
   *
   * `validate` has the new context at once with `fresh` or `revocation: "store"`, and within the interval of `revocation` in every
   * process: it refreshes, or reads the session if the request has no refresh token. `createValidator` with `endedUrl` then refuses the
   * older token with `session_expired`, so that the client refreshes. With `revocation: "none"` the next refresh has it.
   */
  update(id: SessionId, change: { readonly context: Context }): Promise<SessionDetails<Context> | null>;
  /** Ends a session. `false` where there was none to end. */
  revoke(id: SessionId): Promise<boolean>;
  /** Ends a user's sessions but `except`, fails sign-ins that are under way, and returns how many it ended. */
  revokeAll(userId: UserId, options?: { readonly except?: SessionId }): Promise<number>;
  /**
   * Deletes sessions that are over, one user's or everybody's, and returns how many; with `keepEnded` it only marks
   * expired ones as ended. Everybody's takes the expired one-time tokens along.
   */
  prune(options?: { readonly userId?: UserId }): Promise<number>;
}

/** The signing keys. */
export interface KeysApi {
  /** The public keys as served under `/jwks` (RFC 7517). */
  jwks(): Promise<{ readonly keys: readonly PublicJwk[] }>;
  /** Puts the announced key in use now. No session ends. */
  rotate(): Promise<void>;
  /** Refuses everything signed with a key, in this process at once and in others within 10 minutes. Refresh tokens stay valid. `false` for an unknown key. */
  revoke(kid: string): Promise<boolean>;
}

/** A part of a deployment that `check` looks at. */
export type CheckedPart =
  | "options"
  | "keys"
  | "store"
  | "store.sessions"
  | "store.users"
  | "store.keys"
  | "store.tokens"
  | "store.throttle"
  | "mail";

/** What `check` found wrong with one part. */
export interface CheckProblem {
  readonly part: CheckedPart;
  /** The message of the error, for the log of a deployment. */
  readonly message: string;
  /** What the part threw: for a store, the error of its driver, for mail the one of `mail.check`. */
  readonly error: unknown;
}

/** What `check` found. */
export type CheckResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly problems: readonly CheckProblem[] };

/** What `createAuth` returns. */
export interface Auth<Context = unknown, U extends User = User> {
  /**
   * Answers every route under `basePath`, and 404 for the rest. Never throws. Pass the client's address in `host`: without
   * it no limit by client network applies. A misspelled member of `host` is `internal_error`.
   */
  handle(request: Request, host?: RequestHost): Promise<Response>;
  /**
   * Tells who sends a request, and refreshes on the way where that is due. A live access token costs no call to the
   * store. That its session ended is seen within seconds, by the list that `revocation` reads, and at once with `fresh`. Never throws on input;
   * rejects with a `TypeError` for an option that it does not have.
   */
  validate(request: Request, options?: ValidateOptions): Promise<Validation<Context>>;
  /**
   * Refuses a valid session whose sign-in does not meet the bounds, as `validate` does with `maxAge` and `amr`: 401
   * `insufficient_user_authentication` with the challenge of RFC 9470. Returns any other validation unchanged. It is for a session
   * that was validated before, as adapters have it. Throws a `TypeError` for bounds that are not valid.
   *
   * @example
   * const validation = auth.stepUp(await auth.validate(request), { maxAge: minutes(15) });
   */
  stepUp(validation: Validation<Context>, bounds: StepUpBounds): Validation<Context>;
  /**
   * CORS for routes of the application, by `trustedOrigins`, with credentials. `handle` and `handlers` have it already.
   *
   * - `cors(request)` returns the response to a preflight, and null for any other request.
   * - `cors(request, response)` returns a copy of a response that pages of these origins can read. It names the origin, never `*`, and adds
   *   `Vary: Origin`.
   *
   * A page of any other origin gets no permission. It does not check the origin of an unsafe request, which is sent in any case:
   * `validate` does. See Fetch 3.2. Throws an `AuthError` with `invalid_request` for an argument of another type.
   *
   * @example
   * const preflight = auth.cors(request);
   * if (preflight !== null) return preflight;
   * return auth.cors(request, await respond(request));
   */
  readonly cors: {
    (request: Request): Response | null;
    (request: Request, response: Response): Response;
  };
  /** Each route by itself, to mount on any path. */
  readonly handlers: Readonly<Record<RouteName, (request: Request, host?: RequestHost) => Promise<Response>>>;
  readonly sessions: SessionsApi<Context>;
  readonly users: UsersApi<U>;
  readonly keys: KeysApi;
  /**
   * Checks what a deployment needs, before it gets requests. Never throws, and writes nothing.
   *
   * - `options`: no secret is missing. Nothing else is checked without it.
   * - `keys`: the key that signs can be opened with `secret`, and its public part verifies its signature.
   * - `store`: an SQL store has tables of this version.
   * - `store.sessions` and the other parts: each answers within `storeTimeout`.
   *
   * It does not check providers, or that the store can write. Before the first request a store has no keys, which is no problem.
   *
   * @example
   * const found = await auth.check();
   * if (!found.ok) throw new Error(found.problems.map(({ part, message }) => `${part}: ${message}`).join("\n"));
   */
  check(): Promise<CheckResult>;
}
