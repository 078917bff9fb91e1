import {
  checkUserChange,
  type EpochSeconds,
  type Identifier,
  indexKeysOf,
  listConfirmed,
  type User,
  type UserId,
  type UserStore,
} from "@latchkey/core/store";
import { accountObject, objectAccounts } from "./accounts.ts";
import { type Call, digestName } from "./call.ts";
import { DIRECTORY_OBJECT } from "./directory.ts";
import { becomeHolder, type IsHeldBy, removeAndRelease, reserve } from "./holder.ts";
import { userObject } from "./sessions.ts";

/**
 * Each user has an object, and each identifier and account has an object that names its holder. The user's row is
 * written first and deleted first. A claim that the row of its user does not confirm does not count.
 */
export function objectUsers(call: Call): UserStore {
  return {
    get: (id) => get(call, id),
    create: (user) => create(call, user),
    find: async (identifier) => {
      const object = await identifierObject(identifier);
      const claim = await call(object, "holder.get");
      // Without a holder an object is read too, or the time of the answer would tell whether the user exists.
      const user = await get(call, claim?.userId ?? object);
      return hasIdentifier(user, identifier) ? user : null;
    },
    update: async (id, change, options) => {
      checkUserChange(change);
      return call(userObject(id), "users.update", id, change, options);
    },
    changeEmail: (id, email, ifVersion, verified = true) =>
      changeEmail(call, { id, email, ifVersion, verified }),
    list: (range) =>
      listConfirmed(range, {
        next: (last) => call(DIRECTORY_OBJECT, "directory.next", range, last),
        get: (id) => get(call, id),
        remove: (entries) =>
          call(
            DIRECTORY_OBJECT,
            "directory.remove",
            entries.map((entry) => ({ ...entry, by: range.by })),
          ),
      }),
    delete: (id) => remove(call, id),
    ...objectAccounts(call),
  };
}

function get(call: Call, id: UserId): Promise<User | null> {
  return call(userObject(id), "users.get", id);
}

async function create(call: Call, user: User): Promise<boolean> {
  const { entries, deadline } = await call(DIRECTORY_OBJECT, "directory.add", user.id, indexKeysOf(user), []);
  const isCreated = await claimAll(call, user, deadline);
  if (!isCreated) await call(DIRECTORY_OBJECT, "directory.remove", entries);
  return isCreated;
}

/** Writes the row of a user, and then claims the identifiers. If one is taken, the row is deleted. */
async function claimAll(call: Call, user: User, deadline: EpochSeconds): Promise<boolean> {
  if (!(await call(userObject(user.id), "users.createBefore", deadline, user))) return false;
  const claimed: string[] = [];
  for (const identifier of identifiersOf(user)) {
    const object = await identifierObject(identifier);
    claimed.push(object);
    if (await becomeHolder(call, object, user.id, isHolderOf(call, identifier))) continue;
    await removeAndRelease(call, claimed, user.id, () => removeRow(call, user.id));
    return false;
  }
  return true;
}

function isHolderOf(call: Call, identifier: Identifier): IsHeldBy {
  return async (id) => hasIdentifier(await get(call, id), identifier);
}

/** A change of the address of a user. */
interface AddressChange {
  readonly id: UserId;
  readonly email: string;
  readonly ifVersion: number;
  readonly verified: boolean;
}

/** The new address is reserved before the row is written, and the old one is released after that. */
async function changeEmail(
  call: Call,
  { id, email, ifVersion, verified }: AddressChange,
): Promise<User | "taken" | null> {
  const user = await get(call, id);
  if (user?.credentialsVersion !== ifVersion) return null;
  if (user.email === email) {
    return call(userObject(id), "users.changeEmail", id, email, ifVersion, verified);
  }
  const object = await identifierObject({ email });
  const old = user.email === null ? null : await identifierObject({ email: user.email });
  const held = old === null ? null : await call(old, "holder.get");
  const reservation = await reserve(call, object, id, isHolderOf(call, { email }));
  if (reservation === null) return blockedChange(call, object, id, ifVersion);
  const former = user.email === null ? [] : [{ by: "email", key: user.email } as const];
  const added = await call(DIRECTORY_OBJECT, "directory.add", id, [{ by: "email", key: email }], former);
  const deadline = Math.min(reservation.deadline, added.deadline);
  const changed = await call(
    userObject(id),
    "users.changeEmailBefore",
    deadline,
    id,
    email,
    ifVersion,
    verified,
  );
  const isChanged = changed !== null && changed !== "taken";
  await call(DIRECTORY_OBJECT, "directory.remove", isChanged ? added.former : added.entries);
  if (!isChanged) await call(object, "holder.release", reservation.id);
  else if (old !== null && held?.userId === id) await call(old, "holder.release", held.id);
  return changed;
}

/** Answers a change whose address has a claim: that of another user, or that of a concurrent change of the same user. */
async function blockedChange(
  call: Call,
  object: string,
  id: UserId,
  ifVersion: number,
): Promise<"taken" | null> {
  if ((await call(object, "holder.get"))?.userId === id) return null;
  // A version only rises. If it is still this one, the address was the reason.
  return (await get(call, id))?.credentialsVersion === ifVersion ? "taken" : null;
}

async function remove(call: Call, id: UserId): Promise<boolean> {
  const user = await get(call, id);
  const accounts = await call(userObject(id), "users.accounts", id);
  if (user === null) return false;
  const held = [...identifiersOf(user).map(identifierObject), ...accounts.map(accountObject)];
  const listed = await call(DIRECTORY_OBJECT, "directory.held", id, indexKeysOf(user));
  const isRemoved = await removeAndRelease(call, await Promise.all(held), id, () => removeRow(call, id));
  if (isRemoved) await call(DIRECTORY_OBJECT, "directory.remove", listed);
  return isRemoved;
}

function removeRow(call: Call, id: UserId): Promise<boolean> {
  return call(userObject(id), "users.delete", id);
}

function identifiersOf({ email, username }: User): readonly Identifier[] {
  return [...(email === null ? [] : [{ email }]), ...(username === null ? [] : [{ username }])];
}

function hasIdentifier(user: User | null, identifier: Identifier): boolean {
  if (user === null) return false;
  return "email" in identifier ? user.email === identifier.email : user.username === identifier.username;
}

function identifierObject(identifier: Identifier): Promise<string> {
  return "email" in identifier
    ? digestName("email", identifier.email)
    : digestName("username", identifier.username);
}
