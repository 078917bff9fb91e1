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

/** Answers in JSON, for this client alone, and changes its jar. */
export function answer<Context, U extends User>(
  app: App<Context, U>,
  body: unknown,
  status: number,
  changes: readonly CookieChange[] = [],
): Response {
  const headers = sessionHeaders(app.config.bearer.header);
  writeChanges(headers, changes);
  return json(body, status, headers);
}
