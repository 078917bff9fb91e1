import { createAuth, emailCode, magicLink } from "@latchkey/core";
import { password } from "@latchkey/core/password";
import { mail } from "./mail.ts";
import { store } from "./store.ts";

const { AUTH_PROXIES, AUTH_URL, AUTH_SECRET } = process.env;

/** The authentication of this application. On localhost neither environment variable is needed. */
export const auth = createAuth({
  store,
  providers: [password({ verifyEmail: "later" }), magicLink(), emailCode()],
  mail,
  // With "store", a device that is signed out from another device loses access at once.
  revocation: "store",
  baseURL: AUTH_URL,
  // How many proxies extend X-Forwarded-For. Without it, this header is ignored.
  ...(AUTH_PROXIES === undefined ? {} : { trustedProxies: Number(AUTH_PROXIES) }),
  // A build has no secrets: then the first request fails, and not the build.
  secret: AUTH_SECRET,
});
