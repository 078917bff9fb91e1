import { authProxy } from "@latchkey/next";
import { auth } from "./lib/auth.ts";

export const proxy = authProxy(auth, {
  protect: ["/dashboard/:path*", "/devices", "/settings", "/reauthenticate"],
  signIn: "/login",
});

export const config = { matcher: ["/((?!_next/static|_next/image|icon.svg).*)"] };
