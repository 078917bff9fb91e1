import {
  confirmEmailChange as confirmEmailChangeOf,
  requestEmailChange,
  undoEmailChange as undoEmailChangeOf,
} from "../../accounts/change-email.ts";
import { AuthError } from "../../platform/errors.ts";
import { countInvalidToken, readMailRequest } from "../mail-request.ts";
import { readBody, requiredString } from "../request.ts";
import { respondJson } from "../response.ts";
import type { Handle } from "../route.ts";
import { requireUser } from "../session-user.ts";
import { requireFreshSignIn } from "../step-up.ts";
import { whenSignedIn } from "../validate.ts";

/**
 * `POST /email/change`: mails a proof to the address that the user asks for. The answer does not tell whether it is taken.
 *
 * Body: `{ email }`.
 *
 * Answer: 200 `{}`, also for a taken address. Errors: `unauthenticated`, `rate_limited`; `insufficient_user_authentication` if
 * the sign-in is older than 15 minutes; `not_found` without the option `mail`.
 */
export const changeEmail: Handle = (app, call) =>
  whenSignedIn(app, call, async ({ valid, changes }) => {
    requireFreshSignIn(app, valid);
    const user = await requireUser(app, valid.userId);
    const { email, user: holder } = await readMailRequest(app, call, "change");
    await requestEmailChange(app, user, { email, holder });
    return respondJson(app, {}, 200, changes);
  });

/**
 * `POST /email/change/confirm`: gives the user of the session the address that the token proves.
 *
 * Body: `{ token }`.
 *
 * Answer: 200 `{}`. Errors: `unauthenticated`, `forbidden` in a session of another user, `mail_token_invalid`,
 * `identifier_taken`, `rate_limited`.
 */
export const confirmEmailChange: Handle = (app, call) =>
  whenSignedIn(app, call, async ({ valid, changes }) => {
    if (app.mail === null) throw new AuthError("not_found");
    const token = requiredString(await readBody(call.request, true), "token");
    await countInvalidToken(app, call, () => confirmEmailChangeOf(app, token, valid.userId));
    return respondJson(app, {}, 200, changes);
  });

/**
 * `POST /email/change/undo`: gives a user the former address back, and removes what a thief may have set.
 *
 * Body: `{ token }`.
 *
 * Answer: 200 `{}`; every session of the user has ended. Errors: `mail_token_invalid`, `identifier_taken`, `rate_limited`.
 */
export const undoEmailChange: Handle = async (app, call) => {
  if (app.mail === null) throw new AuthError("not_found");
  const token = requiredString(await readBody(call.request, true), "token");
  await countInvalidToken(app, call, () => undoEmailChangeOf(app, token));
  return respondJson(app, {}, 200);
};
