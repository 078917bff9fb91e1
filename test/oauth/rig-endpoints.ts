import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { Members } from "./forged-token.ts";
import { bodyOf } from "./provider-pages.ts";
import type { Reply } from "./replies.ts";

export type Endpoint =
  | "discovery"
  | "authorize"
  | "token"
  | "jwks"
  | "userinfo"
  | "githubToken"
  | "githubUser"
  | "githubEmails"
  | "discordUser";

/** A request as it came. */
export interface Recorded {
  /** Null where the rig has nothing at this path. */
  readonly endpoint: Endpoint | null;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** The body read as a form. */
  readonly form: URLSearchParams;
}

export type Answer = (request: Recorded) => Reply | Promise<Reply>;

// The first that fits counts. The endings cover the names that Google, Apple, Microsoft, GitLab and Keycloak use.
const PATHS: readonly (readonly [RegExp, Endpoint])[] = [
  [/\/\.well-known\/openid-configuration$/, "discovery"],
  [/^\/login\/oauth\/access_token$/, "githubToken"],
  [/^\/user\/emails$/, "githubEmails"],
  [/^\/user$/, "githubUser"],
  [/\/users\/@me$/, "discordUser"],
  [/\/(authorize|auth)$/, "authorize"],
  [/\/token$/, "token"],
  [/\/(jwks|certs|keys)$/, "jwks"],
  [/\/userinfo$/, "userinfo"],
];

export async function record(request: IncomingMessage): Promise<Recorded> {
  const { pathname: path, searchParams: query } = new URL(request.url ?? "/", "http://localhost");
  const body = await bodyOf(request);
  return {
    endpoint: PATHS.find(([pattern]) => pattern.test(path))?.[1] ?? null,
    method: request.method ?? "GET",
    path,
    query,
    headers: request.headers,
    body,
    form: new URLSearchParams(body),
  };
}

/** The discovery document of an issuer that has nothing to hide. */
export function discoveryDocument(issuer: string): Members {
  const isKeycloak = issuer.includes("/realms/");
  const base = isKeycloak ? `${issuer}/protocol/openid-connect` : issuer;
  return {
    issuer,
    authorization_endpoint: `${base}/${isKeycloak ? "auth" : "authorize"}`,
    token_endpoint: `${base}/token`,
    jwks_uri: `${base}/${isKeycloak ? "certs" : "jwks"}`,
    userinfo_endpoint: `${base}/userinfo`,
    response_types_supported: ["code"],
    response_modes_supported: ["query", "form_post"],
    grant_types_supported: ["authorization_code", "refresh_token"],
    subject_types_supported: ["public"],
    scopes_supported: ["openid", "email", "profile"],
    claims_supported: ["sub", "email", "email_verified", "name"],
    id_token_signing_alg_values_supported: ["RS256", "ES256", "EdDSA"],
    token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post", "none"],
    code_challenge_methods_supported: ["S256"],
    authorization_response_iss_parameter_supported: true,
  };
}

/** The client's name and secret as a Basic header carries them, before and after the form decoding of RFC 6749 2.3.1. */
export function basicCredentials({ headers }: Recorded): {
  readonly raw: string;
  readonly clientId: string;
  readonly clientSecret: string;
} | null {
  const [scheme, packed] = (headers.authorization ?? "").split(" ");
  if (scheme?.toLowerCase() !== "basic" || packed === undefined) return null;
  const raw = Buffer.from(packed, "base64").toString("utf8");
  const at = raw.indexOf(":");
  const decode = (text: string): string => decodeURIComponent(text.replaceAll("+", "%20"));
  return { raw, clientId: decode(raw.slice(0, at)), clientSecret: decode(raw.slice(at + 1)) };
}
