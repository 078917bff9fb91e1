import { now } from "../platform/env.ts";
import type { ErrorCode } from "../platform/errors.ts";
import { type AccessClaims, matchesTransport } from "./access-claims.ts";
import {
  hasTooMany,
  liveClaims,
  MAX_TOKENS,
  type Verification,
  type VerifiedToken,
  verifyAccessToken,
} from "./access-token.ts";
import type { Decision } from "./decide.ts";
import type { SessionEngine, SessionSettings } from "./engine.ts";
import { parseRefreshToken, type RefreshToken } from "./refresh-token.ts";
import { lookUpToken } from "./rotate.ts";
import {
  type AccessCandidate,
  type Candidate,
  type Purpose,
  type RefreshCandidate,
  type Selection,
  selectToken,
} from "./select.ts";
import type { Device, SessionId, Transport } from "./session.ts";

/** A token of a request, and the properties of its cookie name. */
export interface PresentedText {
  readonly token: string;
  /** Whether the cookie has the configured name, not a former one. */
  readonly current: boolean;
  /** Whether only this host can have set it, and no sibling subdomain. */
  readonly hostBound: boolean;
  /** The result, if the token was verified already. */
  readonly verified?: VerifiedToken;
}

/** The requirements for an access token. */
export interface AccessExpectation extends Verification {
  readonly restrictTransport: boolean;
}

interface Verifier extends Pick<SessionEngine, "env" | "cache"> {
  readonly keys: Verification["keys"];
  readonly settings: Pick<SessionSettings, "issuer" | "audience" | "restrictTransport">;
}

/** The requirements for an access token at this time. */
export function expectationOf({ env, keys, cache, settings }: Verifier): AccessExpectation {
  const { issuer, audience, restrictTransport } = settings;
  return { keys, cache, issuer, audience, restrictTransport, now: now(env) };
}

/** An access token with a valid signature: its candidate for the selection, and its claims. */
export interface VerifiedAccess {
  readonly candidate: AccessCandidate;
  readonly claims: AccessClaims;
}

/** The verified access tokens of a request, and the error code if none of them is live. */
export interface AccessFindings {
  readonly verified: readonly VerifiedAccess[];
  readonly code: ErrorCode;
}

/** Verifies the access tokens of a request. Those of former names are verified only if no current one is live. */
async function verifyAccess(
  expected: AccessExpectation,
  { access, transport }: { readonly access: readonly PresentedText[]; readonly transport: Transport | null },
): Promise<AccessFindings> {
  const considered = access.slice(0, MAX_TOKENS);
  const current = await verifyTexts(expected, considered.filter(isCurrent), transport);
  const hasLive = current.verified.some(({ candidate }) => candidate.verdict === "live");
  const former = considered.filter((text) => !isCurrent(text));
  if (hasLive || former.length === 0) return current;
  const after = await verifyTexts(expected, former, transport);
  return {
    verified: [...current.verified, ...after.verified],
    code: current.code === "unauthenticated" ? after.code : current.code,
  };
}

async function verifyTexts(
  expected: AccessExpectation,
  texts: readonly PresentedText[],
  transport: Transport | null,
): Promise<AccessFindings> {
  const found = await Promise.all(
    texts.map(async ({ token, verified, ...named }) => ({
      named,
      token: verified ?? (await verifyAccessToken(token, expected)),
    })),
  );
  const ours = found.flatMap(({ token, named }) => (token.kind === "invalid" ? [] : [{ token, named }]));
  const fitting = ours.filter(({ token }) => matchesTransport(expected, token.claims, transport));
  const isMisplaced = ours.some((one) => one.token.kind === "live" && !fitting.includes(one));
  return {
    verified: fitting.map(({ token: { kind: verdict, claims }, named }) => ({
      candidate: { kind: "access", verdict, sessionId: claims.sid, expiresAt: claims.exp, ...named },
      claims,
    })),
    code: isMisplaced ? "transport_mismatch" : "unauthenticated",
  };
}

function isCurrent({ current }: PresentedText): boolean {
  return current;
}

/** The tokens that a client presents. Tokens of current names come before those of former names. */
export interface Presentation {
  readonly transport: Transport | null;
  readonly access: readonly PresentedText[];
  readonly refresh: readonly PresentedText[];
  readonly device: Device | null;
}

/** The token that authenticates a request, or the reason why there is none. */
export type Choice =
  | { readonly kind: "access"; readonly claims: AccessClaims }
  | { readonly kind: "refresh"; readonly token: string }
  | { readonly kind: "conflict" }
  | { readonly kind: "none"; readonly code: ErrorCode };

interface WellFormed {
  readonly text: string;
  readonly token: RefreshToken;
  readonly candidate: RefreshCandidate;
}

