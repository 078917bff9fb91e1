import {
  changeCredentials,
  createUser,
  type NewUser,
  requireNormal,
  setPassword,
} from "../accounts/accounts.ts";
import { checkCredentials } from "../accounts/credentials.ts";
import { deleteAccount } from "../accounts/delete-account.ts";
import { endSessionURL } from "../accounts/end-session.ts";
import { importUsers } from "../accounts/import-users.ts";
import { listUsers } from "../accounts/list-users.ts";
import {
  changePassword,
  type PasswordChange,
  resetPassword,
  sendReset,
  tellPasswordChanged,
} from "../accounts/new-password.ts";
import { readKeptTokens } from "../accounts/oauth-identity.ts";
import { proveMailbox, setProvenPassword } from "../accounts/prove-mailbox.ts";
import { unlinkByHand } from "../accounts/unlink.ts";
import { updateUser } from "../accounts/update-user.ts";
import { now } from "../platform/env.ts";
import { AuthError } from "../platform/errors.ts";
import { checkMembers, FLAG, type MembersOf } from "../platform/option-error.ts";
import type { Device } from "../sessions/session.ts";
import { publicUser } from "../users/user.ts";
import type { RareUserCalls, UsersApi } from "./users-api.ts";
import { mailCalls } from "./users-by-mail.ts";

const CREATE: MembersOf<NewUser> = {
  email: null,
  username: null,
  name: null,
  picture: null,
  password: null,
  emailVerified: FLAG,
};
const SET_PASSWORD: MembersOf<NonNullable<Parameters<UsersApi["setPassword"]>[2]>> = { provesEmail: FLAG };

const CHANGE_PASSWORD: MembersOf<PasswordChange> = { currentPassword: null, newPassword: null };
/** By hand there is no request, so the client is not known. */
const NO_DEVICE: Device = { userAgent: null, address: null };

/** The calls of `auth.users` that change something, and those that few applications make. */
export const userCalls: RareUserCalls = {
  async create(app, user) {
    checkMembers("users.create", user, CREATE);
    return publicUser(await createUser(app, user));
  },
  async update(app, id, change) {
    const user = await updateUser(app, id, change);
    return user === null ? null : publicUser(user);
  },
  list: listUsers,
  import: importUsers,
  async setPassword(app, id, password, options = {}) {
    checkMembers("users.setPassword", options, SET_PASSWORD);
    return options.provesEmail === true
      ? setProvenPassword(app, id, password)
      : setPassword(app, id, password);
  },
  async forgotPassword(app, input) {
    const email = requireNormal("email", input);
    const user = await app.users.find({ email });
    await sendReset(app, { email, user, signedUpAgain: false });
  },
  async resetPassword(app, token, newPassword) {
    const user = await resetPassword(app, token, newPassword);
    tellPasswordChanged(app, user, NO_DEVICE);
    return publicUser(user);
  },
  async changePassword(app, id, change) {
    checkMembers("users.changePassword", change, CHANGE_PASSWORD);
    const found = await app.users.get(id);
    if (found === null) throw new AuthError("not_found", "users.changePassword: there is no such user");
    const user = await changePassword(app, found, change, async () => {
      const checked = await checkCredentials(app, found, change.currentPassword);
      if (checked === null) throw new AuthError("invalid_credentials");
      return checked;
    });
    tellPasswordChanged(app, user, NO_DEVICE);
    return publicUser(user);
  },
  ...mailCalls,
  confirmEmail: async (app, id) => (await proveMailbox(app, id, { by: "message" })) !== null,
  async disable(app, id) {
    const how = { reason: "user_disabled", ifVersion: null } as const;
    return (await changeCredentials(app, id, { disabledAt: now(app.env) }, how)) !== null;
  },
  async enable(app, id) {
    const options = { ifVersion: null, raiseVersion: false };
    const enabled = await app.users.update(id, { disabledAt: null }, options);
    if (enabled !== null) app.engine.emit({ type: "user.enabled", userId: id });
    return enabled !== null;
  },
  delete: deleteAccount,
  accounts: (app, id) => app.users.accounts(id),
  unlink: unlinkByHand,
  endSessionURL,
  providerTokens: readKeptTokens,
};
