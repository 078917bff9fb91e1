import type { ErrorCode } from "../platform/errors.ts";
import {
  type AccessExpectation,
  type AccessFindings,
  isCrowded,
  MOST_TOKENS,
  type PresentedText,
  verifyAccess,
} from "./access.ts";
import type { AccessClaims } from "./claims.ts";
import type { Decision } from "./decide.ts";
import type { SessionEngine } from "./engine.ts";
import { parseRefreshToken, type RefreshToken } from "./refresh-token.ts";
import { peek } from "./rotate.ts";
import {
  type Candidate,
  type Purpose,
  type RefreshCandidate,
  type Selection,
  selectToken,
} from "./select.ts";
import type { Device, SessionId, Transport } from "./session.ts";

/** What a client presents. Tokens under a name in use come before those under a former name. */
export interface Presentation {
  readonly transport: Transport | null;
  readonly access: readonly PresentedText[];
  readonly refresh: readonly PresentedText[];
  readonly device: Device | null;
}

/** The one token that a request is known by, or why there is none. */
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

const NOT_ASKED: AccessFindings = { verified: [], code: "unauthenticated" };

/** Chooses the one token of a request that counts. The store is asked only where several tokens claim the request. */
export async function chooseToken(
  engine: SessionEngine,
  expected: AccessExpectation,
  presented: Presentation,
  purpose: Purpose,
): Promise<Choice> {
  if (isOverfull(presented)) return conflict(engine, []);
  // A refresh token that no sibling can have set needs no witness.
  const isAsked = purpose === "authenticate" || presented.refresh.some(({ hostBound }) => !hostBound);
  const access = isAsked ? await verifyAccess(expected, presented) : NOT_ASKED;
  let refresh = engine.settings.refresh === null ? [] : wellFormed(presented.refresh);
  let selection = select(access, refresh, purpose);
  if (selection.kind === "unread") {
    refresh = await Promise.all(refresh.map((one) => read(engine, presented.transport, one)));
    selection = select(access, refresh, purpose);
  }
  if (selection.kind === "conflict") return conflict(engine, selection.sessionIds);
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

function conflict(engine: SessionEngine, sessionIds: readonly SessionId[]): Choice {
  engine.emit({ type: "session.conflict", sessionIds });
  return { kind: "conflict" };
}

// More than are looked at: the owner's may be among the rest.
function isOverfull({ access, refresh }: Presentation): boolean {
  if (access.length <= MOST_TOKENS && refresh.length <= MOST_TOKENS) return false;
  const hasCurrent = [...access, ...refresh].some(({ current }) => current);
  return [access, refresh].some((texts) => isCrowded(texts.filter(({ current }) => current || !hasCurrent)));
}

/** Of the first few tokens those that are well formed, each once. */
function wellFormed(texts: readonly PresentedText[]): readonly WellFormed[] {
  const looked = texts.slice(0, MOST_TOKENS);
  const distinct = looked.filter(
    ({ token }, index) => looked.findIndex((other) => other.token === token) === index,
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

async function read(
  engine: SessionEngine,
  transport: Transport | null,
  one: WellFormed,
): Promise<WellFormed> {
  const { decision } = await peek(engine, one.token, transport);
  return { ...one, candidate: { ...one.candidate, verdict: verdictOf(decision) } };
}

function verdictOf(decision: Decision): RefreshCandidate["verdict"] {
  if (decision.kind === "reuse") return "superseded";
  if (decision.kind !== "refused") return "live";
  // Only the family secret proves that the token was ever of this session.
  return decision.reason === "unknown" || decision.reason === "wrong_family" ? "dead" : "over";
}
