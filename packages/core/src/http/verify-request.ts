import type { Site } from "../cookies/site.ts";
import type { LateLoad } from "../platform/env.ts";
import type { ErrorCode } from "../platform/errors.ts";
import { type AccessClaims, matchesTransport } from "../sessions/access-claims.ts";
import { hasTooMany, liveClaims } from "../sessions/access-token.ts";
import type { AccessExpectation, PresentedText } from "../sessions/presented-tokens.ts";
import type { RemoteEnds } from "../sessions/remote-ends.ts";
import type { KeepAlive } from "../sessions/revocation.ts";
import type { Transport } from "../sessions/session.ts";
import { keptSession, type SeenToken } from "./glimpse.ts";
import { type CrossSiteOptions, isForged, readCredentials } from "./request.ts";
import { refusal } from "./response.ts";
import type { Validation } from "./validation.ts";

/** A request without a store, and the requirements for its access token. */
export interface UnverifiedRequest {
  readonly request: Request;
  readonly site: Site;
  /** The only token of the request, where `glimpseToken` found it. */
  readonly seen: SeenToken | null;
  readonly expected: AccessExpectation;
  readonly keepAlive: KeepAlive | null;
}

export interface RequestPolicy extends CrossSiteOptions {
  /** The ended sessions of the server that signs; null if they are not read. */
  readonly ends: LateLoad<RemoteEnds> | null;
}

/** Validates a request by its access token alone: the origin of the request, the token, and whether its session has ended. */
export async function verifyRequest(
  { request, site, seen, expected, keepAlive }: UnverifiedRequest,
  policy: RequestPolicy,
): Promise<Validation> {
  const sent = seen === null ? readAccess(request, site, policy) : soleAccess(seen);
  if (sent === null) return refusal(policy, "csrf_rejected", null);
  const access = await verifyPresented(expected, sent.presented);
  if (access.kind !== "live")
    return refusal(policy, access.kind === "none" ? access.code : "unauthenticated", sent);
  if (policy.ends !== null) {
    const ends = await policy.ends.get();
    const code = await ends.refusalOf(access.claims, keepAlive);
    if (code !== null) return refusal(policy, code, sent);
  }
  const { presented, cookieHeader: sentCookies } = sent;
  return keptSession(access.claims, { transport: presented.transport, sentCookies }, policy);
}

/** The access tokens of a request. */
interface SentAccess {
  readonly presented: {
    readonly access: readonly Pick<PresentedText, "token" | "hostBound">[];
    readonly transport: Transport;
  };
  readonly cookieHeader: string | null;
}

function soleAccess({ token, transport, sentCookies }: SeenToken): SentAccess {
  return { presented: { access: [{ token, hostBound: true }], transport }, cookieHeader: sentCookies };
}

/** Reads the access tokens of a request; null if its origin is refused. */
function readAccess(request: Request, site: Site, policy: RequestPolicy): SentAccess | null {
  const device = { userAgent: null, address: null };
  const credentials = readCredentials(request.headers, { ...site, url: request.url }, policy, device);
  return isForged(request, site, credentials, policy) ? null : credentials;
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
  { access, transport }: SentAccess["presented"],
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
