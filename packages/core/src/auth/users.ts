import {
  changeCredentials,
  checkCredentials,
  createUser,
  type NewUser,
  normalForm,
  requireNormal,
  setPassword,
} from "../accounts/accounts.ts";
import type { App } from "../accounts/app.ts";
import { deleteAccount } from "../accounts/delete-account.ts";
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
import { now } from "../platform/env.ts";
import { AuthError } from "../platform/errors.ts";
import { checkMembers, FLAG, type MembersOf } from "../platform/option-error.ts";
import type { Device } from "../sessions/session.ts";
import { type Identifier, parseEmail, parseUsername } from "../users/identifier.ts";
import { type PublicUser, publicUser, type User } from "../users/user.ts";
import type { UsersApi } from "./users-api.ts";
import { usersByMail } from "./users-by-mail.ts";

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

function shownOrNull(user: User | null): PublicUser | null {
  return user === null ? null : publicUser(user);
}

function parseIdentifier(identifier: Identifier): Identifier | null {
  if ("email" in identifier) {
    const email = normalForm(identifier.email, parseEmail);
    return email === null ? null : { email };
  }
  const username = normalForm(identifier.username, parseUsername);
  return username === null ? null : { username };
}

/** The calls that few applications make are loaded with the first of them. */
function profileCalls(app: App): Pick<UsersApi<User>, "update" | "list" | "import"> {
  return {
    async update(id, change) {
      const { updateUser } = await import("../accounts/update-user.ts");
      return shownOrNull(await updateUser(app, id, change));
    },
    async list(options = {}) {
      const { listUsers } = await import("../accounts/list-users.ts");
      return listUsers(app, options);
    },
    async import(rows) {
      const { importUsers } = await import("../accounts/import-users.ts");
      return importUsers(app, rows);
    },
  };
}

/** Makes `auth.users`. */
export function usersApi(app: App): UsersApi<User> {
  return {
    async create(user) {
      checkMembers("users.create", user, CREATE);
      return publicUser(await createUser(app, user));
    },
    get: async (id) => shownOrNull(await app.users.get(id)),
    async find(identifier) {
      const normal = parseIdentifier(identifier);
      return normal === null ? null : shownOrNull(await app.users.find(normal));
    },
    ...profileCalls(app),
    async setPassword(id, password, options = {}) {
      checkMembers("users.setPassword", options, SET_PASSWORD);
      return options.provesEmail === true
        ? setProvenPassword(app, id, password)
        : setPassword(app, id, password);
    },
    async forgotPassword(input) {
      const email = requireNormal("email", input);
      const user = await app.users.find({ email });
      await sendReset(app, { email, user, signedUpAgain: false });
    },
    async resetPassword(token, newPassword) {
      const user = await resetPassword(app, token, newPassword);
      tellPasswordChanged(app, user, NO_DEVICE);
      return publicUser(user);
    },
    async changePassword(id, change) {
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
    ...usersByMail(app),
    confirmEmail: async (id) => (await proveMailbox(app, id, { by: "message" })) !== null,
    async disable(id) {
      const how = { reason: "user_disabled", ifVersion: null } as const;
      return (await changeCredentials(app, id, { disabledAt: now(app.env) }, how)) !== null;
    },
    async enable(id) {
      const options = { ifVersion: null, raiseVersion: false };
      const enabled = await app.users.update(id, { disabledAt: null }, options);
      if (enabled !== null) app.engine.emit({ type: "user.enabled", userId: id });
      return enabled !== null;
    },
    delete: (id) => deleteAccount(app, id),
    accounts: app.users.accounts,
    unlink: (id, provider) => unlinkByHand(app, id, provider),
    providerTokens: (id, provider) => readKeptTokens(app, id, provider),
  };
}
