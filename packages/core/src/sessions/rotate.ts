import { badAnswer, judgeHook } from "../callback-answer.ts";
import { now } from "../env.ts";
import { AuthError, type ErrorCode } from "../errors.ts";
import {
  formatRefreshToken,
  hashFamilySecret,
  hashRotatingSecret,
  mintRotatingSecret,
  parseRefreshToken,
  type RefreshToken,
} from "../tokens/refresh-token.ts";
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
import { HOOK_ANSWERS, type SessionEngine, type SessionUser } from "./engine.ts";
import { claimsTakeUser, type IssuedTokens, mintTokens, sessionOfRow } from "./mint.ts";
import { endSession } from "./revoke.ts";
import type { Device, SessionRow, Transport } from "./session.ts";
import type { Rotation, TimedRow } from "./store.ts";

export interface RefreshRequest {
  readonly token: string;
  /** How the token came; null where the caller does not say and any will do. */
  readonly transport: Transport | null;
  /** The client as it looks now; null where nothing is known. */
  readonly device: Device | null;
}

export type RefreshResult =
  | {
      readonly ok: true;
      readonly row: SessionRow;
      readonly tokens: IssuedTokens;
      readonly outcome: Exclude<RotationOutcome, "reuse">;
    }
  | { readonly ok: false; readonly code: ErrorCode };

const reasons: Readonly<Record<Extract<Decision, { kind: "refused" }>["reason"], ErrorCode>> = {
  unknown: "session_expired",
  wrong_family: "refresh_token_invalid",
  ended: "session_revoked",
  expired: "session_expired",
  wrong_transport: "transport_mismatch",
  rolled_back: "refresh_token_invalid",
};

/** Presents one refresh token: one call to the store, and one more only where it refuses. */
export async function refreshSession<Context, U extends SessionUser>(
  engine: SessionEngine<Context, U>,
  request: RefreshRequest,
): Promise<RefreshResult> {
  const token = parseRefreshToken(request.token);
  if (token === null || engine.settings.refresh === null) return { ok: false, code: "refresh_token_invalid" };
  // Drawn once for the whole call: a statement that a driver delivers twice gives the same answer.
  const next = { ...token, rotatingSecret: mintRotatingSecret(engine.env.random) };
  const rotation: Rotation = {
    id: token.id,
    token: digestsOf(token),
    policy: policyOf(engine, request.transport),
    next: hashRotatingSecret(token.id, next.rotatingSecret),
    now: now(engine.env),
  };
  const after = (await engine.store.rotate(rotation)) ?? (await explainOrRetry(engine, rotation));
  if ("ok" in after) return after;
  const outcome = rotationOutcome(after.row, rotation.token, rotation.next);
  report(engine, rotation, after, outcome);
  if (outcome === "reuse") return { ok: false, code: "refresh_token_reused" };
  const issued = outcome !== "access_only";
  const refreshToken = issued ? formatRefreshToken({ ...next, generation: after.row.generation }) : null;
  if (issued) await noticeDevice(engine, after.row, request.device);
  return answer(engine, after.row, outcome, refreshToken);
}

/** A session as a token finds it, and the two things that may be decided of the token without writing. */
export interface Peek {
  readonly row: SessionRow | null;
  /** What the token would deserve at a rotation. */
  readonly decision: Decision;
  /** What the token proves where nothing may rotate. */
  readonly lookUp: LookUpDecision;
}

/** Reads the session of a token and decides, without writing and without alarm. */
export async function peek<Context, U extends SessionUser>(
  engine: SessionEngine<Context, U>,
  token: RefreshToken,
  transport: Transport | null,
): Promise<Peek> {
  const at = now(engine.env);
  const found = await engine.store.get(token.id, at);
  const row = found?.row ?? null;
  const judged = [row, digestsOf(token), found?.now ?? at, policyOf(engine, transport)] as const;
  return { row, decision: decide(...judged), lookUp: decideLookUp(...judged) };
}

