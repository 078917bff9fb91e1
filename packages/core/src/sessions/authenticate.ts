import { now } from "../platform/env.ts";
import { AuthError, type ErrorCode, faultName } from "../platform/errors.ts";
import type { EpochSeconds } from "../platform/time.ts";
import type { User } from "../users/user.ts";
import { type AccessClaims, matchesTransport } from "./access-claims.ts";
import {
  claimsOf,
  type IssuedTokens,
  isNearExpiry,
  type VerifiedToken,
  verifyAccessToken,
} from "./access-token.ts";
import { confirmEarly } from "./confirm-early.ts";
import { isExpired } from "./decide.ts";
import type { SessionEngine } from "./engine.ts";
import { chooseToken, expectationOf, type Presentation } from "./presented-tokens.ts";
import { parseRefreshToken } from "./refresh-token.ts";
import { CLOCK_SKEW, judgeToken, type KeepAlive, type ListVerdict } from "./revocation.ts";
import { lookUpToken, type RefreshResult, refreshSession, refusalCode } from "./rotate.ts";
import type { SessionRow } from "./session.ts";
import type { TimedRow } from "./session-store.ts";
import { recallToken, type SoleToken } from "./token-cache.ts";

export interface AuthenticateOptions {
  /**
   * How a refresh token is used. `auto` rotates it if a refresh is due. `never` looks it up, and accepts it for a short time
   * after the session last issued one. `ignore` does not read it. `prove` looks it up without that bound, for a sign-out.
   */
  readonly refresh: "auto" | "never" | "ignore" | "prove";
  /** Check in the store whether the session has ended, whatever `revocation` is. */
  readonly fresh: boolean;
  /** Gets the read of the list of ended sessions that this request starts; null if the host has none. */
  readonly keepAlive: KeepAlive | null;
}

export type Authentication =
  | {
      readonly ok: true;
      readonly claims: AccessClaims;
      /** The tokens of a refresh, or null. */
      readonly tokens: IssuedTokens | null;
      /** Whether the client has, or receives, a token with these claims. False if `never` or `prove` looked up a refresh token. */
      readonly held: boolean;
    }
  | Failure;

/** A request without a session, and the reason. */
export interface Failure {
  readonly ok: false;
  readonly code: ErrorCode;
  /** The tokens of the request belong to two sessions. */
  readonly isConflict?: true;
}

const CONFLICT: Failure = { ok: false, code: "unauthenticated", isConflict: true };

/** Authenticates the presented tokens, and refreshes if that is due and allowed. */
export async function authenticate(
  engine: SessionEngine,
  presented: Presentation,
  options: AuthenticateOptions,
): Promise<Authentication> {
  const choice = await chooseToken(engine, expectationOf(engine), presented, "authenticate");
  switch (choice.kind) {
    case "conflict":
      return CONFLICT;
    case "none":
      return { ok: false, code: options.refresh === "ignore" ? "unauthenticated" : choice.code };
    case "access":
      return continueWithAccess(engine, presented, options, choice.claims);
    case "refresh":
      if (options.refresh === "ignore") return { ok: false, code: "unauthenticated" };
      return options.refresh === "auto"
        ? authenticationOf(await presentToken(engine, presented, choice.token))
        : lookUp(engine, presented, { chosen: choice.token, purpose: options.refresh });
  }
}

/**
 * Finds the session of a token that was verified before. Null if the answer needs the store, a write, a hook or a refresh, and for
 * a token that is not accepted: `authenticate` decides then.
 */
export function recallSession(engine: SessionEngine, sole: SoleToken): AccessClaims | null {
  const expected = expectationOf(engine);
  const known = recallToken(expected, sole);
  return known !== null && needsNoMore(engine, known.claims, sole, expected.now) ? known.claims : null;
}

/** The result for the only token of a request. Its claims are null if the answer needs more than the token. */
export interface VerifiedSole {
  readonly token: string;
  readonly verified: VerifiedToken;
  readonly claims: AccessClaims | null;
}

/** Verifies the only token of a request. */
export async function verifySole(engine: SessionEngine, sole: SoleToken): Promise<VerifiedSole> {
  const expected = expectationOf(engine);
  const verified = await verifyAccessToken(sole.token, expected);
  const isAccepted =
    verified.kind === "live" &&
    matchesTransport(expected, verified.claims, sole.transport) &&
    // The keys may have been loaded in between, so the list is judged at the time after that.
    needsNoMore(engine, verified.claims, sole, now(engine.env));
  return { token: sole.token, verified, claims: isAccepted ? verified.claims : null };
}

