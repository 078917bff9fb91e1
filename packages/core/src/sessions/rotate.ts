import { badAnswer, callAndWait, classifyHookResult, type HookResult } from "../platform/callback-answer.ts";
import { now } from "../platform/env.ts";
import { AuthError, type ErrorCode, reportQuietly } from "../platform/errors.ts";
import type { User } from "../users/user.ts";
import { type Issue, type IssuedTokens, mintTokens } from "./access-token.ts";
import {
  type Decision,
  decide,
  decideLookUp,
  type LookUpDecision,
  type PresentedToken,
  type RotationOutcome,
  type RotationPolicy,
  rotationOutcome,
} from "./decide.ts";
import { endSession } from "./end.ts";
import { type AuthHooks, HOOK_ANSWERS, type Refreshed, type SessionEngine } from "./engine.ts";
import {
  formatRefreshToken,
  hashFamilySecret,
  hashRotatingSecret,
  parseRefreshToken,
  type RefreshToken,
  ROTATING_SECRET,
} from "./refresh-token.ts";
import { type Device, type SessionId, type SessionRow, sessionOfRow, type Transport } from "./session.ts";
import type { RotatedRow, Rotation, TimedRow } from "./session-store.ts";

export interface RefreshRequest {
  readonly token: string;
  /** The transport of the token; null accepts any. */
  readonly transport: Transport | null;
  /** The device of this request; null if unknown. */
  readonly device: Device | null;
}

export type RefreshResult =
  | {
      readonly ok: true;
      readonly row: SessionRow;
      readonly tokens: IssuedTokens;
      readonly outcome: Exclude<RotationOutcome, "reuse">;
    }
  | RefusedRefresh;

export interface RefusedRefresh {
  readonly ok: false;
  readonly code: ErrorCode;
  /** The session whose family secret the token has; null if there is none. */
  readonly provenId: SessionId | null;
}

type Reason = Extract<Decision, { kind: "refused" }>["reason"];

const reasons: Readonly<Record<Reason, ErrorCode>> = {
  unknown: "session_expired",
  wrong_family: "refresh_token_invalid",
  ended: "session_revoked",
  expired: "session_expired",
  wrong_transport: "transport_mismatch",
  rolled_back: "refresh_token_invalid",
};

/** Refreshes a session with one refresh token, in one call to `store.rotate`. */
export async function refreshSession(engine: SessionEngine, request: RefreshRequest): Promise<RefreshResult> {
  const token = parseRefreshToken(request.token);
  if (token === null || engine.settings.refresh === null) return refuse("refresh_token_invalid", null);
  // Minted once: if a driver sends the statement twice, both get the same result.
  const next = { ...token, rotatingSecret: engine.env.random(ROTATING_SECRET) };
  const rotation: Rotation = {
    id: token.id,
    token: digestsOf(token),
    policy: policyOf(engine, request.transport),
    next: hashRotatingSecret(token.id, next.rotatingSecret),
    now: now(engine.env),
  };
  const after = await rotateOrRefuse(engine, rotation);
  if ("ok" in after) return after;
  const outcome = rotationOutcome(after.row, rotation.token, rotation.next);
  reportRotation(engine, rotation, after, outcome);
  if (outcome === "reuse") engine.onReuse({ userId: after.row.userId, device: request.device });
  if (outcome === "reuse") return refuse("refresh_token_reused", token.id);
  const issued = outcome !== "access_only";
  const refreshToken = issued ? formatRefreshToken({ ...next, generation: after.row.generation }) : null;
  if (issued) await recordDevice(engine, after.row, request.device);
  return finishRefresh(engine, after.row, outcome, {
    refreshToken,
    remember: token.remember,
    at: rotation.now,
  });
}

/** The session of a token, and two decisions about the token that write nothing. */
export interface TokenLookUp {
  readonly row: SessionRow | null;
  /** The decision for a rotation. */
  readonly decision: Decision;
  /** The decision for a request that must not rotate. */
  readonly lookUp: LookUpDecision;
}

/** Reads the session of a token and decides about the token. It writes nothing, and does not report reuse. */
export async function lookUpToken(
  engine: SessionEngine,
  token: RefreshToken,
  transport: Transport | null,
): Promise<TokenLookUp> {
  const at = now(engine.env);
  const found = await engine.store.get(token.id, at);
  const row = found?.row ?? null;
  const judged = [row, digestsOf(token), found?.now ?? at, policyOf(engine, transport)] as const;
  return { row, decision: decide(...judged), lookUp: decideLookUp(...judged) };
}

/** Maps a refusal to an error code. A superseded token gets the code of an invalid one. */
export function refusalCode(decision: Decision | LookUpDecision): ErrorCode {
  if (decision.kind === "stale") return "session_expired";
  return decision.kind === "refused" ? reasons[decision.reason] : "refresh_token_invalid";
}

