import type { App } from "../accounts/app.ts";
import { allowOrigin, preflight } from "./cors.ts";
import { type Credentials, isCrossSite, readCredentials } from "./credentials.ts";
import { answerError } from "./fault.ts";
import { addChallenge, addVary, errorResponse } from "./response.ts";
import type { Route } from "./route.ts";
import { type Match, matchPath, matchRoute, type RouteTable, routeTable } from "./router.ts";
import * as named from "./routes/list.ts";
import { type Site, siteOf } from "./site.ts";
import { NO_BASE_URL } from "./validate.ts";

export type RouteName = keyof typeof named;

type Handler = (request: Request) => Promise<Response>;

const table: RouteTable = routeTable(Object.values<Route>(named));

/** Answers a request to any path below `basePath`. Never throws. */
export function handleRequest(app: App, request: Request): Promise<Response> {
  const pathname = URL.parse(request.url)?.pathname ?? "";
  return answer(app, request, matchPath(table, request.method, pathname, app.config.basePath));
}

/** Makes one handler for each route, which answers on any path. */
export function handlersOf(app: App): Readonly<Record<RouteName, Handler>> {
  const handlers = Object.entries<Route>(named).map(([name, route]): [string, Handler] => [
    name,
    (request) => answer(app, request, matchRoute(route, request.method)),
  ]);
  return Object.freeze(Object.fromEntries(handlers) as Record<RouteName, Handler>);
}

async function answer(app: App, request: Request, match: Match): Promise<Response> {
  const site = siteOf(request.url, app.config);
  if (site === null) return errorResponse("invalid_request", new Headers(), NO_BASE_URL);
  if (match.kind === "options") return preflight(request, match.allow, app.config);
  const response = await answerMatch(app, request, site, match);
  const isPublic = response.headers.get("cache-control")?.startsWith("public") ?? false;
  if (!isPublic) addVary(response.headers, "Cookie");
  allowOrigin(response.headers, request.headers.get("origin"), app.config.trustedOrigins);
  return request.method === "HEAD" ? new Response(null, response) : response;
}

async function answerMatch(
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