const NO_ACCESS: AccessFindings = { verified: [], code: "unauthenticated" };

/** Chooses the token that authenticates a request. It reads the store only if the request has several tokens. */
export async function chooseToken(
  engine: SessionEngine,
  expected: AccessExpectation,
  presented: Presentation,
  purpose: Purpose,
): Promise<Choice> {
  if (presentsTooMany(presented)) return reportConflict(engine, []);
  // A refresh token that only this host can have set is accepted without an access token of its session.
  const needsAccess = purpose === "authenticate" || presented.refresh.some(({ hostBound }) => !hostBound);
  const access = needsAccess ? await verifyAccess(expected, presented) : NO_ACCESS;
  let refresh = engine.settings.refresh === null ? [] : parseRefreshTokens(presented.refresh);
  let selection = select(access, refresh, purpose);
  if (selection.kind === "unread") {
    refresh = await Promise.all(refresh.map((one) => readSession(engine, presented.transport, one)));
    selection = select(access, refresh, purpose);
  }
  if (selection.kind === "conflict") return reportConflict(engine, selection.sessionIds);
  return chosenOf(selection, access, refresh) ?? { kind: "none", code: codeOf(presented, access) };
}

function select({ verified }: AccessFindings, refresh: readonly WellFormed[], purpose: Purpose): Selection {
  const candidates = [...verified, ...refresh].map(({ candidate }): Candidate => candidate);
  return selectToken(candidates, purpose);
}

function chosenOf(
  selection: Selection,
  { verified }: AccessFindings,
  refresh: readonly WellFormed[],
): Choice | null {
  if (selection.kind === "access") {
    const found = verified.find(({ candidate }) => candidate === selection.chosen);
    return found === undefined ? null : { kind: "access", claims: found.claims };
  }
  if (selection.kind !== "refresh") return null;
  const found = refresh.find(({ candidate }) => candidate === selection.chosen);
  return found === undefined ? null : { kind: "refresh", token: found.text };
}

function codeOf(presented: Presentation, access: AccessFindings): ErrorCode {
  return presented.refresh.length > 0 ? "refresh_token_invalid" : access.code;
}

function reportConflict(engine: SessionEngine, sessionIds: readonly SessionId[]): Choice {
  engine.emit({ type: "session.conflict", sessionIds });
  return { kind: "conflict" };
}

// Tokens of former names count only if there is no token of a current name.
function presentsTooMany({ access, refresh }: Presentation): boolean {
  if (access.length <= MAX_TOKENS && refresh.length <= MAX_TOKENS) return false;
  const hasCurrent = [...access, ...refresh].some(({ current }) => current);
  return [access, refresh].some((texts) => hasTooMany(texts.filter(({ current }) => current || !hasCurrent)));
}

/** Parses the first tokens, and drops malformed and repeated ones. */
function parseRefreshTokens(texts: readonly PresentedText[]): readonly WellFormed[] {
  const considered = texts.slice(0, MAX_TOKENS);
  const distinct = considered.filter(
    ({ token }, index) => considered.findIndex((other) => other.token === token) === index,
  );
  return distinct.flatMap(({ token: text, current, hostBound }) => {
    const token = parseRefreshToken(text);
    if (token === null) return [];
    const { id: sessionId, generation } = token;
    return [
      {
        text,
        token,
        candidate: { kind: "refresh", verdict: "unread", sessionId, generation, current, hostBound },
      },
    ];
  });
}

async function readSession(
  engine: SessionEngine,
  transport: Transport | null,
  one: WellFormed,
): Promise<WellFormed> {
  const { decision } = await lookUpToken(engine, one.token, transport);
  return { ...one, candidate: { ...one.candidate, verdict: verdictOf(decision) } };
}

function verdictOf(decision: Decision): RefreshCandidate["verdict"] {
  if (decision.kind === "reuse") return "superseded";
  if (decision.kind !== "refused") return "live";
  // Without the right family secret, the token never belonged to this session.
  return decision.reason === "unknown" || decision.reason === "wrong_family" ? "dead" : "ended";
}

/** Finds the sessions that the tokens of a request prove. A session id alone proves nothing. */
export async function findProvenSessions(
  engine: SessionEngine,
  presented: Presentation,
): Promise<readonly SessionId[]> {
  const ids = new Set((await liveClaims(expectationOf(engine), presented.access)).map(({ sid }) => sid));
  for (const { token } of presented.refresh.slice(0, MAX_TOKENS)) {
    const parsed = parseRefreshToken(token);
    if (parsed === null || ids.has(parsed.id)) continue;
    const { decision } = await lookUpToken(engine, parsed, null);
    if (decision.kind !== "refused") ids.add(parsed.id);
  }
  return [...ids];
}
