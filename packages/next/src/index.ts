import type { Auth, User } from "@latchkey/core";
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
export function routeHandlers<Context, U extends User>({ handle }: Auth<Context, U>): RouteHandlers {
  return { GET: handle, POST: handle, DELETE: handle, HEAD: handle, OPTIONS: handle };
}
