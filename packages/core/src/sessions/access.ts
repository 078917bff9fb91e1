import type { ErrorCode } from "../errors.ts";
import type { Keys } from "../keys/keys.ts";
import { verifyAccessToken } from "../tokens/access-token.ts";
import type { AccessClaims, Expected } from "../tokens/claims.ts";
import type { Device, Transport } from "./session.ts";

/** A token, and whether it came under the name in use. */
export interface PresentedText {
  readonly token: string;
  readonly current: boolean;
}

/** What a client presents. */
export interface Presentation {
  readonly transport: Transport | null;
  readonly access: readonly PresentedText[];
  readonly refresh: readonly PresentedText[];
  readonly device: Device | null;
  /** Whether a sibling subdomain can set cookies under the names in use: those without the prefix `__Host-`. */
  readonly tossable: boolean;
}

/** What an access token must be to be good. */
export interface AccessExpectation extends Expected {
  readonly keys: Pick<Keys, "find">;
  readonly restrictTransport: boolean;
}

/** More tokens of one kind in one request are not looked at. */
export const MOST_TOKENS = 4;

/** An access token that is good by itself, and whether it came under the name in use. */
export interface LiveAccess {
  readonly claims: AccessClaims;
  readonly current: boolean;
}

/** What the access tokens of a request are worth. */
export interface PresentedAccess {
  /** Those that are good and came by their transport. */
  readonly live: readonly LiveAccess[];
  /** The refusal where none of them counts. */
  readonly code: ErrorCode;
}

/** Verifies the access tokens of a request. It asks no store, so it does not see that a session has ended. */
export async function verifyPresented(
  expected: AccessExpectation,
  { access, transport }: { readonly access: readonly PresentedText[]; readonly transport: Transport | null },
): Promise<PresentedAccess> {
  const verified = await verifyEach(expected, access);
  const live = verified.filter(({ claims }) => fits(expected, claims, transport));
  return { live, code: verified.length > live.length ? "transport_mismatch" : "unauthenticated" };
}

/** The claims of those access tokens that are good by themselves, whatever transport they came by. */
export async function liveClaims(
  expected: AccessExpectation,
  access: readonly PresentedText[],
): Promise<readonly AccessClaims[]> {
  return (await verifyEach(expected, access)).map(({ claims }) => claims);
}

// One more than count are verified, so that too many are told from enough.
async function verifyEach(
  expected: AccessExpectation,
  access: readonly PresentedText[],
): Promise<readonly LiveAccess[]> {
  const distinct = access.filter(
    ({ token }, index) => access.findIndex((other) => other.token === token) === index,
  );
  const looked = distinct.slice(0, MOST_TOKENS + 1);
  const verified = await Promise.all(
    looked.map(({ token }) => verifyAccessToken(token, expected.keys, expected)),
  );
  return verified.flatMap((token, index) =>
    token.kind === "live" ? [{ claims: token.claims, current: looked[index]?.current ?? false }] : [],
  );
}

function fits(
  { restrictTransport }: AccessExpectation,
  claims: AccessClaims,
  transport: Transport | null,
): boolean {
  return !restrictTransport || transport === null || claims.transport === transport;
}