/** Whether a live token needs neither the store, nor a write, a hook or a refresh. */
function needsNoMore(
  engine: SessionEngine,
  claims: AccessClaims,
  sole: SoleToken,
  at: EpochSeconds,
): boolean {
  const { ended, settings } = engine;
  const { refresh, hooks } = settings;
  if (settings.revocation === "store" || settings.confirm === "early" || hooks.validated !== undefined)
    return false;
  const mayRefresh = refresh !== null && sole.transport === "cookie";
  if (mayRefresh && isNearExpiry(claims, at, refresh)) return false;
  if (ended === null) return true;
  const list = ended.known(at);
  const token = { session: claims.sid, user: claims.sub, issuedAt: claims.iat };
  return list !== null && judgeToken(list, token, CLOCK_SKEW) === "unlisted";
}

async function continueWithAccess(
  engine: SessionEngine,
  presented: Presentation,
  options: AuthenticateOptions,
  claims: AccessClaims,
): Promise<Authentication> {
  const revocation = await checkRevocation(engine, claims, options);
  if (typeof revocation === "object") return revocation;
  if (options.refresh === "auto" && engine.settings.confirm === "early") await confirmEarly(engine, claims);
  const { refresh } = engine.settings;
  const isDue =
    revocation === "stale" ||
    revocation === "unsure" ||
    (refresh !== null && isNearExpiry(claims, now(engine.env), refresh));
  const own =
    options.refresh === "auto" && isDue
      ? presented.refresh.filter(({ token }) => parseRefreshToken(token)?.id === claims.sid)
      : [];
  if (refresh === null || own.length === 0) return keepToken(engine, claims, revocation);
  // If the refresh fails, such as with a store that is down, the live token stays valid, unless the session has ended.
  const presentedOwn = { ...presented, access: [], refresh: own };
  const result = await refreshPresented(engine, presentedOwn).catch((error: unknown) =>
    refreshFailure(engine, error),
  );
  if (result.ok) return authenticationOf(result);
  return END_CODES.has(result.code) ? result : keepToken(engine, claims, revocation);
}

const END_CODES: ReadonlySet<ErrorCode> = new Set([
  "session_revoked",
  "session_expired",
  "refresh_token_reused",
]);

/**
 * The state of the session of a live access token: all but `valid` need the row of the session. `stale` and `unsure` end with a
 * refresh; a token that is issued now would still be `stale_now` and `unsure_now`.
 */
type Revocation = "valid" | "stale" | "stale_now" | "unsure" | "unsure_now" | Failure;

const REVOCATIONS: Readonly<Record<ListVerdict, Revocation>> = {
  unlisted: "valid",
  stale: "stale",
  maybe_stale: "stale_now",
  user_ended: "unsure",
  ended: { ok: false, code: "session_revoked" },
};

/** Checks whether the session of a live access token has ended, in the store or in the list of ended sessions. */
async function checkRevocation(
  engine: SessionEngine,
  claims: AccessClaims,
  { fresh, keepAlive }: AuthenticateOptions,
): Promise<Revocation> {
  const { ended, settings } = engine;
  if (fresh || settings.revocation === "store") {
    const found = await engine.store.get(claims.sid, now(engine.env));
    const code = endCodeOf(found);
    if (code !== null) return { ok: false, code };
    // A context that was replaced, such as a role, counts from now on (ASVS 5.0 8.3.2).
    return JSON.stringify(found?.row.context) === JSON.stringify(claims.context) ? "valid" : "stale";
  }
  if (ended === null) return "valid";
  const list = await ended.current(keepAlive);
  const token = { session: claims.sid, user: claims.sub, issuedAt: claims.iat };
  const revocation = REVOCATIONS[judgeToken(list, token, CLOCK_SKEW)];
  if (revocation !== "stale" && revocation !== "unsure") return revocation;
  const renewed = judgeToken(list, { ...token, issuedAt: now(engine.env) }, CLOCK_SKEW);
  const staysListed = renewed === "stale" || renewed === "user_ended";
  return staysListed ? `${revocation}_now` : revocation;
}

