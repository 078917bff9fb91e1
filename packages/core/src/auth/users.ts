import type { App } from "../accounts/app.ts";
import { type Identifier, normalForm, parseEmail, parseUsername } from "../users/identifier.ts";
import { type PublicUser, publicUser, type User } from "../users/user.ts";
import { CALL_NAMES } from "./public-calls.ts";
import type { UsersApi } from "./users-api.ts";

type Call = (...given: unknown[]) => Promise<unknown>;
type RareCalls = Omit<UsersApi<User>, "get" | "find">;

/** Makes `auth.users`. The calls that only read a user are here, because an application may make them for each request. */
export function usersApi(app: App): UsersApi<User> {
  return {
    ...rareCalls(app),
    get: async (id) => shownOrNull(await app.users.get(id)),
    async find(identifier) {
      const normal = parseIdentifier(identifier);
      return normal === null ? null : shownOrNull(await app.users.find(normal));
    },
  };
}

/** The other calls are loaded with the first of them. */
function rareCalls(app: App): RareCalls {
  const calls: object = Object.fromEntries(
    CALL_NAMES.users.map((name): [string, Call] => [
      name,
      async (...given) => {
        const { userCalls } = await import("./rare.ts");
        return (Reflect.get(userCalls, name) as Call)(app, ...given);
      },
    ]),
  );
  return calls as RareCalls;
}

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
