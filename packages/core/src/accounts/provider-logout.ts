import type { ProviderLogout } from "../oauth/provider.ts";
import { badAnswer, callAndWait, kindOf } from "../platform/callback-answer.ts";
import { labelledDigest, type SecretHash } from "../platform/digest.ts";
import { isRecord, type JsonObject, own, utf8 } from "../platform/encoding.ts";
import { now } from "../platform/env.ts";
import { AuthError, statuses } from "../platform/errors.ts";
import { days, minutes, type Seconds } from "../platform/time.ts";
import { endSession } from "../sessions/end.ts";
import type { SessionRow } from "../sessions/session.ts";
import type { StartedSession } from "../sessions/start.ts";
import type { SlotToken } from "../users/one-time-token.ts";
import type { ProviderAccount, User, UserId } from "../users/user.ts";
import type { App, ConnectedProvider } from "./app.ts";

/** The sign-in at a provider that a session began with. */
export interface SessionOrigin {
  readonly provider: string;
  readonly subject: string;
  /** The id of the session at the provider; null if its ID token has none. */
  readonly sid: string | null;
}

/**
 * Decides whether a provider that has ended its session ends one here (OpenID Connect Back-Channel Logout 1.0, section 2.7). `origin` is
 * null for a session of which no sign-in is recorded: if it began at any provider, it ends, because it may be the one.
 */
export function decideProviderLogout(
  { amr, origin }: Pick<SessionRow, "amr"> & { readonly origin: SessionOrigin | null },
  { provider, subject, sid }: Pick<ProviderLogout, "subject" | "sid"> & { readonly provider: string },
): "end" | "keep" {
  if (origin === null) return amr.includes("fed") ? "end" : "keep";
  const isOfSubject = subject === null || origin.subject === subject;
  const isOfSession = sid === null || origin.sid === null || origin.sid === sid;
  return origin.provider === provider && isOfSubject && isOfSession ? "end" : "keep";
}

const PURPOSE = "provider-session";
/** A session without an end is recorded for as long as a browser keeps a cookie. */
const LONGEST: Seconds = days(400);
/** Longer than a logout token is accepted, and than a sign-in takes. */
const MARK_LIFETIME: Seconds = minutes(30);

/** A record in the store of tokens: of a session here, of one at a provider, of one that it has ended, of a logout token that was used. */
type RecordName =
  | readonly ["session", sessionId: string]
  | readonly ["sid" | "ended", provider: string, sid: string]
  | readonly ["used", provider: string, jti: string];

interface RecordContent {
  readonly userId?: UserId;
  readonly data?: JsonObject;
  readonly lifetime: Seconds;
}

function slotOf(name: RecordName): SecretHash {
  return labelledDigest(PURPOSE, utf8(JSON.stringify(name)));
}

async function write(app: App, name: RecordName, content: RecordContent): Promise<void> {
  const { userId = null, data = {}, lifetime } = content;
  const slot = slotOf(name);
  const expiresAt = now(app.env) + lifetime;
  // No secret redeems it.
  const record = { slot, secret: slot, purpose: PURPOSE, tries: null, userId, data, expiresAt };
  await app.tokens.fillSlot(record);
}

function read(app: App, name: RecordName): Promise<SlotToken | null> {
  return app.tokens.readSlot(slotOf(name), now(app.env));
}

/** Starts a session; null if that is refused. */
export type StartSession = () => Promise<StartedSession | null>;

/**
 * Starts a session, and records the sign-in at the provider that it begins with. Returns null if `start` does, and if the provider has
 * ended its own session in between.
 */
export async function startRecorded(
  app: App,
  user: User,
  account: ProviderAccount,
  start: StartSession,
): Promise<StartedSession | null> {
  const { provider, subject, claims } = account;
  const lifetime = lifetimeOf(app.engine.settings);
  const [sid = null] = [own(claims, "sid")].filter(isName);
  // Before the session: a logout that names `sid` alone finds its user by this.
  if (sid !== null) await write(app, ["sid", provider, sid], { userId: user.id, lifetime });
  const started = await start();
  if (started === null) return null;
  await write(app, ["session", started.row.id], { data: { provider, subject, sid }, lifetime });
  // After the session: a logout marks `sid` first, and then lists the sessions.
  if (sid === null || (await read(app, ["ended", provider, sid])) === null) return started;
  await endSession(app.engine, started.row.id, "logout");
  return null;
}

