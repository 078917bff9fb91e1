import type { App } from "../accounts/app.ts";
import type { StartSession } from "../accounts/provider-logout.ts";
import type { CookieChange } from "../cookies/cookie.ts";
import { decideNewDevice } from "../mail/notices.ts";
import type { PasswordProvider } from "../password/provider.ts";
import type { JsonObject } from "../platform/encoding.ts";
import { AuthError } from "../platform/errors.ts";
import type { IssuedTokens } from "../sessions/access-token.ts";
import { findProvenSessions } from "../sessions/presented-tokens.ts";
import { parseRefreshToken } from "../sessions/refresh-token.ts";
import { type SessionRow, sessionOfRow, type Transport } from "../sessions/session.ts";
import { type SessionStart, type StartedSession, startSession } from "../sessions/start.ts";
import { type Identifier, identifierNames, signInKey } from "../users/identifier.ts";
import { type ProviderAccount, publicUser, type User } from "../users/user.ts";
import { deviceCookie, readDeviceOf } from "./device-cookie.ts";
import { type Body, readBody, stringMember } from "./request.ts";
import { cookiesOf, deleteFormerCookies, respondJson, tokenFields } from "./response.ts";
import type { Call } from "./route.ts";

/** The input of `POST /login` and `POST /signup`. */
export interface PasswordInput {
  readonly identifier: Identifier;
  readonly password: string;
  readonly kind: SessionKind;
}

/** Reads the body of a sign-in. Fails with `invalid_request`. */
export async function readPasswordInput(app: App, request: Request): Promise<PasswordInput> {
  if (app.password === null) throw new AuthError("not_found");
  return parsePasswordInput(app, await readBody(request, true));
}

/** Parses the body of a sign-in or sign-up. Fails with `invalid_request`. */
export function parsePasswordInput({ password: provider }: App, body: Body | null): PasswordInput {
  if (provider === null) throw new AuthError("not_found");
  const input = body === null ? undefined : identifierIn(body, provider);
  const password = body === null ? undefined : stringMember(body, "password");
  if (body === null || input === undefined || password === undefined) {
    const needed =
      provider.identifier === EITHER ? "one of identifier, email, username," : provider.identifier;
    throw new AuthError("invalid_request", `The body needs ${needed} and password.`);
  }
  const identifier = provider.parseIdentifier(input);
  if (identifier === null) {
    const name = provider.identifier === EITHER ? "identifier" : identifierNames[provider.identifier];
    throw new AuthError("invalid_request", `The ${name} is malformed.`);
  }
  requirePossible(provider, password);
  return { identifier, password, kind: kindOfSession(body) };
}

/** The option `identifier` where users sign in by either. */
export const EITHER = "email-or-username";

/** The text that identifies the user. Where it may be an address or a username, any of three members has it, and only one. */
function identifierIn(body: Body, { identifier }: PasswordProvider): string | undefined {
  if (identifier !== EITHER) return stringMember(body, identifier);
  const given = ["identifier", "email", "username"].filter((name) => Object.hasOwn(body, name));
  const [name] = given;
  return given.length === 1 && name !== undefined ? stringMember(body, name) : undefined;
}

/** Refuses a password that no user can have, before it costs any work. */
export function requirePossible(provider: PasswordProvider, password: string): void {
  if (provider.isPossible(password)) return;
  throw new AuthError("invalid_request", "The password is malformed, or longer than 1,024 characters.");
}

/** The kind of session that a client asks for. */
export interface SessionKind {
  readonly transport: Transport;
  /** Whether its cookies outlive the browser. */
  readonly remember: boolean;
}

/** Reads the members `transport` and `remember`. Fails with `invalid_request`. */
export function kindOfSession(body: Body): SessionKind {
  const transport = stringMember(body, "transport") ?? "cookie";
  if (transport !== "cookie" && transport !== "bearer")
    throw new AuthError("invalid_request", 'transport is "cookie" or "bearer".');
  return { transport, remember: parseRemember(Object.hasOwn(body, "remember") ? body["remember"] : true) };
}

/** Parses `remember` of JSON, of a form or of a query. Fails with `invalid_request`. */
export function parseRemember(value: unknown): boolean {
  if (value === true || value === "true" || value === "on") return true;
  if (value === false || value === "false") return false;
  throw new AuthError("invalid_request", "remember must be true or false.");
}

/** Whether the cookies of a session in a call outlive the browser, as its refresh token says. Without one they do. */
export function isRemembered({ credentials }: Pick<Call, "credentials">, sessionId: string): boolean {
  const tokens = credentials.presented.refresh.map(({ token }) => parseRefreshToken(token));
  return tokens.every((token) => token === null || token.id !== sessionId || token.remember);
}

/** The account at a provider that a user signs in with, and the function that records it with the session; null for any other way. */
type ByAccount =
  | { readonly account: null; readonly record?: undefined }
  | {
      readonly account: ProviderAccount;
      readonly record: (start: StartSession) => ReturnType<StartSession>;
    };

