import type { Keys } from "../keys/keys.ts";
import type { ErrorCode } from "../platform/errors.ts";
import { verifyAccessToken } from "./access-token.ts";
import type { AccessClaims, Expected } from "./claims.ts";
import type { AccessCandidate } from "./select.ts";
import type { Transport } from "./session.ts";

/** A token, and what the name that it came under says of it. */
export interface PresentedText {
  readonly token: string;
  /** Whether the name is the one in use. */
  readonly current: boolean;
  /** Whether no sibling subdomain can have set it. */
  readonly hostBound: boolean;
}

/** What an access token must be to be good. */
export interface AccessExpectation extends Expected {
  readonly keys: Pick<Keys, "find">;
  readonly restrictTransport: boolean;
}

/** More tokens of one kind in one request are not looked at. */
export const MOST_TOKENS = 4;

export type PresentedAccess =
  | { readonly kind: "live"; readonly claims: AccessClaims }
  | { readonly kind: "none"; readonly code: ErrorCode }
  | { readonly kind: "conflict" };

/** An access token of ours: what decides about it, and its claims. */
export interface VerifiedAccess {
  readonly candidate: AccessCandidate;
  readonly claims: AccessClaims;
}

/** The access tokens of a request that are ours, and the code where none of them is live. */
export interface AccessFindings {
  readonly verified: readonly VerifiedAccess[];
  readonly code: ErrorCode;
}

/**
 * Finds the one access token that counts where no former name and no refresh token is known. It asks no store.
 * `selectToken` decides among tokens of both kinds.
 */
export async function verifyPresented(
  expected: AccessExpectation,
  { access, transport }: { readonly access: readonly PresentedText[]; readonly transport: Transport | null },
): Promise<PresentedAccess> {
  if (isCrowded(access)) return { kind: "conflict" };
  const verified = await liveClaims(expected, access);
  const live = verified.filter((claims) => fits(expected, claims, transport));
  const [first, ...rest] = live.toSorted((a, b) => b.exp - a.exp);
  if (first === undefined) {
    return { kind: "none", code: verified.length > 0 ? "transport_mismatch" : "unauthenticated" };
  }
  return rest.some(({ sid }) => sid !== first.sid) ? { kind: "conflict" } : { kind: "live", claims: first };
}

/** Verifies the access tokens of a request. Those of former names are looked at only where none in use is live. */
export async function verifyAccess(
  expected: AccessExpectation,
  { access, transport }: { readonly access: readonly PresentedText[]; readonly transport: Transport | null },
): Promise<AccessFindings> {
  const looked = access.slice(0, MOST_TOKENS);
  const current = await verifyTexts(expected, looked.filter(isCurrent), transport);
  const hasLive = current.verified.some(({ candidate }) => candidate.verdict === "live");
  const former = looked.filter((text) => !isCurrent(text));
  if (hasLive || former.length === 0) return current;
  const after = await verifyTexts(expected, former, transport);
  return {
    verified: [...current.verified, ...after.verified],
    code: current.code === "unauthenticated" ? after.code : current.code,
  };
}

/** Whether more tokens came than are looked at, so that the owner's may be among the rest. */
export function isCrowded(texts: readonly PresentedText[]): boolean {
  return texts.length > MOST_TOKENS && texts.some(({ hostBound }) => !hostBound);
}

async function verifyTexts(
  expected: AccessExpectation,
  texts: readonly PresentedText[],
  transport: Transport | null,
): Promise<AccessFindings> {
  const found = await Promise.all(
    texts.map(async ({ token, ...named }) => ({
      named,
      token: await verifyAccessToken(token, expected.keys, expected),
    })),
  );
  const ours = found.flatMap(({ token, named }) => (token.kind === "invalid" ? [] : [{ token, named }]));
  const fitting = ours.filter(({ token }) => fits(expected, token.claims, transport));
  const isMisplaced = ours.some((one) => one.token.kind === "live" && !fitting.includes(one));
  return {
    verified: fitting.map(({ token: { kind: verdict, claims }, named }) => ({
      candidate: { kind: "access", verdict, sessionId: claims.sid, expiresAt: claims.exp, ...named },
      claims,
    })),
    code: isMisplaced ? "transport_mismatch" : "unauthenticated",
  };
}

/** The claims of those access tokens that are good by themselves, whatever transport they came by. */
export async function liveClaims(
  expected: AccessExpectation,
  access: readonly PresentedText[],
): Promise<readonly AccessClaims[]> {
  const looked = access.slice(0, MOST_TOKENS);
  const verified = await Promise.all(
    looked.map(({ token }) => verifyAccessToken(token, expected.keys, expected)),
  );
  return verified.flatMap((token) => (token.kind === "live" ? [token.claims] : []));
}

function isCurrent({ current }: PresentedText): boolean {
  return current;
}

function fits(
  { restrictTransport }: AccessExpectation,
  claims: AccessClaims,
  transport: Transport | null,
): boolean {
  return !restrictTransport || transport === null || claims.transport === transport;
}
