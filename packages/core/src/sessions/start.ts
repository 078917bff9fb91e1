import { badAnswer, callAndWait, classifyHookResult } from "../platform/callback-answer.ts";
import type { JsonObject } from "../platform/encoding.ts";
import { now } from "../platform/env.ts";
import { AuthError } from "../platform/errors.ts";
import { refuse, shown } from "../platform/option-error.ts";
import { durationInstead, type EpochSeconds, type Seconds } from "../platform/time.ts";
import { type ProviderAccount, publicUser, type User } from "../users/user.ts";
import { type IssuedTokens, mintTokens } from "./access-token.ts";
import { idleExpiry } from "./decide.ts";
import { HOOK_ANSWERS, type SessionEngine } from "./engine.ts";
import { announceEnded } from "./events.ts";
import { CONFIGURED_NAMES, faultOfLifetimes, type RefreshPolicy } from "./policy.ts";
import {
  formatRefreshToken,
  hashFamilySecret,
  hashRotatingSecret,
  mintFamily,
  type RefreshToken,
} from "./refresh-token.ts";
import { type Device, type SessionId, type SessionRow, sessionOfRow, type Transport } from "./session.ts";

export interface SessionStart {
  readonly user: User;
  readonly context: JsonObject;
  readonly device: Device;
  readonly transport: Transport;
  /** RFC 8176. */
  readonly amr: readonly string[];
  /** The earlier sessions of the client. They end, so that no session id survives a sign-in. */
  readonly replaces: readonly SessionId[];
  /** The one of them that authorizes this sign-in. If it is no longer live, no session starts. */
  readonly succeeds: SessionId | null;
  readonly lifetimes: SessionLifetimes;
  /** Whether the cookies of the session outlive the browser. */
  readonly remember: boolean;
  /** The account at a provider, for `hooks.signedIn`. */
  readonly account: ProviderAccount | null;
  /** Whether this sign-in created the user, for `hooks.signedIn`. */
  readonly isNewUser: boolean;
}

/** The lifetimes of one session that replace the configured ones. */
export interface SessionLifetimes {
  /** The life of its access tokens. Default `accessToken.lifetime`. */
  readonly accessLifetime?: Seconds;
  /** The idle life of the session; null never ends. Default `refreshToken.lifetime`. */
  readonly refreshLifetime?: Seconds | null;
  /** With `false`, the session has no refresh token, and ends with its access token. Default: it has one. */
  readonly refresh?: false;
}

export interface StartedSession {
  readonly row: SessionRow;
  readonly tokens: IssuedTokens;
}

/**
 * Starts a session for a user whose credentials were checked. Returns null if the credentials changed since the check, the
 * user is deleted or disabled, or `hooks.signedIn` refuses. Then no session is left, and none has ended.
 */
export async function startSession(
  engine: SessionEngine,
  start: SessionStart,
): Promise<StartedSession | null> {
  const { store, settings } = engine;
  const { row: drawn, token } = newSession(engine, start, now(engine.env));
  // Hooks, claims and signing run before the write, so their errors leave no session behind.
  const row = await runSignedInHook(engine, drawn, start);
  if (row === null) return null;
  const refreshToken = token === null ? null : formatRefreshToken(token);
  const { remember } = start;
  const tokens = await mintTokens(engine, row, start.user, { refreshToken, remember, at: now(engine.env) });
  const created = await store.create(row, {
    ifVersion: engine.usersElsewhere ? null : start.user.credentialsVersion,
    limit: settings.limit,
    replaces: start.replaces,
  });
  if (created === null) return null;
  announceEnded(engine.emit, created.ended);
  const hasPredecessorEnded =
    start.succeeds !== null && !created.ended.some(({ id }) => id === start.succeeds);
  if (hasPredecessorEnded || (engine.usersElsewhere && (await haveCredentialsChanged(engine, start.user)))) {
    await store.end(row.id, null, { reason: "refused", now: row.createdAt });
    return null;
  }
  const { id: sessionId, userId, transport, amr } = row;
  engine.emit({ type: "session.started", sessionId, userId, transport, amr });
  return { row, tokens };
}

async function runSignedInHook(
  engine: SessionEngine,
  row: SessionRow,
  { user, account, isNewUser }: SessionStart,
): Promise<SessionRow | null> {
  const { hooks, parseContext } = engine.settings;
  const { signedIn } = hooks;
  if (signedIn === undefined) return row;
  const event = { session: sessionOfRow(row), user: publicUser(user), account, isNewUser };
  const answer = await callAndWait("hooks.signedIn", () => signedIn(event));
  const verdict = classifyHookResult(answer, ["context"]);
  if (verdict.kind === "fault") throw badAnswer("hooks.signedIn", verdict.returned, HOOK_ANSWERS);
  if (verdict.kind === "nothing") return row;
  return verdict.kind === "replace"
    ? { ...row, context: await parseContext(verdict.members["context"]) }
    : null;
}

