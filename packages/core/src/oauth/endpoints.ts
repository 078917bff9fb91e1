import { type Env, now } from "../platform/env.ts";
import { isRecord, own } from "../platform/json.ts";
import { hours, type Seconds } from "../platform/time.ts";
import { oauthFault } from "./fault.ts";
import { getJson } from "./request.ts";

/** How a client proves itself at the token endpoint (OpenID Connect Core 9). */
export type ClientAuthentication = "client_secret_basic" | "client_secret_post" | "none";

/** Where a provider does its parts. */
export interface Endpoints {
  readonly issuer: string;
  readonly authorization: string;
  readonly token: string;
  readonly jwks: string;
  /** Null where the ID token tells all. */
  readonly userinfo: string | null;
  /** Whether every callback names the issuer (RFC 9207 3). */
  readonly announcesIssuer: boolean;
  /** What the token endpoint takes; null where it does not say. */
  readonly authentication: readonly string[] | null;
}

/** How long a discovery document is good. */
const METADATA_LIFETIME: Seconds = hours(1);

/** Gets the endpoints of an issuer, and keeps them (OpenID Connect Discovery 1.0). Fails with `oauth_failed`. */
export function discovered(env: Env, issuer: string): () => Promise<Endpoints> {
  let kept: { readonly at: number; readonly endpoints: Endpoints } | null = null;
  return async () => {
    const at = now(env);
    if (kept !== null && at >= kept.at && at < kept.at + METADATA_LIFETIME) return kept.endpoints;
    const base = issuer.replace(/\/$/, "");
    const endpoints = parseMetadata(await getJson(env, `${base}/.well-known/openid-configuration`), issuer);
    if (endpoints === null) throw oauthFault("metadata");
    kept = { at, endpoints };
    return endpoints;
  };
}

/** Whether a token endpoint takes a secret, or nothing, in a way that we know (OpenID Connect Core 9). */
function takesOurs(methods: readonly string[] | null): boolean {
  const ours: readonly string[] = ["client_secret_basic", "client_secret_post", "none"];
  return methods === null || methods.some((method) => ours.includes(method));
}

/** Reads a discovery document; null where it is another issuer's, or lacks what a sign-in needs. */
export function parseMetadata(document: unknown, issuer: string): Endpoints | null {
  // Discovery 4.3: exactly the issuer that was asked for, or its keys would vouch for somebody else.
  if (!isRecord(document) || own(document, "issuer") !== issuer) return null;
  const at = (name: string): string | null => {
    const value = own(document, name);
    return typeof value === "string" && isProviderUrl(value, issuer) ? value : null;
  };
  const [authorization, token, jwks] = [at("authorization_endpoint"), at("token_endpoint"), at("jwks_uri")];
  if (authorization === null || token === null || jwks === null) return null;
  const listed = own(document, "token_endpoint_auth_methods_supported");
  const authentication = Array.isArray(listed) ? listed.filter((method) => typeof method === "string") : null;
  if (!takesOurs(authentication)) return null;
  return {
    issuer,
    authorization,
    token,
    jwks,
    userinfo: at("userinfo_endpoint"),
    announcesIssuer: own(document, "authorization_response_iss_parameter_supported") === true,
    authentication,
  };
}

/** Whether a URL may be a provider's: https, or http where the issuer itself is on this machine. */
function isProviderUrl(text: string, issuer: string): boolean {
  const url = URL.parse(text);
  if (url === null || url.username !== "" || url.password !== "") return false;
  return url.protocol === "https:" || (url.protocol === "http:" && issuer.startsWith("http://"));
}
