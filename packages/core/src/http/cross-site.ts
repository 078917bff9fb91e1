import { decideCsrf } from "../csrf/decide.ts";
import { bearerToken, type CredentialOptions, type Credentials } from "./credentials.ts";
import type { Site } from "./site.ts";

export interface CrossSiteOptions extends CredentialOptions {
  readonly trustedOrigins: ReadonlySet<string>;
  readonly requireFetchMetadata: boolean;
}

/** Whether a request may not do what it asks, by where it comes from. Bearer requests carry nothing ambient. */
export function isCrossSite(
  { method, headers }: Request,
  { origin: ownOrigin }: Pick<Site, "origin">,
  options: CrossSiteOptions,
): boolean {
  if (bearerToken(headers, options) !== null) return false;
  const decision = decideCsrf(
    {
      method,
      upgrade: headers.has("upgrade"),
      secFetchSite: headers.get("sec-fetch-site"),
      origin: headers.get("origin"),
      referer: headers.get("referer"),
    },
    { ownOrigin, ...options },
  );
  return decision.kind === "reject";
}

/** Whether a request that carries cookies of ours comes from where it may not. */
export function isForged(
  request: Request,
  site: Pick<Site, "origin">,
  { presented }: Credentials,
  options: CrossSiteOptions,
): boolean {
  const ambient = presented.access.length + presented.refresh.length > 0;
  return presented.transport === "cookie" && ambient && isCrossSite(request, site, options);
}
