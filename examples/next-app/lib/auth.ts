import { createAuth } from "@latchkey/core";
import { password } from "@latchkey/core/password";
import { store } from "./store.ts";

const { AUTH_URL, AUTH_SECRET } = process.env;

/** Who may sign in here, and how. On localhost neither variable is needed. */
export const auth = createAuth({
  store,
  providers: [password()],
  // A device that is signed out from another one is out at once.
  revocation: "store",
  ...(AUTH_URL === undefined ? {} : { baseURL: AUTH_URL }),
  ...(AUTH_SECRET === undefined ? {} : { secret: AUTH_SECRET }),
});
