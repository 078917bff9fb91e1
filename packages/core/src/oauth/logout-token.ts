import { faultOfRsa, plainJwk } from "../keys/jwk.ts";
import { parseSegment, splitJws, verifyJws } from "../keys/jws.ts";
import { own } from "../platform/encoding.ts";
import { type Env, now } from "../platform/env.ts";
import { AuthError } from "../platform/errors.ts";
import type { EpochSeconds } from "../platform/time.ts";
import { fits, type Header, type IdClaims, isLogout, isTimely, parseHeader, TOLERANCE } from "./id-token.ts";
import { isSubject } from "./profile.ts";
import type { ProviderLogout } from "./provider.ts";
import type { Issuer } from "./provider-metadata.ts";

const MAX_LENGTH = 16_384;

/** The values of `typ`. Section 2.4 recommends the first one; many providers write `JWT`, or none. `events` tells the token from others. */
const TYPES: readonly string[] = ["LOGOUT+JWT", "APPLICATION/LOGOUT+JWT", "JWT"];

/** Why a logout token is refused. The words are ours: they hold nothing of the token. */
const FAULTS = {
  form: "The logout token is malformed, or signed by an algorithm that is not allowed.",
  issuer: "The logout token is of another issuer.",
  audience: "The logout token is for another client.",
  time: "The logout token has expired, or says no credible time.",
  event: "The logout token does not say that it is one.",
  nonce: "The logout token has a nonce, so it is another kind of token.",
  subject: "The logout token names no subject and no session.",
  id: "The logout token has no id.",
  signature: "The signature of the logout token is not the provider's.",
} as const;

export type LogoutFault = keyof typeof FAULTS;

/** The error for a logout token that is refused. */
function logoutFault(fault: LogoutFault): AuthError {
  return new AuthError("invalid_request", FAULTS[fault]);
}

export type LogoutDecision =
  | { readonly kind: "accept"; readonly logout: ProviderLogout }
  | { readonly kind: "refuse"; readonly fault: LogoutFault };

/**
 * Decides about the claims of a logout token (OpenID Connect Back-Channel Logout 1.0, section 2.6). It does not check the signature,
 * the type, and that `jti` was not used before.
 */
export function decideLogoutToken(
  claims: IdClaims,
  { issuer, clientId }: { readonly issuer: string; readonly clientId: string },
  at: EpochSeconds,
): LogoutDecision {
  const [sub, sid, jti] = [own(claims, "sub"), own(claims, "sid"), own(claims, "jti")];
  const refuse = (fault: LogoutFault): LogoutDecision => ({ kind: "refuse", fault });
  if (own(claims, "iss") !== issuer) return refuse("issuer");
  if (!isForClient(own(claims, "aud"), clientId)) return refuse("audience");
  if (!isTimely(claims, at) || hasExpired(own(claims, "exp"), at)) return refuse("time");
  if (!isLogout(claims)) return refuse("event");
  // Section 2.4: an ID token of ours always has one, so neither passes for the other.
  if (own(claims, "nonce") !== undefined) return refuse("nonce");
  if (sub === undefined && sid === undefined) return refuse("subject");
  if (![sub, sid].every((name) => name === undefined || isSubject(name))) return refuse("subject");
  if (!isSubject(jti)) return refuse("id");
  return { kind: "accept", logout: { subject: textOrNull(sub), sid: textOrNull(sid), jti } };
}

function textOrNull(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

// Other clients may stand beside ours: the token ends sessions, and gives nothing.
function isForClient(audience: unknown, clientId: string): boolean {
  return audience === clientId || (Array.isArray(audience) && audience.includes(clientId));
}

function hasExpired(exp: unknown, at: EpochSeconds): boolean {
  return !(typeof exp === "number" && exp > at - TOLERANCE);
}

/**
 * Verifies a logout token that any client may have sent. Its claims are checked first, so that most forged tokens make no request to the
 * provider. Fails with `invalid_request`, and with `oauth_failed` if the keys cannot be fetched.
 */
export async function verifyLogoutToken(
  env: Env,
  token: string,
  { metadata: { issuer }, keys }: Issuer,
  clientId: string,
): Promise<ProviderLogout> {
  const segments = splitJws(token, MAX_LENGTH);
  const header = segments === null ? null : parseHeader(segments, TYPES);
  const claims = segments === null ? null : parseSegment(segments[1]);
  if (header === null || claims === null || header.isExtended) throw logoutFault("form");
  const decision = decideLogoutToken(claims, { issuer, clientId }, now(env));
  if (decision.kind === "refuse") throw logoutFault(decision.fault);
  if (!(await isSigned(token, header, keys))) throw logoutFault("signature");
  return decision.logout;
}

// Section 2.4: the keys are those of ID tokens. Each is tried by the one algorithm that the token names (RFC 8725 3.1).
async function isSigned(token: string, header: Header, keys: Issuer["keys"]): Promise<boolean> {
  const { name: algorithm } = header;
  return keys(
    (jwk) => fits(jwk, header) && (jwk["kty"] !== "RSA" || faultOfRsa(jwk) === null),
    async (jwk) => (await verifyJws(token, { algorithm, key: plainJwk(jwk) })) !== null,
    "client",
  );
}
