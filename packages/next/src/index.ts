import type { Auth, User } from "@latchkey/core";

export { type AuthProxyOptions, authProxy } from "./proxy.ts";
export {
  callRoute,
  getSession,
  type RequireOptions,
  requireSession,
  type SessionOptions,
  type SignedIn,
} from "./server.ts";

/** What `app/auth/[...latchkey]/route.ts` exports. */
export type RouteHandlers = Readonly<
  Record<"GET" | "POST" | "DELETE" | "HEAD" | "OPTIONS", (request: Request) => Promise<Response>>
>;

/**
 * Answers every route of `auth`.
 *
 * @example
 * export const { GET, POST, DELETE, HEAD, OPTIONS } = routeHandlers(auth);
 */
export function routeHandlers<Context, U extends User>(auth: Auth<Context, U>): RouteHandlers {
  const handle = (request: Request): Promise<Response> => auth.handle(request);
  return { GET: handle, POST: handle, DELETE: handle, HEAD: handle, OPTIONS: handle };
}
