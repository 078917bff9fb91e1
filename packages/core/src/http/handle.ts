import type { App } from "../accounts/app.ts";
import { checkHost, type RequestHost } from "../accounts/client.ts";
import { addVary } from "../cookies/cookie.ts";
import type { Site } from "../cookies/site.ts";
import { AuthError } from "../platform/errors.ts";
import { preflight } from "./cors.ts";
import {
  type Credentials,
  crossSiteMessage,
  forCall,
  forRequest,
  isCrossSite,
  readCredentials,
  requireRequest,
} from "./request.ts";
import { allowOrigin, answerError, challenge, errorResponse } from "./response.ts";
import type { Call, Method, Route } from "./route.ts";
import * as named from "./routes/list.ts";
import { NO_BASE_URL } from "./validate.ts";

/** The name of a route in `auth.handlers`. */
export type RouteName = keyof typeof named;
export const ROUTE_NAMES: readonly RouteName[] = Object.keys(named) as RouteName[];

export type ListedRoute = Route | named.RareRoute;

type Handler = (request: Request, host?: RequestHost) => Promise<Response>;

/** The pattern of each path parameter. It stands above the table, which is made when this file is loaded. */
const PARAMETERS: Readonly<Record<string, string>> = { ":id": "[A-Za-z0-9_-]+", ":provider": "[a-z0-9-]+" };

const table: RouteTable = routeTable(Object.values<ListedRoute>(named));

/** Makes `auth.handle`, which answers a request to any path below `basePath`. It never throws. */
export function requestHandler(app: App): Handler {
  return (request, host) =>
    respond(app, { name: "handle", request, host }, () => {
      const pathname = URL.parse(request.url)?.pathname ?? "";
      return matchPath(table, request.method, pathname, app.config.basePath);
    });
}

/** Makes one handler for each route. It accepts any path. */
export function handlersOf(app: App): Readonly<Record<RouteName, Handler>> {
  const handlers = Object.entries<ListedRoute>(named).map(([name, route]): [string, Handler] => [
    name,
    (request, host) =>
      respond(app, { name: `handlers.${name}`, request, host }, () => matchRoute(route, request.method)),
  ]);
  return Object.freeze(Object.fromEntries(handlers) as Record<RouteName, Handler>);
}

/** A request as the host passed it to the function `name`. */
interface Passed {
  readonly name: string;
  readonly request: Request;
  readonly host: RequestHost | undefined;
}

async function respond(whole: App, passed: Passed, find: () => Match): Promise<Response> {
  const { name, request, host } = passed;
  let app = whole;
  try {
    requireRequest(name, request, "internal_error");
    if (host !== undefined) requireHost(name, host);
    const match = find();
    app = forRequest(whole, request.headers, operationOf(request.method, match));
    const site = app.siteOf(request.url);
    if (site === null) return errorResponse("invalid_request", new Headers(), NO_BASE_URL);
    if (match.kind === "options") return preflight(request, match.allow, app.config);
    const response = await runRoute(app, passed, site, match);
    // The page that posts a token may have it in its address.
    response.headers.set("referrer-policy", "no-referrer");
    const isPublic = response.headers.get("cache-control")?.startsWith("public") ?? false;
    addVary(response.headers, ...(isPublic ? [] : ["Cookie"]), "Origin", "Sec-Fetch-Site");
    allowOrigin(response.headers, request.headers.get("origin"), app.config.trustedOrigins);
    return request.method === "HEAD" ? new Response(null, response) : response;
  } catch (error) {
    return answerError(app, error);
  }
}

// An event shows the message of an AuthError only.
function requireHost(name: string, host: RequestHost): void {
  try {
    checkHost(name, host);
  } catch (error) {
    throw error instanceof TypeError ? new AuthError("internal_error", error.message) : error;
  }
}

/** The path is the one of the route: that of the request may hold anything. */
function operationOf(method: string, match: Match): string {
  return match.kind === "route" ? `${method} ${listOf(match.route.path)[0]}` : match.kind;
}

