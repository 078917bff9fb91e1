import { discoveryRequest, PARSE_ERROR, processDiscoveryResponse } from "oauth4webapi";
import { isRecord, own, parseJson } from "../platform/encoding.ts";
import { AuthError } from "../platform/errors.ts";
import { isLoopback } from "../platform/origin.ts";
import { type FaultDetails, oauthFault } from "./fault.ts";
import type { ProviderMetadata } from "./provider-metadata.ts";
import { type Channel, getJson, type InternalPlace, moveUrl, requestOptions } from "./request.ts";

/**
 * Makes a function that fetches the discovery document of an issuer (OpenID Connect Discovery 1.0), from `discoveryUrl` where that
 * is not below the issuer. It fails with `oauth_failed`.
 */
export function discovery(
  channel: Channel,
  issuer: string,
  discoveryUrl: string | null = null,
): () => Promise<ProviderMetadata> {
  return async () => {
    const read = discoveryUrl === null ? readBelow(channel, issuer) : getJson(channel, discoveryUrl);
    const document = await read.catch(failDiscovery);
    const metadata = parseMetadata(document, issuer, channel.internal);
    if (metadata === null) throw oauthFault("metadata", undefined, issuerIn(document));
    return metadata;
  };
}

async function readBelow(channel: Channel, issuer: string): Promise<unknown> {
  const url = new URL(issuer);
  const response = await discoveryRequest(url, requestOptions(channel, { issuer }));
  const named = issuerIn(parseJson(await response.clone().text()));
  return processDiscoveryResponse(url, response).catch((error: unknown) => {
    const isParseError = error instanceof Error && "code" in error && error.code === PARSE_ERROR;
    throw oauthFault(isParseError ? "no_json" : "metadata", undefined, named);
  });
}

function failDiscovery(error: unknown): never {
  if (!(error instanceof AuthError) || error.details?.["issuer"] !== undefined) throw error;
  const cause = "cause" in error ? { cause: error.cause } : {};
  const details = { ...error.details, step: "discovery" };
  throw new AuthError(error.code, error.message, null, { ...cause, details });
}

/** The issuer that a document names, for the operator: it is most often the value that the option should have. */
function issuerIn(document: unknown): FaultDetails {
  const issuer = isRecord(document) ? own(document, "issuer") : undefined;
  return typeof issuer === "string" && /^https?:\/\/[!-~]{1,200}$/.test(issuer)
    ? { issuer }
    : { step: "discovery" };
}

/**
 * Reads the metadata of a discovery document; null where it is of another issuer, or lacks what a sign-in needs.
 *
 * A provider that was asked by its internal name may name its endpoints by it: here they have their public names.
 *
 * oauth4webapi compares issuers as URLs, and leaves the endpoints and the methods of client authentication to the caller.
 */
export function parseMetadata(
  document: unknown,
  issuer: string,
  internal: InternalPlace | null = null,
): ProviderMetadata | null {
  // Discovery 4.3: exactly the issuer that was asked for, or its keys would vouch for another issuer.
  if (!isRecord(document) || own(document, "issuer") !== issuer) return null;
  const at = (name: string): string | undefined => {
    const named = own(document, name);
    if (typeof named !== "string" || !URL.canParse(named)) return undefined;
    const value = internal === null ? named : moveUrl(named, internal.inside, internal.outside);
    return isProviderUrl(value, issuer) ? value : undefined;
  };
  const authorization_endpoint = at("authorization_endpoint");
  const token_endpoint = at("token_endpoint");
  const jwks_uri = at("jwks_uri");
  if (authorization_endpoint === undefined || token_endpoint === undefined || jwks_uri === undefined) {
    return null;
  }
  const listed = own(document, "token_endpoint_auth_methods_supported");
  const methods = Array.isArray(listed) ? listed.filter((method) => typeof method === "string") : null;
  if (methods !== null && !methods.some((method) => METHODS.includes(method))) return null;
  const userinfo_endpoint = at("userinfo_endpoint");
  const end_session_endpoint = at("end_session_endpoint");
  return {
    issuer,
    authorization_endpoint,
    token_endpoint,
    jwks_uri,
    ...(userinfo_endpoint === undefined ? {} : { userinfo_endpoint }),
    ...(end_session_endpoint === undefined ? {} : { end_session_endpoint }),
    ...(methods === null ? {} : { token_endpoint_auth_methods_supported: methods }),
    authorization_response_iss_parameter_supported:
      own(document, "authorization_response_iss_parameter_supported") === true,
  };
}

/** The methods by which we authenticate at a token endpoint (OpenID Connect Core 9). */
const METHODS: readonly string[] = ["client_secret_basic", "client_secret_post", "none"];

/** Whether a URL may be of a provider: https, or http on this machine where the issuer is on http, and so there too. */
function isProviderUrl(text: string, issuer: string): boolean {
  const url = URL.parse(text);
  if (url === null || url.username !== "" || url.password !== "") return false;
  if (url.protocol === "https:") return true;
  // The secret of the client and the keys never cross the network unencrypted.
  return url.protocol === "http:" && issuer.startsWith("http://") && isLoopback(url.hostname);
}
