import { type ClientSession, type SignedIn, signedInOf } from "./client-session.ts";
import { invalidResponse, isRecord, isUnauthenticated, type Result, success } from "./result.ts";

/** The outcome of a verification. It signs in if it completed a sign-up in the browser that the sign-up began in. */
export interface Verified<U = unknown, C = unknown> extends Partial<SignedIn<U, C>> {
  /**
   * Whether the account keeps its password: `removed` if the server could not tell that it was set at this mailbox, and
   * `none` if there was none. The user sets a new one with `password.forgot`.
   */
  readonly password: "kept" | "removed" | "none";
}

interface ByMail {
  readonly email: string;
}

/** Whether a new session stays in the browser after the browser is closed. */
export interface Remember {
  /** `false` ends its cookies with the browser. It has no effect on a client with `storage`. Default true. */
  readonly remember?: boolean | undefined;
}

interface WithToken {
  /** The token of the link, which is the parameter `token` of the page that it opens. */
  readonly token: string;
}

/** Calls about the password. */
export interface PasswordCalls<U, C> {
  /** Sends a link to set a new password. It succeeds for every address. */
  readonly forgot: (input: ByMail) => Promise<Result<null>>;
  /**
   * Sets a password, ends every session of the user, and signs in nowhere. Fails with `mail_token_invalid`, `weak_password`,
   * which leaves the token valid.
   */
  readonly reset: (input: WithToken & { readonly newPassword: string }) => Promise<Result<null>>;
  /**
   * Changes the password. The other sessions end, and this client gets a new one. Fails with `invalid_credentials`,
   * `weak_password`.
   */
  readonly change: (input: {
    readonly currentPassword: string;
    readonly newPassword: string;
  }) => Promise<Result<SignedIn<U, C>>>;
}

/** Calls about the e-mail address. */
export interface EmailCalls<U, C> {
  /** Sends a link that verifies an address: that of the signed-in user, or the given one. It succeeds for every address. */
  readonly requestVerification: (input?: ByMail) => Promise<Result<null>>;
  /** Verifies an address. With the password of the account, the account keeps it. Fails with `mail_token_invalid`. */
  readonly verify: (
    input: WithToken & Remember & { readonly password?: string | undefined },
  ) => Promise<Result<Verified<U, C>>>;
  /** Sends a link to the new address. Fails with `insufficient_user_authentication`: call `reauthenticate` first. */
  readonly change: (input: ByMail) => Promise<Result<null>>;
  /** Makes the new address that of the signed-in user. Fails with `mail_token_invalid`, `identifier_taken`. */
  readonly confirmChange: (input: WithToken) => Promise<Result<null>>;
  /**
   * Restores the earlier address, removes the password, and ends every session of the user. Fails with `mail_token_invalid`.
   */
  readonly undoChange: (input: WithToken) => Promise<Result<null>>;
}

/** Sign-ins by a message. */
export interface MailSignIns<U, C> {
  /** Sends a link that signs in. It succeeds for every address. */
  readonly link: (input: ByMail) => Promise<Result<null>>;
  /** Fails with `mail_token_invalid`. */
  readonly confirmLink: (input: WithToken & Remember) => Promise<Result<SignedIn<U, C>>>;
  /** Sends a code of six digits. It succeeds for every address. */
  readonly code: (input: ByMail) => Promise<Result<null>>;
  /** Fails with `mail_token_invalid`. */
  readonly confirmCode: (
    input: ByMail & Remember & { readonly code: string },
  ) => Promise<Result<SignedIn<U, C>>>;
}

/** The nonce of one sign-in by an ID token. */
export interface IdTokenNonce {
  readonly nonce: string;
  /** How long the nonce is valid, in seconds. */
  readonly expiresIn: number;
}

/** An ID token that the provider gave to the app, without a redirect. */
export interface IdTokenInput extends Remember {
  readonly idToken: string;
  /** The nonce that the token was asked for with. */
  readonly nonce: string;
  /** The name of the user, which Apple tells the app once and beside the token. It counts only if the user has none, and the token tells none. */
  readonly name?: string | undefined;
  /** The token of an invitation, if the sign-in may create a user. */
  readonly invitation?: string | undefined;
}

/** Sign-ins by an ID token: the sheets of Apple and Google, and One Tap. */
export interface IdTokenSignIns<U, C> {
  /**
   * Asks for the nonce that the app passes to the provider. It is valid once, and in this browser alone. Fails with `not_found`
   * unless `idTokenAudiences` of the provider is set on the server.
   */
  readonly idTokenNonce: (provider: string) => Promise<Result<IdTokenNonce>>;
  /** Fails with `oauth_failed`, `oauth_state_invalid`, `account_not_linked`, `forbidden`, `rate_limited`. */
  readonly idToken: (provider: string, input: IdTokenInput) => Promise<Result<SignedIn<U, C>>>;
}

