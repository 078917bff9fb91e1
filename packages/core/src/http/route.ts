import type { App } from "../accounts/app.ts";
import type { Client } from "../accounts/client.ts";
import type { Site } from "../cookies/site.ts";
import type { Credentials } from "./request.ts";

/** A request in a route: its client, its site and its credentials. */
export interface Call {
  readonly request: Request;
  readonly client: Client;
  readonly site: Site;
  readonly credentials: Credentials;
}

export type Method = "GET" | "POST" | "DELETE";

export type Handle = (app: App, call: Call) => Promise<Response>;

/** Which requests are for a route. */
export interface RoutePlace {
  readonly method: Method | readonly Method[];
  /** Below `basePath`; `:id` and `:provider` stand for one segment. */
  readonly path: string | readonly string[];
  /** Whether any origin may send an unsafe request. The route then has its own CSRF check. Default false. */
  readonly crossSite?: true;
}

/** A route as data. The router, `auth.handlers` and their names are made from the list of routes. */
export interface Route extends RoutePlace {
  readonly handle: Handle;
}
