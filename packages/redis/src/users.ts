import type { Identifier, User, UserChange, UserStore } from "@latchkey/core/store";
import { type Claimable, redisClaims } from "./claims.ts";
import type { Connection } from "./connection.ts";
import { flat, texts } from "./fields.ts";
import { redisLinks } from "./links.ts";
import type { Settings } from "./settings.ts";
import { readLink, userOf, userValues } from "./user-fields.ts";
import * as lua from "./user-scripts.ts";

type Values = readonly (string | number)[];

export function redisUsers(connection: Connection, { names }: Settings): UserStore {
  const claims = redisClaims(connection);
  const run = (script: string, id: string, values: Values = []): Promise<unknown> =>
    connection.run(script, [names.user(id), names.links(id), names.linkTokens(id)], values);
  const get = async (id: string): Promise<User | null> => userOf(await run(lua.GET, id));
  const holds = async (id: string, identifier: Identifier): Promise<User | null> => {
    const user = await get(id);
    const isHeld =
      "email" in identifier ? user?.email === identifier.email : user?.username === identifier.username;
    return isHeld ? user : null;
  };
  const claimable = (identifier: Identifier): Claimable => ({
    key: names.identifier(identifier),
    isHeldBy: async (holder) => (await holds(holder, identifier)) !== null,
  });

  return {
    create: async (user) => {
      const identifiers = identifiersOf(user);
      const granted = await claims.claimAll(user.id, identifiers.map(claimable));
      if (granted === null) return false;
      const reply = await run(lua.INSERT, user.id, [granted.deadline ?? "", ...flat(userValues(user))]);
      if (reply === 1) return true;
      await claims.release(granted.claims);
      if (reply !== 0)
        throw new Error(
          "redis: the user was not written: the write came too late after its claims; repeat the call",
        );
      return false;
    },

    get,

    find: async (identifier) => {
      const id = await claims.holder(names.identifier(identifier));
      return id === null ? null : holds(id, identifier);
    },

    update: async (id, change, { ifVersion, raiseVersion }) => {
      const changes = changedFields(change);
      const cleared = Object.keys(changes).filter((field) => changes[field] === null);
      const values = [ifVersion ?? "", raiseVersion ? 1 : 0, cleared.length, ...cleared, ...flat(changes)];
      return userOf(await run(lua.UPDATE, id, values));
    },

    delete: async (id) => {
      const user = await get(id);
      if (user === null) return false;
      const accounts = texts("links", await run(lua.LINKS, id)).map((member) =>
        names.account(readLink(member)),
      );
      const identifiers = identifiersOf(user).map(names.identifier);
      const held = await claims.held([...identifiers, ...accounts], id);
      const isDeleted = (await run(lua.DELETE, id)) === 1;
      if (isDeleted) await claims.release(held);
      return isDeleted;
    },

    ...redisLinks(connection, names, claims),
  };
}

function identifiersOf({ email, username }: User): readonly Identifier[] {
  return [...(email === null ? [] : [{ email }]), ...(username === null ? [] : [{ username }])];
}

// The field names are constants here and never come from the change.
function changedFields({
  name,
  emailVerified,
  passwordHash,
  disabledAt,
}: UserChange): Record<string, string | number | null> {
  return {
    ...(name === undefined ? {} : { name }),
    ...(emailVerified === undefined ? {} : { email_verified: emailVerified ? 1 : 0 }),
    ...(passwordHash === undefined ? {} : { password_hash: passwordHash }),
    ...(disabledAt === undefined ? {} : { disabled_at: disabledAt }),
  };
}