/** Accepts a live access token. If that needs the row of the session, its claims come from there, and its times stay. */
async function keepToken(
  engine: SessionEngine,
  claims: AccessClaims,
  revocation: Exclude<Revocation, Failure>,
): Promise<Authentication> {
  const kept: Authentication = { ok: true, claims, tokens: null, held: true };
  if (revocation === "valid") return kept;
  // A store that is down does not end a session, but it cannot confirm one either.
  return renewClaims(engine, claims).catch((error: unknown) => {
    if (revocation === "unsure" || revocation === "unsure_now") throw error;
    engine.report(error);
    return kept;
  });
}

async function renewClaims(
  engine: SessionEngine,
  { sid, iat, exp, jti }: AccessClaims,
): Promise<Authentication> {
  const at = now(engine.env);
  const found = await engine.store.get(sid, at);
  const code = endCodeOf(found);
  if (found === null || code !== null) return { ok: false, code: code ?? "session_expired" };
  const user = await checkUser(engine, found.row);
  if (user === "refused") return { ok: false, code: "session_revoked" };
  const claims = { ...claimsOf(engine, found.row, user, at), iat, exp, jti };
  return { ok: true, claims, tokens: null, held: true };
}

/** Reads the user of a session if its claims need the user. */
async function checkUser(engine: SessionEngine, { userId }: SessionRow): Promise<User | null | "refused"> {
  if (!engine.needsUser) return null;
  const user = await engine.findUser(userId);
  return user === null || user.disabledAt !== null ? "refused" : user;
}

function refreshFailure(engine: SessionEngine, error: unknown): Failure {
  engine.report(error);
  if (error instanceof AuthError && error.code === "store_unavailable")
    return { ok: false, code: error.code };
  engine.emit({ type: "internal_error", error: faultName(error) });
  return { ok: false, code: "internal_error" };
}

function authenticationOf(result: RefreshResult): Authentication {
  if (!result.ok) return result;
  return { ok: true, claims: result.tokens.claims, tokens: result.tokens, held: true };
}

/** Chooses one of the presented refresh tokens and refreshes with it. */
export async function refreshPresented(
  engine: SessionEngine,
  presented: Presentation,
): Promise<RefreshResult | Failure> {
  const choice = await chooseToken(engine, expectationOf(engine), presented, "refresh");
  if (choice.kind === "conflict") return CONFLICT;
  if (choice.kind !== "refresh") return { ok: false, code: "refresh_token_invalid" };
  return presentToken(engine, presented, choice.token);
}

function presentToken(
  engine: SessionEngine,
  { transport, device }: Presentation,
  token: string,
): Promise<RefreshResult> {
  return refreshSession(engine, { token, transport, device });
}

// For server components, prefetches and HEAD: these cannot set a cookie, so they do not rotate and do not report reuse.
async function lookUp(
  engine: SessionEngine,
  presented: Presentation,
  { chosen, purpose }: { readonly chosen: string; readonly purpose: "never" | "prove" },
): Promise<Authentication> {
  const token = parseRefreshToken(chosen);
  if (token === null || engine.settings.refresh === null) return { ok: false, code: "refresh_token_invalid" };
  const { row, lookUp } = await lookUpToken(engine, token, presented.transport);
  if (row !== null && lookUp.kind === "superseded") reportStaleToken(engine, row, token.generation);
  const isProven = lookUp.kind === "proven" || (lookUp.kind === "stale" && purpose === "prove");
  if (row === null || !isProven) return { ok: false, code: refusalCode(lookUp) };
  const user = await checkUser(engine, row);
  if (user === "refused") return { ok: false, code: "session_revoked" };
  return { ok: true, claims: claimsOf(engine, row, user, now(engine.env)), tokens: null, held: false };
}

function reportStaleToken(
  engine: SessionEngine,
  { id: sessionId, userId, generation }: SessionRow,
  presentedGeneration: number,
): void {
  engine.emit({ type: "session.stale_token", sessionId, userId, generation, presentedGeneration });
}

function endCodeOf(found: TimedRow | null): ErrorCode | null {
  if (found === null || isExpired(found.row, found.now)) return "session_expired";
  return found.row.endedAt === null ? null : "session_revoked";
}