async function runRoute(
  app: App,
  { request, host }: Passed,
  site: Site,
  match: Exclude<Match, { kind: "options" }>,
): Promise<Response> {
  if (match.kind === "not_found") return errorResponse("not_found");
  if (match.kind === "wrong_method")
    return errorResponse("method_not_allowed", new Headers({ allow: match.allow }));
  if (match.route.crossSite !== true && isCrossSite(request, site, app.config))
    return errorResponse("csrf_rejected", new Headers(), crossSiteMessage(app, request, site));
  let credentials: Credentials | null = null;
  let response: Response;
  try {
    const client = app.clientOf(request, host);
    credentials = readCredentials(request.headers, site, app.config, client.device);
    const scoped = forCall(app, { request, client, site });
    const call = { request, client, site, credentials };
    const { route } = match;
    const handle = "handle" in route ? route.handle : (await import("./routes/rare.ts"))[route.rare];
    response = isPageForm(call, route)
      ? await (await import("./routes/rare.ts")).answerForm(scoped, call, handle)
      : await handle(scoped, call);
  } catch (error) {
    response = answerError(app, error);
  }
  if (response.status === 401 && !response.headers.has("www-authenticate"))
    response.headers.set("www-authenticate", challenge(app.config.bearer.schemes, credentials));
  return response;
}

const FORM = /^(application\/x-www-form-urlencoded|multipart\/form-data)\s*(;|$)/i;

/** Whether a browser sends a form of a page, and takes a page for its answer. */
function isPageForm(
  { request: { headers, method }, credentials }: Call,
  { crossSite }: ListedRoute,
): boolean {
  const isForm = method === "POST" && FORM.test(headers.get("content-type") ?? "");
  const mayBePage = headers.get("accept")?.toLowerCase().includes("text/html") ?? false;
  const isBearer = credentials.presented.transport === "bearer";
  // The form of a provider is that of another site, and its route leads back by itself.
  return isForm && mayBePage && !isBearer && crossSite !== true;
}

export type Match =
  | { readonly kind: "route"; readonly route: ListedRoute }
  | { readonly kind: "options"; readonly allow: string }
  | { readonly kind: "wrong_method"; readonly allow: string }
  | { readonly kind: "not_found" };

/** Routes by their paths below `basePath`. A path without parameters takes precedence. */
export interface RouteTable {
  readonly byPath: ReadonlyMap<string, readonly ListedRoute[]>;
  readonly byPattern: readonly { readonly pattern: RegExp; readonly routes: readonly ListedRoute[] }[];
}

/** Makes the table of a list of routes. */
export function routeTable(list: readonly ListedRoute[]): RouteTable {
  const paths = [...new Set(list.flatMap((route) => listOf(route.path)))];
  const routesOf = (path: string): readonly ListedRoute[] =>
    list.filter((route) => listOf(route.path).includes(path));
  return {
    byPath: new Map(paths.map((path) => [path, routesOf(path)])),
    byPattern: paths
      .filter((path) => path.includes(":"))
      .map((path) => ({ pattern: patternOf(path), routes: routesOf(path) })),
  };
}

function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replace(/:\w+/g, (name) => PARAMETERS[name] ?? "[^/]+")}$`);
}

/** Finds the route of a path. One trailing slash is ignored. Any other variant of a path is not found. */
export function matchPath(table: RouteTable, method: string, pathname: string, basePath: string): Match {
  if (!pathname.startsWith(`${basePath}/`)) return { kind: "not_found" };
  const path = pathname.slice(basePath.length).replace(/(.)\/$/, "$1");
  const found = table.byPath.get(path) ?? table.byPattern.find(({ pattern }) => pattern.test(path))?.routes;
  return matchMethod(method, found ?? []);
}

/** Matches the method of one route that is mounted by itself. */
export function matchRoute(route: ListedRoute, method: string): Match {
  return matchMethod(method, [route]);
}

function matchMethod(method: string, routes: readonly ListedRoute[]): Match {
  if (routes.length === 0) return { kind: "not_found" };
  // RFC 9110 9.3.2: HEAD is GET without the content.
  const asked = method === "HEAD" ? "GET" : method;
  const route = routes.find((candidate) => listOf<string>(candidate.method).includes(asked));
  if (route !== undefined) return { kind: "route", route };
  const methods = routes.flatMap((listed): readonly Method[] => listOf(listed.method));
  const allow = [...methods, ...(methods.includes("GET") ? ["HEAD"] : []), "OPTIONS"].join(", ");
  return { kind: method === "OPTIONS" ? "options" : "wrong_method", allow };
}

function listOf<T extends string>(value: T | readonly T[]): readonly T[] {
  return typeof value === "string" ? [value] : value;
}
