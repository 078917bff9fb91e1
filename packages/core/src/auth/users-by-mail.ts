import { requireNormal } from "../accounts/accounts.ts";
import type { App } from "../accounts/app.ts";
import { confirmEmailChange, requestEmailChange, undoEmailChange } from "../accounts/change-email.ts";
import {
  type MailAddress,
  type OwnerCheck,
  redeemCode,
  redeemLink,
  sendCode,
  sendLink,
} from "../accounts/mail-sign-in.ts";
import { invite } from "../accounts/sign-up.ts";
import { requestVerification, verifyByHand } from "../accounts/verify-email.ts";
import { AuthError } from "../platform/errors.ts";
import { checkMembers, type MembersOf } from "../platform/option-error.ts";
import { publicUser, type User } from "../users/user.ts";
import type { UsersApi } from "./users-api.ts";

/** By hand there is no session that shows that the account belongs to the holder of the mailbox. */
const isStranger: OwnerCheck = async () => false;

async function addressOf(app: App, input: string): Promise<MailAddress> {
  const email = requireNormal("email", input);
  return { email, user: await app.users.find({ email }), device: null };
}

const VERIFY_EMAIL: MembersOf<NonNullable<Parameters<UsersApi["verifyEmail"]>[1]>> = { password: null };

type Name =
  | "requestEmailVerification"
  | "verifyEmail"
  | "invite"
  | "changeEmail"
  | "confirmEmailChange"
  | "undoEmailChange"
  | "sendLink"
  | "redeemLink"
  | "sendCode"
  | "redeemCode";

/** Makes the part of `auth.users` that proves and changes an address, invites, and signs in by a message. */
export function usersByMail(app: App): Pick<UsersApi<User>, Name> {
  return {
    async requestEmailVerification(input) {
      const { email, user } = await addressOf(app, input);
      await requestVerification(app, email, user);
    },
    async verifyEmail(token, options = {}) {
      checkMembers("users.verifyEmail", options, VERIFY_EMAIL);
      return publicUser(await verifyByHand(app, token, options.password));
    },
    async invite(input) {
      await invite(app, requireNormal("email", input));
    },
    async changeEmail(id, input) {
      const email = requireNormal("email", input);
      const user = await app.users.get(id);
      if (user === null) throw new AuthError("not_found", "users.changeEmail: there is no such user");
      await requestEmailChange(app, user, { email, holder: await app.users.find({ email }) });
    },
    confirmEmailChange: async (token) => publicUser(await confirmEmailChange(app, token, null)),
    undoEmailChange: async (token) => publicUser(await undoEmailChange(app, token)),
    sendLink: async (input) => sendLink(app, await addressOf(app, input)),
    redeemLink: async (token) => publicUser((await redeemLink(app, token, isStranger)).user),
    sendCode: async (input) => sendCode(app, await addressOf(app, input)),
    async redeemCode(input, code) {
      const email = requireNormal("email", input);
      return publicUser((await redeemCode(app, { email, code, device: null }, isStranger)).user);
    },
  };
}