function lifetimeOf({ refresh, accessLifetime }: App["engine"]["settings"]): Seconds {
  return refresh === null ? accessLifetime : (refresh.maxLifetime ?? LONGEST);
}

async function requireUnused(app: App, provider: string, { jti }: ProviderLogout): Promise<void> {
  if ((await read(app, ["used", provider, jti])) === null) return;
  throw new AuthError("invalid_request", "The logout token was used before.");
}

/**
 * Ends the sessions that a provider has ended. It marks the logout token as used after that, so that one can be sent again whose request
 * failed.
 */
async function endProviderSessions(app: App, provider: string, logout: ProviderLogout): Promise<void> {
  const { subject, sid, jti } = logout;
  if (sid !== null) await write(app, ["ended", provider, sid], { lifetime: MARK_LIFETIME });
  for (const userId of await usersOf(app, provider, logout)) {
    // Without `sid` no mark stops a sign-in that is under way: the new version does.
    if (sid === null) await app.users.update(userId, {}, { ifVersion: null, raiseVersion: true });
    for (const { id, amr } of await app.engine.store.list(userId, now(app.env))) {
      const session = { amr, origin: originIn(await read(app, ["session", id])) };
      const decision = decideProviderLogout(session, { provider, subject, sid });
      if (decision === "end") await endSession(app.engine, id, "logout");
    }
  }
  await write(app, ["used", provider, jti], { lifetime: MARK_LIFETIME });
}

async function usersOf(
  app: App,
  provider: string,
  { subject, sid }: ProviderLogout,
): Promise<ReadonlySet<UserId>> {
  const holder = subject === null ? null : await app.users.findByAccount({ provider, subject });
  const recorded = sid === null ? null : await read(app, ["sid", provider, sid]);
  const ids = [holder?.id, recorded?.userId];
  return new Set(ids.filter((id) => typeof id === "string"));
}

function originIn(found: SlotToken | null): SessionOrigin | null {
  const { provider, subject, sid = null } = found?.data ?? {};
  if (typeof provider !== "string" || typeof subject !== "string") return null;
  return { provider, subject, sid: typeof sid === "string" ? sid : null };
}

/**
 * Ends the sessions of a logout token that any client may have sent. `accepted` is called if the token is right and was not
 * used before. Fails with `invalid_request`, and with `oauth_failed` if the keys of the provider cannot be fetched.
 */
export async function receiveLogout(
  app: App,
  connected: ConnectedProvider,
  logoutToken: string,
  accepted: () => Promise<void>,
): Promise<void> {
  const { id } = connected.provider;
  try {
    const logout = await verify(connected, logoutToken);
    await requireUnused(app, id, logout);
    await accepted();
    await endProviderSessions(app, id, logout);
  } catch (error) {
    tellRefusal(app, id, error);
    throw error;
  }
}

async function verify(
  { provider: { id }, connection }: ConnectedProvider,
  logoutToken: string,
): Promise<ProviderLogout> {
  const operation = `verifyLogout of ${id}`;
  const logout = await callAndWait(operation, () => connection.verifyLogout?.(logoutToken));
  if (!isLogout(logout)) throw badAnswer(operation, kindOf(logout), "a ProviderLogout");
  return logout;
}

// A provider may be the application's own. Without a subject and a sid it would end the sessions of no user, and succeed.
function isLogout(value: unknown): value is ProviderLogout {
  if (!isRecord(value)) return false;
  const [subject, sid, jti] = ["subject", "sid", "jti"].map((name) => own(value, name));
  const areNames = [subject, sid].every((name) => name === null || isName(name));
  return areNames && (subject !== null || sid !== null) && isName(jti);
}

function isName(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value.length <= 255;
}

/** Tells the developer why a logout was refused: one line a minute for each provider and reason. */
function tellRefusal(app: App, provider: string, error: unknown): void {
  if (!(error instanceof AuthError) || statuses[error.code] !== 400) return;
  const reason = error.message;
  app.engine.emit({ type: "oauth.failed", provider, code: error.code, error: reason });
  const line = `a logout by ${provider} was refused: ${reason.replace(/\.$/, "")}`;
  app.reportProvider(Math.floor(now(app.env) / 60), `${provider} logout ${reason}`, line);
}
