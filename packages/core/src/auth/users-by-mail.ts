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
import { publicUser } from "../users/user.ts";
import type { RareUserCalls, UsersApi } from "./users-api.ts";

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

/** The calls of `auth.users` that prove and change an address, invite, and sign in by a message. */
export const mailCalls: Pick<RareUserCalls, Name> = {
  async requestEmailVerification(app, input) {
    const { email, user } = await addressOf(app, input);
    await requestVerification(app, email, user);
  },
  async verifyEmail(app, token, options = {}) {
    checkMembers("users.verifyEmail", options, VERIFY_EMAIL);
    return publicUser(await verifyByHand(app, token, options.password));
  },
  async invite(app, input) {
    await invite(app, requireNormal("email", input));
  },
  async changeEmail(app, id, input) {
    const email = requireNormal("email", input);
    const user = await app.users.get(id);
    if (user === null) throw new AuthError("not_found", "users.changeEmail: there is no such user");
    await requestEmailChange(app, user, { email, holder: await app.users.find({ email }) });
  },
  confirmEmailChange: async (app, token) => publicUser(await confirmEmailChange(app, token, null)),
  undoEmailChange: async (app, token) => publicUser(await undoEmailChange(app, token)),
  sendLink: async (app, input) => sendLink(app, await addressOf(app, input)),
  redeemLink: async (app, token) => publicUser((await redeemLink(app, token, isStranger)).user),
  sendCode: async (app, input) => sendCode(app, await addressOf(app, input)),
  async redeemCode(app, input, code) {
    const email = requireNormal("email", input);
    return publicUser((await redeemCode(app, { email, code, device: null }, isStranger)).user);
  },
};
