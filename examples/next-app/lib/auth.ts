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
  ...(AUTH_URL === undefined ? {} : { baseURL: AUTH_URL }),
  // How many proxies extend X-Forwarded-For. Without it, this header is ignored.
  ...(AUTH_PROXIES === undefined ? {} : { trustedProxies: Number(AUTH_PROXIES) }),
  ...(AUTH_SECRET === undefined ? {} : { secret: AUTH_SECRET }),
});
