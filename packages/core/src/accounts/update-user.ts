import { kindOf } from "../platform/callback-answer.ts";
import { isRecord } from "../platform/encoding.ts";
import { AuthError } from "../platform/errors.ts";
import { refuse } from "../platform/option-error.ts";
import type { User, UserChange, UserUpdate } from "../users/user.ts";
import { requireName, requireNormal, requirePicture, requireSameMailbox, takenError } from "./accounts.ts";
import type { App } from "./app.ts";
import { decideAddressUpdate } from "./decide-email-change.ts";

/** The members of `User` that have calls of their own, or never change. */
const REFUSED: Readonly<Record<Exclude<keyof User, keyof UserUpdate> | "password", string>> = {
  id: "the id of a user never changes",
  username: "a user keeps the username of the sign-up",
  password: "call users.setPassword",
  passwordHash: "call users.setPassword",
  credentialsVersion: "Latchkey raises it with each change of the credentials",
  createdAt: "it never changes",
  disabledAt: "call users.disable or users.enable",
};

/** A change that was checked: the members that are written as they are, and the address. */
interface ParsedUpdate {
  readonly members: UserChange;
  readonly address: AddressChange | null;
}

interface AddressChange {
  readonly email: string;
  /** Whether the caller has checked that the user has the mailbox; undefined if they did not say. */
  readonly verified: boolean | undefined;
}

/** Changes one user. Null for an unknown user. Fails with `invalid_request` or `identifier_taken`. */
export async function updateUser(app: App, id: string, update: UserUpdate): Promise<User | null> {
  const { members, address } = parseUpdate(update);
  const user = address === null ? await app.users.get(id) : await changeAddress(app, id, address);
  if (user === null || Object.keys(members).length === 0) return user;
  // One atomic step: of two changes at the same time, neither loses the members of the other.
  return app.users.update(id, members, { ifVersion: null, raiseVersion: false });
}

function parseUpdate(update: UserUpdate): ParsedUpdate {
  if (!isRecord(update)) {
    throw new TypeError(`users.update: the change is ${kindOf(update)}, but it must be an object`);
  }
  const { name, picture, email, emailVerified, ...own } = update;
  const members = {
    ...ownMembers(own),
    ...(name === undefined ? {} : { name: requireName(name) }),
    ...(picture === undefined ? {} : { picture: requirePicture(picture) }),
  };
  return { members, address: parseAddress(email, emailVerified) };
}

function parseAddress(email: string | undefined, verified: boolean | undefined): AddressChange | null {
  if (verified !== undefined && typeof verified !== "boolean") {
    throw refuse("users.update: emailVerified", verified, "it must be true or false");
  }
  if (email !== undefined) {
    const normal = requireNormal("email", email);
    if (verified === true) requireSameMailbox(email, normal);
    return { email: normal, verified };
  }
  if (verified === undefined) return null;
  throw new AuthError(
    "invalid_request",
    "users.update: emailVerified goes with email: call users.confirmEmail to verify the address that the user has",
  );
}

/** The members of the application's own users. */
function ownMembers(given: object): UserChange {
  const entries = Object.entries(given).filter(([, value]) => value !== undefined);
  const refused = entries.find(([name]) => Object.hasOwn(REFUSED, name));
  if (refused === undefined) return Object.fromEntries(entries);
  const [name] = refused;
  const advice = new Map(Object.entries(REFUSED)).get(name);
  throw new AuthError("invalid_request", `users.update cannot change ${name}: ${advice}`);
}

/** How often the change is repeated if the credentials change in between. */
const ATTEMPTS = 4;

async function changeAddress(app: App, id: string, address: AddressChange): Promise<User | null> {
  const { email, verified } = address;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const user = await app.users.get(id);
    if (user === null) return null;
    const decision = decideAddressUpdate(user, email, verified);
    if (decision === "unchanged") return user;
    if (decision === "same_address") {
      const advice = "call users.confirmEmail to verify it; a proof cannot be taken back";
      throw new AuthError("invalid_request", `users.update: the user has this address already: ${advice}`);
    }
    const changed = await app.users.changeEmail(id, email, user.credentialsVersion, verified === true);
    if (changed === "taken") throw takenError(email, null);
    if (changed === null) continue;
    if (changed.emailVerified && verified !== true) await takeBackProof(app, changed);
    app.engine.emit({ type: "user.email_changed", userId: id });
    return changed;
  }
  throw new AuthError("store_unavailable");
}

// A store of the application may not know the argument. An address without a proof must not count as proved.
async function takeBackProof(app: App, { id, credentialsVersion }: User): Promise<never> {
  const options = { ifVersion: credentialsVersion, raiseVersion: true };
  await app.users.update(id, { emailVerified: false }, options);
  throw new AuthError(
    "internal_error",
    "users.changeEmail stored a verified address: emailVerified must be its fourth argument",
  );
}
