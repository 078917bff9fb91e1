import type { Site } from "../cookies/site.ts";
import type { LateLoad } from "../platform/env.ts";
import type { ErrorCode } from "../platform/errors.ts";
import { type AccessClaims, matchesTransport } from "../sessions/access-claims.ts";
import { hasTooMany, liveClaims } from "../sessions/access-token.ts";
import type { AccessExpectation, PresentedText } from "../sessions/presented-tokens.ts";
import type { RemoteEnds } from "../sessions/remote-ends.ts";
import type { KeepAlive } from "../sessions/revocation.ts";
import type { Transport } from "../sessions/session.ts";
import { keptSession } from "./glimpse.ts";
import { type CrossSiteOptions, isForged, readCredentials } from "./request.ts";
import { refusal } from "./response.ts";
import type { Validation } from "./validation.ts";

/** A request without a store, and the requirements for its access token. */
export interface UnverifiedRequest {
  readonly request: Request;
  readonly site: Site;
  readonly expected: AccessExpectation;
  readonly keepAlive: KeepAlive | null;
}

export interface RequestPolicy extends CrossSiteOptions {
  /** The ended sessions of the server that signs; null if they are not read. */
  readonly ends: LateLoad<RemoteEnds> | null;
}

/** Validates a request by its access token alone: the origin of the request, the token, and whether its session has ended. */
export async function verifyRequest(
  { request, site, expected, keepAlive }: UnverifiedRequest,
  policy: RequestPolicy,
): Promise<Validation> {
  const device = { userAgent: null, address: null };
  const credentials = readCredentials(request.headers, { ...site, url: request.url }, policy, device);
  if (isForged(request, site, credentials, policy)) return refusal(policy, "csrf_rejected", credentials);
  const { presented, cookieHeader } = credentials;
  const access = await verifyPresented(expected, presented);
  if (access.kind !== "live")
    return refusal(policy, access.kind === "none" ? access.code : "unauthenticated", credentials);
  if (policy.ends !== null) {
    const ends = await policy.ends.get();
    const code = await ends.refusalOf(access.claims, keepAlive);
    if (code !== null) return refusal(policy, code, credentials);
  }
  return keptSession(access.claims, { transport: presented.transport, sentCookies: cookieHeader }, policy);
}

type PresentedAccess =
  | { readonly kind: "live"; readonly claims: AccessClaims }
  | { readonly kind: "none"; readonly code: ErrorCode }
  | { readonly kind: "conflict" };

/**
 * Selects one access token, without former cookie names, refresh tokens or a store. `selectToken` selects among tokens of
 * both kinds.
 */
async function verifyPresented(
  expected: AccessExpectation,
  { access, transport }: { readonly access: readonly PresentedText[]; readonly transport: Transport | null },
): Promise<PresentedAccess> {
  if (hasTooMany(access)) return { kind: "conflict" };
  const verified = await liveClaims(expected, access);
  const live = verified.filter((claims) => matchesTransport(expected, claims, transport));
  const [first, ...rest] = live.toSorted((a, b) => b.exp - a.exp);
  if (first === undefined) {
    return { kind: "none", code: verified.length > 0 ? "transport_mismatch" : "unauthenticated" };
  }
  return rest.some(({ sid }) => sid !== first.sid) ? { kind: "conflict" } : { kind: "live", claims: first };
}
