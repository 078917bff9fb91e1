import {
  checkUserChange,
  type Identifier,
  indexKeysOf,
  listConfirmed,
  type User,
  type UserChange,
  type UserStore,
} from "@latchkey/core/store";
import { type Claimable, type Claims, redisClaims } from "./claims.ts";
import type { Connection } from "./connection.ts";
import { flat, texts } from "./fields.ts";
import { redisLinks } from "./links.ts";
import type { Names, Settings } from "./settings.ts";
import { readLink, userOf, userValues } from "./user-fields.ts";
import type { UserIndex } from "./user-index.ts";
import * as lua from "./user-scripts.ts";

type Values = readonly (string | number)[];

/** What the operations on users need: names of keys, the claims on identifiers, and a script runner. */
interface UserParts {
  readonly names: Names;
  readonly claims: Claims;
  readonly index: UserIndex;
  /** Runs a script on the keys of a user. */
  run(script: string, id: string, values?: Values): Promise<unknown>;
}

export function redisUsers(connection: Connection, { names }: Settings, index: UserIndex): UserStore {
  const claims = redisClaims(connection);
  const run = (script: string, id: string, values: Values = []): Promise<unknown> =>
    connection.run(script, [names.user(id), names.links(id), names.linkTokens(id)], values);
  const parts: UserParts = { names, claims, index, run };
  return {
    create: (user) => create(parts, user),
    get: (id) => get(parts, id),
    find: (identifier) => find(parts, identifier),
    update: async (id, change, { ifVersion, raiseVersion }) => {
      checkUserChange(change);
      const condition = [ifVersion ?? "", raiseVersion ? 1 : 0];
      return userOf(await run(lua.UPDATE, id, [...condition, ...changedValues(change)]));
    },
    changeEmail: (id, email, ifVersion, verified = true) =>
      changeEmail(parts, { id, email, ifVersion, verified }),
    list: (range) =>
      listConfirmed(range, {
        next: (last) => index.next(range, last),
        get: (id) => get(parts, id),
        remove: (entries) => index.remove(entries.map(({ mark }) => mark)),
      }),
    delete: (id) => remove(parts, id),
    ...redisLinks(connection, names, claims),
  };
}

async function create(parts: UserParts, user: User): Promise<boolean> {
  const { claims, index, run } = parts;
  const identifiers = identifiersOf(user).map((identifier) => claimable(parts, identifier));
  const granted = await claims.claimAll(user.id, identifiers);
  if (granted === null) return false;
  const added = await index.add(user.id, indexKeysOf(user));
  const deadline = Math.min(granted.deadline ?? added.deadline, added.deadline);
  const reply = await run(lua.INSERT, user.id, [deadline, ...flat(userValues(user))]);
  if (reply === 1) return true;
  await index.remove(added.members);
  await claims.release(granted.claims);
  if (reply === 0) return false;
  throw new Error(
    "redis: the user was not written: the write came too late after its claims; repeat the call",
  );
}

function claimable(parts: UserParts, identifier: Identifier): Claimable {
  return {
    key: parts.names.identifier(identifier),
    isHeldBy: async (id) => (await getIfHolder(parts, id, identifier)) !== null,
  };
}

/** A change of the address of a user. */
interface AddressChange {
  readonly id: string;
  readonly email: string;
  readonly ifVersion: number;
  readonly verified: boolean;
}

/** The new address is claimed before the row is written, and the old one is released after that. */
async function changeEmail(parts: UserParts, change: AddressChange): Promise<User | "taken" | null> {
  const { id, email, ifVersion, verified } = change;
  const { names, claims, index, run } = parts;
  const values = [ifVersion, email, verified ? 1 : 0];
  const user = await get(parts, id);
  if (user?.credentialsVersion !== ifVersion) return null;
  if (user.email === email) return userOf(await run(lua.CHANGE_EMAIL, id, ["", ...values]));
  const old = user.email === null ? [] : [names.identifier({ email: user.email })];
  const held = await claims.held(old, id);
  const listed = await index.held(id, user.email === null ? [] : [{ by: "email", key: user.email }]);
  const granted = await claims.claimAll(id, [claimable(parts, { email })]);
  if (granted === null) return blockedChange(parts, change);
  const added = await index.add(id, [{ by: "email", key: email }]);
  const deadline = Math.min(granted.deadline ?? 0, added.deadline);
  const changed = userOf(await run(lua.CHANGE_EMAIL, id, [deadline, ...values]));
  await index.remove(changed === null ? added.members : listed);
  await claims.release(changed === null ? granted.claims : held);
  return changed;
}

/** Answers a change whose address has a claim: that of another user, or that of a concurrent change of the same user. */
async function blockedChange(
  parts: UserParts,
  { id, email, ifVersion }: AddressChange,
): Promise<"taken" | null> {
  const { names, claims } = parts;
  if ((await claims.holder(names.identifier({ email }))) === id) return null;
  // A version only rises. If it is still this one, the address was the reason.
  return (await get(parts, id))?.credentialsVersion === ifVersion ? "taken" : null;
}

async function get({ run }: UserParts, id: string): Promise<User | null> {
  return userOf(await run(lua.GET, id));
}

async function find(parts: UserParts, identifier: Identifier): Promise<User | null> {
  const key = parts.names.identifier(identifier);
  // Without a holder a row is read too, or the time of the answer would tell whether the user exists.
  return getIfHolder(parts, (await parts.claims.holder(key)) ?? key, identifier);
}

/** The user, if the row of the user has the identifier. */
async function getIfHolder(parts: UserParts, id: string, identifier: Identifier): Promise<User | null> {
  const user = await get(parts, id);
  const isHeld =
    "email" in identifier ? user?.email === identifier.email : user?.username === identifier.username;
  return isHeld ? user : null;
}

async function remove(parts: UserParts, id: string): Promise<boolean> {
  const { names, claims, index, run } = parts;
  const user = await get(parts, id);
  if (user === null) return false;
  const listed = await index.held(id, indexKeysOf(user));
  const accounts = texts("links", await run(lua.LINKS, id)).map((member) => names.account(readLink(member)));
  const identifiers = identifiersOf(user).map(names.identifier);
  const held = await claims.held([...identifiers, ...accounts], id);
  const isDeleted = (await run(lua.DELETE, id)) === 1;
  if (!isDeleted) return false;
  await index.remove(listed);
  await claims.release(held);
  return true;
}

function identifiersOf({ email, username }: User): readonly Identifier[] {
  return [...(email === null ? [] : [{ email }]), ...(username === null ? [] : [{ username }])];
}

/** The number of the fields to clear, these fields, and the other fields with their values. */
function changedValues(change: UserChange): Values {
  const changes = changedFields(change);
  const cleared = Object.keys(changes).filter((field) => changes[field] === null);
  return [cleared.length, ...cleared, ...flat(changes)];
}

// The field names are constants here and never come from the change.
function changedFields({
  name,
  picture,
  emailVerified,
  passwordHash,
  disabledAt,
}: UserChange): Record<string, string | number | null> {
  return {
    ...(name === undefined ? {} : { name }),
    ...(picture === undefined ? {} : { picture }),
    ...(emailVerified === undefined ? {} : { email_verified: emailVerified ? 1 : 0 }),
    ...(passwordHash === undefined ? {} : { password_hash: passwordHash }),
    ...(disabledAt === undefined ? {} : { disabled_at: disabledAt }),
  };
}