/** How a user signs in. */
export type SignIn = SessionKind & ByAccount & SignInFacts;

interface SignInFacts {
  /** RFC 8176; `fed`, which it does not define, for a provider. */
  readonly amr: readonly string[];
  /** Sessions to end besides those that the request proves. */
  readonly replaces: readonly string[];
  /** The live session that authorizes this sign-in; null if the user just authenticated. */
  readonly succeeds: string | null;
  /** Whether this sign-in created the user. */
  readonly isNewUser: boolean;
  /** The context of the session. Default: `sessions.context.from` makes it. */
  readonly context?: JsonObject;
  /** The error if the application refuses the user, or if their credentials changed since the check. */
  readonly refusal: "invalid_credentials" | "forbidden";
}

/** Signs in a user whose password was checked, and responds with the session. */
export function signInByPassword(app: App, call: Call, user: User, kind: SessionKind): Promise<Response> {
  const how = {
    ...kind,
    amr: ["pwd"],
    replaces: [],
    succeeds: null,
    account: null,
    isNewUser: false,
  } as const;
  return signInAndRespond(app, call, user, { ...how, refusal: "invalid_credentials", status: 200 });
}

/**
 * The name of an account for the limits. An address and a username of one account share it: with one limit for each, guesses would
 * double. `typed` names an account that does not exist.
 */
export function accountKey({ password }: App, user: User | null, typed: object = {}): string {
  if (user === null) return JSON.stringify(typed);
  return JSON.stringify((password === null ? null : signInKey(password, user)) ?? { id: user.id });
}

/** The answer to a sign-in. */
export interface AnswerOfSignIn {
  readonly status: number;
  /** More members of the body. */
  readonly more?: object;
  /** Changes of other cookies. */
  readonly changes?: readonly CookieChange[];
}

/** Signs in a user, and responds with the session in JSON. */
export async function signInAndRespond(
  app: App,
  call: Call,
  user: User,
  how: SignIn & AnswerOfSignIn,
): Promise<Response> {
  // Before the session starts, so that an error of the application leaves none behind.
  const shown = app.serialize(user);
  const { row, tokens } = await signIn(app, call, user, how);
  const { status, more, changes: others = [] } = how;
  const body = { ...more, user: shown, session: sessionOfRow(row) };
  if (how.transport === "bearer") {
    return respondJson(app, { ...tokenFields(tokens), ...body }, status, others);
  }
  const changes = [...others, ...(await signInCookies(app, call, user, tokens))];
  return respondJson(app, { expires_in: tokens.expiresIn, ...body }, status, changes);
}

/**
 * Makes the cookies of a sign-in. One of them remembers the browser, for the limits of later sign-ins, unless the session ends with
 * the browser: then it may be one that others use.
 */
export async function signInCookies(
  app: App,
  call: Call,
  user: User,
  tokens: IssuedTokens,
): Promise<readonly CookieChange[]> {
  return [
    ...deleteFormerCookies(call.site, call.credentials),
    ...cookiesOf(call.site, tokens),
    ...(tokens.remember ? await deviceCookie(app, call, user) : []),
  ];
}

/**
 * Signs in a user whose credentials were checked. It always starts a new session and ends the one of the browser, so that
 * no session id survives a sign-in.
 */
export async function signIn(
  app: App,
  call: Call,
  user: User,
  { transport, remember, amr, replaces, succeeds, account, record, isNewUser, context, refusal }: SignIn,
): Promise<StartedSession> {
  const session: SessionStart = {
    user,
    context: context ?? (await app.engine.settings.parseContext(app.contextOf(call.request, user))),
    device: call.client.device,
    transport,
    amr,
    replaces: [
      ...new Set([...replaces, ...(await findProvenSessions(app.engine, call.credentials.presented))]),
    ],
    succeeds,
    lifetimes: {},
    remember,
    account,
    isNewUser,
  };
  const start: StartSession = () => startSession(app.engine, session);
  const started = record === undefined ? await start() : await record(start);
  if (started !== null) {
    const continues = succeeds !== null || context !== undefined;
    await tellNewDevice(app, call, { user, row: started.row, continues });
    return started;
  }
  app.engine.emit({ type: "sign_in.failed", userId: user.id, code: refusal });
  throw new AuthError(refusal);
}

interface ToldSignIn {
  readonly user: User;
  readonly row: SessionRow;
  readonly continues: boolean;
}

async function tellNewDevice(app: App, call: Call, { user, row, continues }: ToldSignIn): Promise<void> {
  if (app.mail === null) return;
  const { createdAt: at, device } = row;
  const isKnown = (await readDeviceOf(app, call, user)) !== null;
  const hasDevices = app.config.limits !== null;
  if (decideNewDevice({ user, continues, isKnown, hasDevices, at }) === "quiet") return;
  app.mail({ type: "new_device", to: user.email ?? "", user: publicUser(user), at, device });
}