/** Names a refusal; a superseded token has no code of its own here. */
export function refusalCode(decision: Decision | LookUpDecision): ErrorCode {
  if (decision.kind === "stale") return "session_expired";
  return decision.kind === "refused" ? reasons[decision.reason] : "refresh_token_invalid";
}

// The store refused: a second look tells why. Should the reason be gone meanwhile, the token gets one more try.
async function explainOrRetry<Context, U extends SessionUser>(
  engine: SessionEngine<Context, U>,
  rotation: Rotation,
): Promise<TimedRow | Extract<RefreshResult, { ok: false }>> {
  const { id, token, policy } = rotation;
  const found = await engine.store.get(id, rotation.now);
  const decision = decide(found?.row ?? null, token, found?.now ?? rotation.now, policy);
  if (decision.kind === "refused") {
    if (decision.reason === "rolled_back" && found !== null) {
      engine.emit({
        type: "session.rolled_back",
        sessionId: id,
        userId: found.row.userId,
        generation: found.row.generation,
        presentedGeneration: token.generation,
      });
    }
    return { ok: false, code: reasons[decision.reason] };
  }
  const after = await engine.store.rotate(rotation);
  if (after === null) throw new AuthError("store_unavailable");
  return after;
}

async function answer<Context, U extends SessionUser>(
  engine: SessionEngine<Context, U>,
  rotated: SessionRow,
  outcome: Exclude<RotationOutcome, "reuse">,
  refreshToken: string | null,
): Promise<RefreshResult> {
  const { hooks, parseContext } = engine.settings;
  let row: SessionRow | null = rotated;
  let user: U | null = null;
  if (engine.usersElsewhere || claimsTakeUser(engine)) {
    user = await engine.findUser(row.userId);
    const gone = user === null ? "user_deleted" : user.disabledAt === null ? null : "user_disabled";
    if (gone !== null) {
      await endSession(engine, row.id, gone);
      return { ok: false, code: "session_revoked" };
    }
  }
  const verdict = judgeHook(await hooks.refreshed?.({ session: sessionOfRow(row), outcome }), ["context"]);
  if (verdict.kind === "fault") throw badAnswer("hooks.refreshed", verdict.returned, HOOK_ANSWERS);
  if (verdict.kind === "refuse") {
    await endSession(engine, row.id, "refused");
    return { ok: false, code: "session_revoked" };
  }
  if (verdict.kind === "replace") {
    row = await engine.store.update(row.id, { context: await parseContext(verdict.members["context"]) });
  }
  if (row === null) return { ok: false, code: "session_revoked" };
  return { ok: true, row, outcome, tokens: await mintTokens(engine, row, user, refreshToken) };
}

function report<Context, U extends SessionUser>(
  engine: SessionEngine<Context, U>,
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

async function noticeDevice<Context, U extends SessionUser>(
  engine: SessionEngine<Context, U>,
  row: SessionRow,
  after: Device | null,
): Promise<void> {
  const before = row.device;
  if (after === null || (after.userAgent === before.userAgent && after.address === before.address)) return;
  // The new refresh token is on its way: a store that fails now must not lose it. The next refresh notices again.
  const noticed = await engine.store.update(row.id, { device: after }).catch(() => null);
  if (noticed === null) return;
  engine.emit({ type: "session.device_changed", sessionId: row.id, userId: row.userId, before, after });
}

function digestsOf(token: RefreshToken): PresentedToken {
  return {
    familyHash: hashFamilySecret(token.id, token.familySecret),
    secretHash: hashRotatingSecret(token.id, token.rotatingSecret),
    generation: token.generation,
  };
}

function policyOf<Context, U extends SessionUser>(
  engine: SessionEngine<Context, U>,
  transport: Transport | null,
): RotationPolicy {
  const { refresh, restrictTransport } = engine.settings;
  return { lease: refresh?.lease ?? 0, transport: restrictTransport ? transport : null };
}
