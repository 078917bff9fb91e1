import { addVary } from "./response.ts";

const METHODS = "GET, POST, DELETE";
const MAX_AGE = "600";

/** Lets pages of trusted origins read the answer, with credentials; the origin is named, never `*` (Fetch 3.2). */
export function allowOrigin(headers: Headers, origin: string | null, trusted: ReadonlySet<string>): void {
  addVary(headers, "Origin", "Sec-Fetch-Site");
  if (origin === null || !trusted.has(origin)) return;
  headers.set("access-control-allow-origin", origin);
  headers.set("access-control-allow-credentials", "true");
  headers.set("access-control-expose-headers", "Retry-After");
}

export interface CorsOptions {
  readonly trustedOrigins: ReadonlySet<string>;
  readonly bearer: { readonly header: string };
}

/** Answers OPTIONS: a preflight of a trusted origin gets its permission, anything else just the methods. */
export function preflight(
  request: Request,
  allow: string,
  { trustedOrigins: trusted, bearer }: CorsOptions,
): Response {
  const headers = new Headers({ allow, "cache-control": "no-store" });
  const origin = request.headers.get("origin");
  allowOrigin(headers, origin, trusted);
  if (origin !== null && trusted.has(origin) && request.headers.has("access-control-request-method")) {
    headers.set("access-control-allow-methods", METHODS);
    headers.set("access-control-allow-headers", `content-type, ${bearer.header}`);
    headers.set("access-control-max-age", MAX_AGE);
  }
  return new Response(null, { status: 204, headers });
}
