import type { Auth, User } from "@latchkey/core";
import { located } from "./located.ts";
import type { Route } from "./server.ts";

export * from "./proxy.ts";
export * from "./server.ts";

/** What `app/auth/[...latchkey]/route.ts` exports. */
export type RouteHandlers = Readonly<Record<"GET" | "POST" | "DELETE" | "HEAD" | "OPTIONS", Route>>;

/**
 * Answers every route of `auth`.
 *
 * @example
 * export const { GET, POST, DELETE, HEAD, OPTIONS } = routeHandlers(auth);
 */
export function routeHandlers<Context, U extends User>(auth: Auth<Context, U>): RouteHandlers {
  const handle: Route = (request) => auth.handle(located(request));
  return { GET: handle, POST: handle, DELETE: handle, HEAD: handle, OPTIONS: handle };
}
