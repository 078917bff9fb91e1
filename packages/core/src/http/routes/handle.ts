import type { App } from "../../app/app.ts";
import type { User } from "../../users/store.ts";
import { allowOrigin, preflight } from "../cors.ts";
import { type Credentials, readCredentials } from "../credentials.ts";
import { isCrossSite } from "../cross-site.ts";
import { answerError } from "../fault.ts";
import { addChallenge } from "../refusal.ts";
import { addVary, errorResponse } from "../respond.ts";
import type { Route } from "../route.ts";
import { type Match, matchPath, matchRoute, type RouteName } from "../router.ts";
import { type Site, siteOf } from "../site.ts";
import { NO_BASE_URL } from "../validate.ts";
import { jwks } from "./jwks.ts";
import { login } from "./login.ts";
import { logout } from "./logout.ts";
import { me } from "./me.ts";
import { oauthCallback } from "./oauth-callback.ts";
import { oauthExchange } from "./oauth-exchange.ts";
import { linkAccount, unlinkAccount } from "./oauth-link.ts";
import { oauthStart } from "./oauth-start.ts";
import { refresh } from "./refresh.ts";
import { session } from "./session.ts";
import { revokeSession, sessions } from "./sessions.ts";
import { signup } from "./signup.ts";

const routes: Readonly<Record<RouteName, Route>> = {
  signup,
  login,
  refresh,
  logout,
  me,
  session,
  sessions,
  revokeSession,
  oauthStart,
  oauthCallback,
  oauthExchange,
  linkAccount,
  unlinkAccount,
  jwks,
};

/** A provider has the browser post its answer from elsewhere: the sealed transaction binds it to the browser instead. */
const BOUND: ReadonlySet<RouteName> = new Set(["oauthCallback"]);

/** Answers a request to any path below `basePath`. */
export function handleRequest<Context, U extends User>(
  app: App<Context, U>,
  request: Request,
): Promise<Response> {
  const pathname = URL.parse(request.url)?.pathname ?? "";
  return run(app, request, matchPath(request.method, pathname, app.config.basePath));
}

/** Answers a request to one route, whatever its path. */
export function handleRoute<Context, U extends User>(
  app: App<Context, U>,
  name: RouteName,
  request: Request,
): Promise<Response> {
  return run(app, request, matchRoute(request.method, name));
}

async function run<Context, U extends User>(
  app: App<Context, U>,
  request: Request,
  match: Match,
): Promise<Response> {
  const site = siteOf(request.url, app.config);
  if (site === null) return errorResponse("invalid_request", new Headers(), NO_BASE_URL);
  if (match.kind === "options") return preflight(request, match.allow, app.config);
  const response = await dispatch(app, request, { match, site });
  const isPublic = response.headers.get("cache-control")?.startsWith("public") ?? false;
  if (!isPublic) addVary(response.headers, "Cookie");
  allowOrigin(response.headers, request.headers.get("origin"), app.config.trustedOrigins);
  // RFC 9110 9.3.2: HEAD is GET without the content.
  return request.method === "HEAD" ? new Response(null, response) : response;
}

async function dispatch<Context, U extends User>(
  app: App<Context, U>,
  request: Request,
  { match, site }: { readonly match: Exclude<Match, { kind: "options" }>; readonly site: Site },
): Promise<Response> {
  if (match.kind === "not_found") return errorResponse("not_found");
  if (match.kind === "wrong_method")
    return errorResponse("method_not_allowed", new Headers({ allow: match.allow }));
  if (!BOUND.has(match.name) && isCrossSite(request, site, app.config)) return errorResponse("csrf_rejected");
  let credentials: Credentials | null = null;
  try {
    credentials = readCredentials(request.headers, site, app.config, app.deviceOf(request));
    return challenged(app, await routes[match.name](app, { request, site, credentials }), credentials);
  } catch (error) {
    return challenged(app, answerError(app, error), credentials);
  }
}

function challenged<Context, U extends User>(
  app: App<Context, U>,
  response: Response,
  credentials: Credentials | null,
): Response {
  if (response.status === 401 && credentials !== null) {
    addChallenge(response.headers, app.config.bearer.schemes, credentials);
  }
  return response;
}
