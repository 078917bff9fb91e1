import { createAuth, emailCode, magicLink } from "@latchkey/core";
import { password } from "@latchkey/core/password";
import { mail } from "./mail.ts";
import { store } from "./store.ts";

const { AUTH_PROXIES, AUTH_URL, AUTH_SECRET, AUTH_DOMAIN } = process.env;

/** The example's, and cookies that subdomains share where a test asks for them. */
export const auth = createAuth({
  store,
  providers: [password({ verifyEmail: "later" }), magicLink(), emailCode()],
  mail,
  revocation: "store",
  ...(AUTH_URL === undefined ? {} : { baseURL: AUTH_URL }),
  ...(AUTH_PROXIES === undefined ? {} : { trustedProxies: Number(AUTH_PROXIES) }),
  ...(AUTH_SECRET === undefined ? {} : { secret: AUTH_SECRET }),
  ...(AUTH_DOMAIN === undefined ? {} : { cookies: { domain: AUTH_DOMAIN } }),
});