/** The calls of one client that send one body to one route. */
export interface Calls {
  readonly signUp: (body: object) => Promise<Result<SignedIn | null>>;
  readonly password: PasswordCalls<unknown, unknown>;
  readonly email: EmailCalls<unknown, unknown>;
  readonly mailSignIns: MailSignIns<unknown, unknown>;
  readonly idTokenSignIns: IdTokenSignIns<unknown, unknown>;
  readonly reauthenticate: (body: object) => Promise<Result<SignedIn>>;
  readonly deleteAccount: () => Promise<Result<null>>;
}

type Method = "POST" | "DELETE";

export function callsOf(session: ClientSession): Calls {
  const call = (path: string, body?: object, method: Method = "POST"): Promise<Result<unknown>> =>
    session.call({ path, method, ...(body && { body }) });
  const plain = (path: string) => (body?: object) => call(path, body).then(withoutData);
  const withSession = (path: string) => (body?: object) =>
    whileSignedIn(session, () => call(path, body)).then(withoutData);
  const signingIn = (path: string) => (body: object) => session.signIn(path, body);
  const replacing = (path: string) => (body: object) =>
    whileSignedIn(session, () => session.signIn(path, body));
  // After the reset of a password, the session of this client has ended if it was of the same user.
  const ending = (path: string) => (body: object) =>
    andThen(plain(path)(body), () => session.state.session && session.refresh());
  return {
    signUp: (body) => read(call("/signup", body), signedInOf),
    password: {
      forgot: plain("/password/forgot"),
      reset: ending("/password/reset"),
      change: replacing("/password/change"),
    },
    email: {
      requestVerification: withSession("/email/verify/request"),
      verify: (body) =>
        read(
          whileSignedIn(session, () => call("/email/verify", body)),
          verifiedOf,
        ),
      change: withSession("/email/change"),
      // The state shows the address of the user.
      confirmChange: (body) => andThen(withSession("/email/change/confirm")(body), () => session.load()),
      undoChange: ending("/email/change/undo"),
    },
    mailSignIns: {
      link: plain("/link"),
      confirmLink: signingIn("/link/confirm"),
      code: plain("/code"),
      confirmCode: signingIn("/code/confirm"),
    },
    idTokenSignIns: {
      idTokenNonce: async (provider) => {
        const result = await call(routeOf(provider, "nonce"), {});
        return result.ok ? nonceOf(result.data) : result;
      },
      idToken: (provider, { idToken, ...input }) =>
        session.signIn(routeOf(provider, "token"), { id_token: idToken, ...input }),
    },
    reauthenticate: replacing("/reauthenticate"),
    // The server has ended the session: the sign-out deletes the tokens, and tells the other tabs.
    deleteAccount: () =>
      andThen(whileSignedIn(session, () => call("/account", undefined, "DELETE")).then(withoutData), () =>
        session.signOut("session"),
      ),
  };
}

/** Sends a request with the session. If there is none any more, it refreshes and sends the request once more. */
async function whileSignedIn<T>(session: ClientSession, send: () => Promise<Result<T>>): Promise<Result<T>> {
  if (session.state.status !== "signed-out") await session.refreshIfDue();
  const isRefused = (result: Result<T>): boolean => !result.ok && isUnauthenticated(result.error);
  return sendAgain(session, send, isRefused);
}

/** Sends a request. If it is refused, it refreshes the session, and sends the request once more. */
export async function sendAgain<T>(
  session: ClientSession,
  send: () => Promise<T>,
  isRefused: (answer: T) => boolean,
): Promise<T> {
  const { tokenVersion, state } = session;
  const answer = await send();
  if (!isRefused(answer)) return answer;
  if (session.tokenVersion === tokenVersion && !(await session.refresh()).ok) return answer;
  // The request belongs to one session, and is not repeated with another one.
  if (state.session !== null && session.state.session?.id !== state.session.id) return answer;
  return send();
}

async function read<T>(sent: Promise<Result<unknown>>, pick: (answer: unknown) => T): Promise<Result<T>> {
  const result = await sent;
  return result.ok ? success(pick(result.data)) : result;
}

async function andThen(sent: Promise<Result<null>>, run: () => unknown): Promise<Result<null>> {
  const result = await sent;
  if (result.ok) await run();
  return result;
}

function withoutData(result: Result<unknown>): Result<null> {
  return result.ok ? success(null) : result;
}

function routeOf(provider: string, last: string): string {
  return `/oauth/${encodeURIComponent(provider)}/${last}`;
}

function nonceOf(answer: unknown): Result<IdTokenNonce> {
  const { nonce, expires_in: expiresIn } = isRecord(answer) ? answer : {};
  const isSound = typeof nonce === "string" && typeof expiresIn === "number";
  return isSound ? success({ nonce, expiresIn }) : invalidResponse(200);
}

function verifiedOf(answer: unknown): Verified {
  const password = isRecord(answer) ? answer.password : null;
  // A password counts as removed unless the server says that it was kept.
  const outcome = password === "kept" || password === "none" ? password : "removed";
  return { password: outcome, ...signedInOf(answer) };
}
