import type { App } from "../app/app.ts";
import { type CookieChange, writeChanges } from "../cookies/jar.ts";
import type { User } from "../users/store.ts";
import type { Credentials } from "./credentials.ts";
import { json, sessionHeaders } from "./respond.ts";
import type { Site } from "./site.ts";

/** One request on its way through a route: where it is served, and what it carries. */
export interface Call {
  readonly request: Request;
  readonly site: Site;
  readonly credentials: Credentials;
}

export type Route = <Context, U extends User>(app: App<Context, U>, call: Call) => Promise<Response>;

/** A segment of the request's path, counted from the end; a trailing slash is none. */
export function segment({ request }: Call, fromEnd: number): string {
  const { pathname } = new URL(request.url);
  return pathname.replace(/\/$/, "").split("/").at(-fromEnd) ?? "";
}

/** Answers in JSON, for this client alone, and changes its jar. */
export function answer<Context, U extends User>(
  app: App<Context, U>,
  body: unknown,
  status: number,
  changes: readonly CookieChange[] = [],
): Response {
  return json(body, status, headersOf(app, changes));
}

/** The headers of an answer for this client alone, and the changes of its jar. */
export function headersOf<Context, U extends User>(
  app: App<Context, U>,
  changes: readonly CookieChange[],
): Headers {
  const headers = sessionHeaders(app.config.bearer.header);
  writeChanges(headers, changes);
  return headers;
}