async function haveCredentialsChanged(engine: SessionEngine, checkedUser: User): Promise<boolean> {
  const user = await engine.findUser(checkedUser.id);
  return (
    user === null || user.disabledAt !== null || user.credentialsVersion !== checkedUser.credentialsVersion
  );
}

function newSession(
  engine: SessionEngine,
  start: SessionStart,
  at: EpochSeconds,
): { readonly row: SessionRow; readonly token: RefreshToken | null } {
  const { random } = engine.env;
  const { accessLifetime, refresh } = lifetimesOf(engine.settings, start.lifetimes);
  const token = {
    ...mintFamily(start.user.id, random),
    generation: 0,
    remember: start.remember,
  };
  const { id } = token;
  const absoluteExpiresAt = expiryAfter(at, refresh === null ? accessLifetime : refresh.maxLifetime);
  const idleLifetime = refresh === null ? null : refresh.lifetime;
  const row: SessionRow = {
    id,
    userId: start.user.id,
    familyHash: hashFamilySecret(id, token.familySecret),
    rootHash: refresh === null ? null : hashRotatingSecret(id, token.rotatingSecret),
    rootGeneration: 0,
    childHash: null,
    childIssuedAt: null,
    replacedAt: null,
    generation: 0,
    context: start.context,
    device: start.device,
    transport: start.transport,
    amr: start.amr,
    createdAt: at,
    authTime: at,
    refreshedAt: at,
    accessLifetime,
    idleLifetime,
    expiresAt: idleExpiry({ idleLifetime, absoluteExpiresAt }, at),
    absoluteExpiresAt,
    endedAt: null,
    endReason: null,
  };
  return { row, token: refresh === null ? null : token };
}

function lifetimesOf(
  settings: { readonly accessLifetime: Seconds; readonly refresh: RefreshPolicy | null },
  requested: SessionLifetimes,
): { readonly accessLifetime: Seconds; readonly refresh: RefreshPolicy | null } {
  // The configuration has checked its own lifetimes.
  if (Object.keys(requested).length === 0) return settings;
  for (const option of ["accessLifetime", "refreshLifetime"] as const) {
    const value = requested[option] ?? 1;
    if (Number.isInteger(value) && value > 0 && value < 2 ** 31) continue;
    throw new AuthError(
      "invalid_request",
      `sessions.create: ${option} is ${shown(value)}, but it must be whole seconds above 0: ${durationInstead(value)}`,
    );
  }
  const accessLifetime = requested.accessLifetime ?? settings.accessLifetime;
  if (settings.refresh === null || requested.refresh === false) return checkLifetimes(accessLifetime, null);
  const lifetime =
    requested.refreshLifetime === undefined ? settings.refresh.lifetime : requested.refreshLifetime;
  const maxLifetime = maxLifetimeFor(requested.refreshLifetime, settings.refresh.maxLifetime);
  // A short access token lowers its own refreshBefore, so only the lifetimes are checked here.
  return checkLifetimes(accessLifetime, { ...settings.refresh, lifetime, maxLifetime, refreshBefore: 0 });
}

// A longer idle lifetime that the call asks for extends the absolute one. If it asks for none, the absolute one is none too.
function maxLifetimeFor(requested: Seconds | null | undefined, configured: Seconds | null): Seconds | null {
  if (requested === undefined) return configured;
  return requested === null || configured === null ? null : Math.max(requested, configured);
}

/** The names in `sessions.create`, for what a session can have of its own. */
const SESSION_NAMES = {
  ...CONFIGURED_NAMES,
  accessLifetime: "accessLifetime",
  refreshLifetime: "refreshLifetime",
};

function checkLifetimes(
  accessLifetime: Seconds,
  refresh: RefreshPolicy | null,
): { readonly accessLifetime: Seconds; readonly refresh: RefreshPolicy | null } {
  const fault = faultOfLifetimes(accessLifetime, refresh, SESSION_NAMES);
  if (fault !== null) throw refuse(`sessions.create: ${fault.option}`, fault.value, `it ${fault.why}`);
  return { accessLifetime, refresh };
}

function expiryAfter(at: EpochSeconds, life: Seconds | null): EpochSeconds | null {
  return life === null ? null : at + life;
}
