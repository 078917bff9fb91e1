import type { CookiePair } from "../cookies/parse.ts";
import { parseCookies } from "../cookies/parse.ts";
import type { PresentedText } from "../sessions/access.ts";
import type { Presentation } from "../sessions/authenticate.ts";
import type { Device } from "../sessions/session.ts";
import type { Site } from "./site.ts";

export interface CredentialOptions {
  readonly bearer: { readonly header: string; readonly schemes: readonly string[] };
}

/** What a request carries: the tokens of exactly one transport, and all of its cookies. */
export interface Credentials {
  readonly presented: Presentation & { readonly transport: "cookie" | "bearer" };
  readonly cookies: readonly CookiePair[];
}

/**
 * Reads the tokens of a request. A bearer header of ours decides the transport, good or not: a bad one never falls back
 * to a cookie (RFC 6750 2.1). Queries are never read.
 */
export function readCredentials(
  headers: Headers,
  site: Site,
  options: CredentialOptions,
  device: Device,
): Credentials {
  const cookies = parseCookies(headers.get("cookie"));
  const bearer = bearerToken(headers, options);
  if (bearer !== null) {
    const access = [{ token: bearer, current: true }];
    return { presented: { transport: "bearer", access, refresh: [], device }, cookies };
  }
  return { presented: { transport: "cookie", ...cookieTokens(cookies, site), device }, cookies };
}

/** The token after one of our schemes; "" where the header has a scheme of ours but no one token; null for no scheme of ours. */
export function bearerToken(headers: Headers, { bearer }: CredentialOptions): string | null {
  const value = headers.get(bearer.header);
  if (value === null) return null;
  const [scheme = "", ...rest] = value.split(" ");
  if (!bearer.schemes.includes(scheme.toLowerCase())) return null;
  return rest.length === 1 ? (rest[0] ?? "") : "";
}

function cookieTokens(
  cookies: readonly CookiePair[],
  { places, formerNames }: Site,
): { readonly access: readonly PresentedText[]; readonly refresh: readonly PresentedText[] } {
  const access: PresentedText[] = [];
  const refresh: PresentedText[] = [];
  for (const { name, value } of cookies) {
    if (name === places.access.name) access.push({ token: value, current: true });
    else if (name === places.refresh.name) refresh.push({ token: value, current: true });
    // A former name does not say which token it held; the token's own form does.
    else if (formerNames.has(name))
      (value.startsWith("lkr_") ? refresh : access).push({ token: value, current: false });
  }
  return { access, refresh };
}
