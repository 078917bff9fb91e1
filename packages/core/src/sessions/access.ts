import type { ErrorCode } from "../errors.ts";
import type { Keys } from "../keys/keys.ts";
import { verifyAccessToken } from "../tokens/access-token.ts";
import type { AccessClaims, Expected } from "../tokens/claims.ts";
import type { Transport } from "./session.ts";

/** A token, and whether it came under the name in use. */
export interface PresentedText {
  readonly token: string;
  readonly current: boolean;
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

/** Finds the one access token that counts, of several if need be. It asks no store. */
export async function verifyPresented(
  expected: AccessExpectation,
  { access, transport }: { readonly access: readonly PresentedText[]; readonly transport: Transport | null },
): Promise<PresentedAccess> {
  const verified = await liveClaims(expected, access);
  const live = verified.filter((claims) => fits(expected, claims, transport));
  const [first, ...rest] = live.toSorted((a, b) => b.exp - a.exp);
  if (first === undefined) {
    return { kind: "none", code: verified.length > 0 ? "transport_mismatch" : "unauthenticated" };
  }
  return rest.some(({ sid }) => sid !== first.sid) ? { kind: "conflict" } : { kind: "live", claims: first };
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

function fits(
  { restrictTransport }: AccessExpectation,
  claims: AccessClaims,
  transport: Transport | null,
): boolean {
  return !restrictTransport || transport === null || claims.transport === transport;
}