// A store may read a refused row in a second step. If `decide` accepts that row, the rotation is repeated once.
async function rotateOrRefuse(
  engine: SessionEngine,
  rotation: Rotation,
): Promise<RotatedRow | RefusedRefresh> {
  const { token, policy } = rotation;
  const after = await engine.store.rotate(rotation);
  if (after === null) return refuse(reasons.unknown, null);
  if (!after.refused) return after;
  const decision = decide(after.row, token, after.now, policy);
  if (decision.kind === "refused") return refuseRotation(engine, rotation, after.row, decision.reason);
  const again = await engine.store.rotate(rotation);
  if (again === null || again.refused) throw new AuthError("store_unavailable");
  return again;
}

function refuseRotation(
  engine: SessionEngine,
  { id: sessionId, token }: Rotation,
  { userId, generation }: SessionRow,
  reason: Reason,
): RefusedRefresh {
  if (reason === "rolled_back") {
    const presentedGeneration = token.generation;
    engine.emit({ type: "session.rolled_back", sessionId, userId, generation, presentedGeneration });
  }
  return refuse(reasons[reason], reason === "wrong_family" ? null : sessionId);
}

function refuse(code: ErrorCode, provenId: SessionId | null): RefusedRefresh {
  return { ok: false, code, provenId };
}

async function finishRefresh(
  engine: SessionEngine,
  rotated: SessionRow,
  outcome: Exclude<RotationOutcome, "reuse">,
  issue: Issue,
): Promise<RefreshResult> {
  const { hooks, parseContext } = engine.settings;
  let row: SessionRow | null = rotated;
  let user: User | null = null;
  if (engine.needsUser) {
    user = await engine.findUser(row.userId);
    const endReason = user === null ? "user_deleted" : user.disabledAt === null ? null : "user_disabled";
    if (endReason !== null) {
      await endSession(engine, row.id, endReason);
      return refuse("session_revoked", row.id);
    }
  }
  const verdict = await runRefreshedHook(hooks.refreshed, { session: sessionOfRow(row), outcome });
  if (verdict.kind === "fault") throw badAnswer("hooks.refreshed", verdict.returned, HOOK_ANSWERS);
  if (verdict.kind === "refuse") {
    await endSession(engine, row.id, "refused");
    return refuse("session_revoked", row.id);
  }
  if (verdict.kind === "replace") {
    const context = await parseContext(verdict.members["context"]);
    // The refresh issues a token with this context, so no entry of the feed asks for another refresh.
    row = await engine.store.update(row.id, { context }, null);
  }
  if (row === null) return refuse("session_revoked", rotated.id);
  return { ok: true, row, outcome, tokens: await mintTokens(engine, row, user, issue) };
}

async function runRefreshedHook(hook: AuthHooks["refreshed"], refreshed: Refreshed): Promise<HookResult> {
  if (hook === undefined) return { kind: "nothing" };
  return classifyHookResult(await callAndWait("hooks.refreshed", () => hook(refreshed)), ["context"]);
}

function reportRotation(
  engine: SessionEngine,
  rotation: Rotation,
  after: TimedRow,
  outcome: RotationOutcome,
): void {
  const { id: sessionId, userId, generation, childIssuedAt, replacedAt } = after.row;
  const presentedGeneration = rotation.token.generation;
  if (outcome === "reuse") {
    engine.emit({ type: "session.reuse_detected", sessionId, userId, generation, presentedGeneration });
    engine.emit({ type: "session.ended", sessionId, userId, reason: "reuse" });
    return;
  }
  engine.emit({ type: "session.refreshed", sessionId, userId, outcome, generation });
  if (outcome === "reissued") {
    const age = (childIssuedAt ?? after.now) - (replacedAt ?? after.now);
    engine.emit({ type: "session.reissued", sessionId, userId, generation, age });
  }
}

async function recordDevice(engine: SessionEngine, row: SessionRow, seen: Device | null): Promise<void> {
  const before = row.device;
  const after = seen === null ? before : updateDevice(before, seen);
  if (after.userAgent === before.userAgent && after.address === before.address) return;
  // A failing store must not lose the new refresh token. The next refresh records the device again.
  const change = { device: after };
  const recorded = await engine.store.update(row.id, change, null).catch(reportQuietly(engine.report));
  if (recorded === null || !hasChanged(before, after)) return;
  engine.emit({ type: "session.device_changed", sessionId: row.id, userId: row.userId, before, after });
}

/** The device with the members that are known now. An unknown member replaces no known one. */
function updateDevice(before: Device, seen: Device): Device {
  return { userAgent: seen.userAgent ?? before.userAgent, address: seen.address ?? before.address };
}

/** Whether a member that was known has another value. A member that was unknown has not changed. */
function hasChanged(before: Device, after: Device): boolean {
  const isOther = (name: keyof Device): boolean => before[name] !== null && before[name] !== after[name];
  return isOther("userAgent") || isOther("address");
}

function digestsOf(token: RefreshToken): PresentedToken {
  return {
    familyHash: hashFamilySecret(token.id, token.familySecret),
    secretHash: hashRotatingSecret(token.id, token.rotatingSecret),
    generation: token.generation,
  };
}

function policyOf(engine: SessionEngine, transport: Transport | null): RotationPolicy {
  const { refresh, restrictTransport } = engine.settings;
  return { lease: refresh?.lease ?? 0, transport: restrictTransport ? transport : null };
}
