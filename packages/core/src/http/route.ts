import type { App } from "../accounts/app.ts";
import { type CookieChange, writeChanges } from "../cookies/cookie.ts";
import type { Site } from "../cookies/site.ts";
import type { Credentials } from "./request.ts";
import { json, sessionHeaders } from "./response.ts";

/** A request in a route: its site and its credentials. */
export interface Call {
  readonly request: Request;
  readonly site: Site;
  readonly credentials: Credentials;
}

export type Method = "GET" | "POST" | "DELETE";

/** A route as data. The router, `auth.handlers` and their names are made from the list of routes. */
export interface Route {
  readonly method: Method | readonly Method[];
  /** Below `basePath`; `:id` and `:provider` stand for one segment. */
  readonly path: string | readonly string[];
  /** Whether any origin may send an unsafe request. The route then has its own CSRF check. Default false. */
  readonly crossSite?: true;
  readonly handle: (app: App, call: Call) => Promise<Response>;
}

/** Returns a segment of the path, counted from the end. A trailing slash is ignored. */
export function pathSegment({ request }: Call, fromEnd: number): string {
  const { pathname } = new URL(request.url);
  return pathname.replace(/\/$/, "").split("/").at(-fromEnd) ?? "";
}

/** Makes an uncacheable JSON response with cookie changes. */
export function respondJson(
  app: App,
  body: unknown,
  status: number,
  changes: readonly CookieChange[] = [],
): Response {
  return json(body, status, headersOf(app, changes));
}

/** Makes the headers of an uncacheable response with cookie changes. */
export function headersOf(app: App, changes: readonly CookieChange[]): Headers {
  const headers = sessionHeaders(app.config.bearer.header);
  writeChanges(headers, changes);
  return headers;
}
