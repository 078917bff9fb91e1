import { deleteAccount as deleteAccountOf } from "../../accounts/delete-account.ts";
import { now } from "../../platform/env.ts";
import { clearSessionCookies, headersOf } from "../response.ts";
import type { Handle } from "../route.ts";
import { requireFreshSignIn } from "../step-up.ts";
import { whenSignedIn } from "../validate.ts";

/**
 * `DELETE /account`: deletes the user of the session. It needs a sign-in of the last 15 minutes.
 *
 * Body: none.
 *
 * Answer: 204, and the cookies are cleared. Errors: `unauthenticated`; `insufficient_user_authentication` if the sign-in is
 * older than 15 minutes.
 */
export const deleteAccount: Handle = (app, call) =>
  whenSignedIn(app, call, async ({ valid, changes }) => {
    requireFreshSignIn(app, valid);
    await deleteAccountOf(app, valid.userId);
    const how = { keepAccessToken: false, now: now(app.env) };
    const cleared = valid.transport === "cookie" ? clearSessionCookies(call.site, call.credentials, how) : [];
    return new Response(null, { status: 204, headers: headersOf(app, [...changes, ...cleared]) });
  });
