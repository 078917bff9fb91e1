import { authProxy } from "@latchkey/next";
import { auth } from "./lib/auth.ts";

export const proxy = authProxy(auth, {
  protect: ["/dashboard/:path*", "/guarded/:path*", "/legacy", "/sealed"],
  signIn: "/login",
});

export const config = { matcher: ["/((?!unproxied|_next/static).*)"] };
