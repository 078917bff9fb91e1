import { authProxy, callRoute, routeHandlers } from "@latchkey/next";
import { auth } from "./auth.js";

export const proxy = authProxy(auth, { protect: ["/dashboard/:path*"], signIn: "/login" });

export const { GET, POST, DELETE, HEAD, OPTIONS } = routeHandlers(auth);

export const handlers = routeHandlers(auth);

export async function signIn(email: string, password: string) {
  const { ok } = await callRoute(auth.handlers.login, { email, password });
  return ok;
}
