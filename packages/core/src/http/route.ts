import type { App } from "../accounts/app.ts";
import { type CookieChange, writeChanges } from "../cookies/cookie.ts";
import type { Site } from "../cookies/site.ts";
import type { Credentials } from "./request.ts";
import { json, sessionHeaders } from "./response.ts";

/** One request on its way through a route: where it is served, and what it carries. */
export interface Call {
  readonly request: Request;
  readonly site: Site;
  readonly credentials: Credentials;
}

export type Method = "GET" | "POST" | "DELETE";

/** A route as data: the router, `auth.handlers` and their names are made from the list of these. */
export interface Route {
  readonly method: Method | readonly Method[];
  /** Below `basePath`; `:id` and `:provider` stand for one segment. */
  readonly path: string | readonly string[];
  /** Whether any origin may send an unsafe request: the route then proves by itself where it comes from. Default false. */
  readonly crossSite?: true;
  readonly handle: (app: App, call: Call) => Promise<Response>;
}

/** A segment of the request's path, counted from the end; a trailing slash is none. */
export function segment({ request }: Call, fromEnd: number): string {
  const { pathname } = new URL(request.url);
  return pathname.replace(/\/$/, "").split("/").at(-fromEnd) ?? "";
}

/** Answers in JSON, for this client alone, and changes its jar. */
export function respondJson(
  app: App,
  body: unknown,
  status: number,
  changes: readonly CookieChange[] = [],
): Response {
  return json(body, status, headersOf(app, changes));
}

/** The headers of an answer for this client alone, and the changes of its jar. */
export function headersOf(app: App, changes: readonly CookieChange[]): Headers {
  const headers = sessionHeaders(app.config.bearer.header);
  writeChanges(headers, changes);
  return headers;
}
