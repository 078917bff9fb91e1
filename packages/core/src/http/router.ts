import type { Method, Route } from "./route.ts";

export type Match =
  | { readonly kind: "route"; readonly route: Route; readonly allow: string }
  | { readonly kind: "options"; readonly allow: string }
  | { readonly kind: "wrong_method"; readonly allow: string }
  | { readonly kind: "not_found" };

/** The pattern of each path parameter. */
const PARAMETERS: Readonly<Record<string, string>> = { ":id": "[A-Za-z0-9_-]+", ":provider": "[a-z0-9-]+" };

/** Routes by their paths below `basePath`. A path without parameters takes precedence. */
export interface RouteTable {
  readonly byPath: ReadonlyMap<string, readonly Route[]>;
  readonly byPattern: readonly { readonly pattern: RegExp; readonly routes: readonly Route[] }[];
}

/** Makes the table of a list of routes. */
export function routeTable(list: readonly Route[]): RouteTable {
  const paths = [...new Set(list.flatMap((route) => listOf(route.path)))];
  const routesOf = (path: string): readonly Route[] =>
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
export function matchRoute(route: Route, method: string): Match {
  return matchMethod(method, [route]);
}

function matchMethod(method: string, routes: readonly Route[]): Match {
  if (routes.length === 0) return { kind: "not_found" };
  const methods = routes.flatMap((route): readonly Method[] => listOf(route.method));
  const allow = [...methods, ...(methods.includes("GET") ? ["HEAD"] : []), "OPTIONS"].join(", ");
  if (method === "OPTIONS") return { kind: "options", allow };
  // RFC 9110 9.3.2: HEAD is GET without the content.
  const asked = method === "HEAD" ? "GET" : method;
  const route = routes.find((candidate) => listOf<string>(candidate.method).includes(asked));
  return route === undefined ? { kind: "wrong_method", allow } : { kind: "route", route, allow };
}

function listOf<T extends string>(value: T | readonly T[]): readonly T[] {
  return typeof value === "string" ? [value] : value;
}
