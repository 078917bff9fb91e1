import { addVary } from "../cookies/cookie.ts";
import { kindOf } from "../platform/callback-answer.ts";
import { AuthError } from "../platform/errors.ts";
import { requireRequest } from "./request.ts";
import { allowOrigin } from "./response.ts";
import { mutableCopy } from "./validation.ts";

/** What the origin of a page may do. */
export interface CorsOptions {
  readonly trustedOrigins: ReadonlySet<string>;
  readonly bearer: { readonly header: string };
  /** Further headers that a page may send, in lower case. */
  readonly allowHeaders: ReadonlySet<string>;
}

/** The headers that tracing and error reporting add to requests: W3C Trace Context, W3C Baggage, Sentry, and the id of a request. */
export const TRACING_HEADERS: readonly string[] = [
  "baggage",
  "sentry-trace",
  "traceparent",
  "tracestate",
  "x-request-id",
];

const ROUTE_METHODS = "GET, POST, DELETE";
const ALL_METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE";
const MAX_AGE = "600";

/** Answers OPTIONS of a route. A preflight of a trusted origin gets the CORS headers, any other request only the methods. */
export function preflight(request: Request, allow: string, options: CorsOptions): Response {
  return answerPreflight(request, new Headers({ allow }), ROUTE_METHODS, options);
}

function answerPreflight(
  request: Request,
  headers: Headers,
  methods: string,
  options: CorsOptions,
): Response {
  headers.set("cache-control", "no-store");
  const origin = request.headers.get("origin");
  allowOrigin(headers, origin, options.trustedOrigins);
  addVary(headers, "Sec-Fetch-Site");
  if (origin !== null && options.trustedOrigins.has(origin) && isPreflight(request)) {
    headers.set("access-control-allow-methods", methods);
    headers.set("access-control-allow-headers", allowedHeaders(request.headers, options));
    headers.set("access-control-max-age", MAX_AGE);
  }
  return new Response(null, { status: 204, headers });
}

/** Fetch 4.8: a preflight is OPTIONS with this header. */
function isPreflight({ method, headers }: Request): boolean {
  return method === "OPTIONS" && headers.has("access-control-request-method");
}

/** The headers that every page needs, and those of the request that are allowed. */
function allowedHeaders(sent: Headers, { bearer, allowHeaders }: CorsOptions): string {
  const asked = (sent.get("access-control-request-headers") ?? "").toLowerCase().split(",");
  const further = new Set(asked.map((name) => name.trim()).filter((name) => allowHeaders.has(name)));
  return ["content-type", bearer.header.toLowerCase(), ...further].join(", ");
}

/** Makes `auth.cors`. */
export function corsOf(options: CorsOptions): {
  (request: Request): Response | null;
  (request: Request, response: Response): Response;
} {
  function cors(request: Request): Response | null;
  function cors(request: Request, response: Response): Response;
  function cors(...[request, response]: [request: Request, response?: Response]): Response | null {
    requireRequest("cors", request, "invalid_request");
    if (response === undefined)
      return isPreflight(request) ? answerPreflight(request, new Headers(), ALL_METHODS, options) : null;
    if (typeof response?.headers?.get !== "function") {
      const message = `cors: response is ${kindOf(response)}, but it must be a Response`;
      throw new AuthError("invalid_request", message);
    }
    // A handshake of a WebSocket has a status below 200, and its headers cannot be copied.
    if (response.status < 200) return response;
    const copy = mutableCopy(response);
    allowOrigin(copy.headers, request.headers.get("origin"), options.trustedOrigins);
    return copy;
  }
  return cors;
}
