export type RouteName =
  | "signup"
  | "login"
  | "refresh"
  | "logout"
  | "me"
  | "session"
  | "sessions"
  | "revokeSession"
  | "oauthStart"
  | "oauthCallback"
  | "oauthExchange"
  | "linkAccount"
  | "unlinkAccount"
  | "jwks";

/** The paths below `basePath` and the route that each method has there. */
const paths: ReadonlyMap<string, Readonly<Record<string, RouteName>>> = new Map([
  ["/signup", { POST: "signup" }],
  ["/login", { POST: "login" }],
  ["/refresh", { POST: "refresh" }],
  ["/logout", { POST: "logout" }],
  ["/me", { GET: "me" }],
  ["/session", { GET: "session" }],
  ["/sessions", { GET: "sessions" }],
  ["/sessions/:id", { DELETE: "revokeSession" }],
  ["/oauth/exchange", { POST: "oauthExchange" }],
  ["/oauth/:provider", { GET: "oauthStart" }],
  ["/oauth/:provider/callback", { GET: "oauthCallback", POST: "oauthCallback" }],
  ["/oauth/:provider/link", { POST: "linkAccount", DELETE: "unlinkAccount" }],
  ["/jwks", { GET: "jwks" }],
  ["/.well-known/jwks.json", { GET: "jwks" }],
] satisfies readonly (readonly [string, Readonly<Record<string, RouteName>>])[]);

export type Match =
  | { readonly kind: "route"; readonly name: RouteName; readonly allow: string }
  | { readonly kind: "options"; readonly allow: string }
  | { readonly kind: "wrong_method"; readonly allow: string }
  | { readonly kind: "not_found" };

/** Finds the route of a path. One trailing slash is the same route; any other variant of a path is none. */
export function matchPath(method: string, pathname: string, basePath: string): Match {
  if (!pathname.startsWith(`${basePath}/`)) return { kind: "not_found" };
  const rest = pathname.slice(basePath.length).replace(/(.)\/$/, "$1");
  const methods = paths.get(rest) ?? paths.get(patternOf(rest));
  return methods === undefined ? { kind: "not_found" } : matchMethod(method, methods);
}

function patternOf(path: string): string {
  return path
    .replace(/^\/sessions\/[A-Za-z0-9_-]+$/, "/sessions/:id")
    .replace(/^\/oauth\/[a-z0-9-]+(?=$|\/)/, "/oauth/:provider");
}

/** Finds what a method asks of one route that is mounted by itself. */
export function matchRoute(method: string, name: RouteName): Match {
  for (const methods of paths.values()) {
    const own = Object.entries(methods).filter(([, route]) => route === name);
    if (own.length > 0) return matchMethod(method, Object.fromEntries(own));
  }
  return { kind: "not_found" };
}

function matchMethod(method: string, methods: Readonly<Record<string, RouteName>>): Match {
  const names = Object.keys(methods);
  const allow = [...names, ...(names.includes("GET") ? ["HEAD"] : []), "OPTIONS"].join(", ");
  if (method === "OPTIONS") return { kind: "options", allow };
  const key = method === "HEAD" ? "GET" : method;
  const name = Object.hasOwn(methods, key) ? methods[key] : undefined;
  return name === undefined ? { kind: "wrong_method", allow } : { kind: "route", name, allow };
}
