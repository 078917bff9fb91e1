import type { App } from "../../accounts/app.ts";
import {
  changePassword as changePasswordOf,
  type PasswordChange,
  resetPassword as resetPasswordOf,
  sendReset,
  tellPasswordChanged,
} from "../../accounts/new-password.ts";
import { now } from "../../platform/env.ts";
import { AuthError } from "../../platform/errors.ts";
import { isLive } from "../../sessions/decide.ts";
import type { SessionRow } from "../../sessions/session.ts";
import { countInvalidToken, isMailable, readMailRequest } from "../mail-request.ts";
import { readBody, requiredString } from "../request.ts";
import { respondJson } from "../response.ts";
import type { Handle } from "../route.ts";
import { requireUser } from "../session-user.ts";
import { isRemembered, signInAndRespond } from "../sign-in.ts";
import { whenSignedIn } from "../validate.ts";
import { requirePasswordOf } from "./reauthenticate.ts";

/**
 * `POST /password/forgot`: sends a link that resets the password. The answer is the same for every address.
 *
 * Body: `{ email }`.
 *
 * Answer: 200 `{}`, the same for every address. Errors: `rate_limited`; `not_found` without the option `mail`.
 */
export const forgotPassword: Handle = async (app, call) => {
  if (app.password === null) throw new AuthError("not_found");
  await sendReset(app, { ...(await readMailRequest(app, call, "reset")), signedUpAgain: false });
  return respondJson(app, {}, 200);
};

/**
 * `POST /password/reset`: sets a new password with a token of a message. It ends every session, and starts none.
 *
 * Body: `{ token, newPassword }`.
 *
 * Answer: 200 `{}`; every session of the user has ended. Errors: `mail_token_invalid`, `weak_password`, `rate_limited`;
 * `not_found` without the option `mail`.
 */
export const resetPassword: Handle = async (app, call) => {
  if (app.password === null || app.mail === null) throw new AuthError("not_found");
  const body = await readBody(call.request, true);
  const [token, newPassword] = [requiredString(body, "token"), requiredString(body, "newPassword")];
  const user = await countInvalidToken(app, call, () => resetPasswordOf(app, token, newPassword));
  tellPasswordChanged(app, user, call.client.device);
  return respondJson(app, {}, 200);
};

/**
 * `POST /password/change`: changes the password of the signed-in user. It ends every session, and starts a new one here.
 *
 * Body: `{ currentPassword, newPassword }`.
 *
 * Answer: 200, that of a sign-in; every former session has ended. Errors: `unauthenticated`, `invalid_credentials`,
 * `weak_password`, `rate_limited`.
 */
export const changePassword: Handle = (app, call) =>
  whenSignedIn(app, call, async ({ valid }) => {
    if (app.password === null) throw new AuthError("not_found");
    const passwords = await readChange(call.request);
    const user = await requireUser(app, valid.userId);
    const { context } = await requireLiveSession(app, valid.session.id);
    const changed = await changePasswordOf(app, user, passwords, () =>
      requirePasswordOf(app, call, user, passwords.currentPassword),
    );
    if (await isMailable(app, changed)) tellPasswordChanged(app, changed, call.client.device);
    return signInAndRespond(app, call, changed, {
      transport: valid.transport,
      remember: isRemembered(call, valid.session.id),
      amr: ["pwd"],
      // The session of the call has ended with all others.
      replaces: [],
      succeeds: null,
      account: null,
      isNewUser: false,
      context,
      refusal: "forbidden",
      status: 200,
    });
  });

async function readChange(request: Request): Promise<PasswordChange> {
  const body = await readBody(request, true);
  const currentPassword = requiredString(body, "currentPassword");
  return { currentPassword, newPassword: requiredString(body, "newPassword") };
}

/** Reads the stored session of a call, because `hooks.validated` may show another context. */
async function requireLiveSession(app: App, id: string): Promise<SessionRow> {
  const found = await app.engine.store.get(id, now(app.env));
  if (found === null || !isLive(found.row, found.now)) throw new AuthError("unauthenticated");
  return found.row;
}
