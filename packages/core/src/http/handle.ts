import type { App } from "../accounts/app.ts";
import type { Site } from "../cookies/site.ts";
import { type Credentials, isCrossSite, readCredentials } from "./request.ts";
import { addChallenge, addVary, answerError, errorResponse } from "./response.ts";
import type { Route } from "./route.ts";
import { type Match, matchPath, matchRoute, type RouteTable, routeTable } from "./router.ts";
import * as named from "./routes/list.ts";
import { NO_BASE_URL } from "./validate.ts";

export type RouteName = keyof typeof named;

type Handler = (request: Request) => Promise<Response>;

const table: RouteTable = routeTable(Object.values<Route>(named));

/** Makes `auth.handle`, which answers a request to any path below `basePath`. It never throws. */
export function requestHandler(app: App): Handler {
  return (request) =>
    respond(app, request, () => {
      const pathname = URL.parse(request.url)?.pathname ?? "";
      return matchPath(table, request.method, pathname, app.config.basePath);
    });
}

/** Makes one handler for each route. It accepts any path. */
export function handlersOf(app: App): Readonly<Record<RouteName, Handler>> {
  const handlers = Object.entries<Route>(named).map(([name, route]): [string, Handler] => [
    name,
    (request) => respond(app, request, () => matchRoute(route, request.method)),
  ]);
  return Object.freeze(Object.fromEntries(handlers) as Record<RouteName, Handler>);
}

async function respond(app: App, request: Request, find: () => Match): Promise<Response> {
  try {
    const match = find();
    const site = app.siteOf(request.url);
    if (site === null) return errorResponse("invalid_request", new Headers(), NO_BASE_URL);
    if (match.kind === "options") return preflight(request, match.allow, app.config);
    const response = await runRoute(app, request, site, match);
    const isPublic = response.headers.get("cache-control")?.startsWith("public") ?? false;
    if (!isPublic) addVary(response.headers, "Cookie");
    allowOrigin(response.headers, request.headers.get("origin"), app.config.trustedOrigins);
    return request.method === "HEAD" ? new Response(null, response) : response;
  } catch (error) {
    return answerError(app, error);
  }
}

async function runRoute(
  app: App,
  request: Request,
  site: Site,
  match: Exclude<Match, { kind: "options" }>,
): Promise<Response> {
  if (match.kind === "not_found") return errorResponse("not_found");
  if (match.kind === "wrong_method")
    return errorResponse("method_not_allowed", new Headers({ allow: match.allow }));
  if (match.route.crossSite !== true && isCrossSite(request, site, app.config))
    return errorResponse("csrf_rejected");
  let credentials: Credentials | null = null;
  let response: Response;
  try {
    credentials = readCredentials(request.headers, site, app.config, app.deviceOf(request));
    response = await match.route.handle(app, { request, site, credentials });
  } catch (error) {
    response = answerError(app, error);
  }
  if (response.status === 401 && credentials !== null)
    addChallenge(response.headers, app.config.bearer.schemes, credentials);
  return response;
}

const CORS_METHODS = "GET, POST, DELETE";
const MAX_AGE = "600";

/** Lets pages of trusted origins read the response, with credentials. It names the origin, never `*` (Fetch 3.2). */
function allowOrigin(headers: Headers, origin: string | null, trusted: ReadonlySet<string>): void {
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

/** Answers OPTIONS. A preflight of a trusted origin gets the CORS headers, any other request only the methods. */
export function preflight(
  request: Request,
  allow: string,
  { trustedOrigins: trusted, bearer }: CorsOptions,
): Response {
  const headers = new Headers({ allow, "cache-control": "no-store" });
  const origin = request.headers.get("origin");
  allowOrigin(headers, origin, trusted);
  if (origin !== null && trusted.has(origin) && request.headers.has("access-control-request-method")) {
    headers.set("access-control-allow-methods", CORS_METHODS);
    headers.set("access-control-allow-headers", `content-type, ${bearer.header}`);
    headers.set("access-control-max-age", MAX_AGE);
  }
  return new Response(null, { status: 204, headers });
}
