import { type Auth, type AuthOptions, createAuth, type JsonObject, type User } from "@latchkey/core";

/**
 * Makes the auth of a Worker, whose bindings and secrets arrive with each request: the first request that brings an
 * `env` makes its auth, and the rest get the same one. Each `env` has its own; nothing passes from one to another.
 *
 * Pass on `env` as the platform hands it over: a copy made for each request gets an auth of its own each time, which
 * must load its keys first. Throws what `createAuth` throws, at the first request and at every one after it.
 *
 * @example
 * const getAuth = defineAuth((env: Env) => ({ store: durableObjects(env.SESSIONS), providers: [password()] }));
 * export default { fetch: (request: Request, env: Env) => getAuth(env).handle(request) };
 */
export function defineAuth<Env extends object, Context = JsonObject, U extends User = User>(
  options: (env: Env) => AuthOptions<Context, U>,
): (env: Env) => Auth<Context, U> {
  if (typeof options !== "function") {
    throw new TypeError(
      "defineAuth takes a function of env: pass (env) => ({ store: durableObjects(env.SESSIONS) })",
    );
  }
  const made = new WeakMap<Env, Auth<Context, U>>();
  return (env) => {
    const known = made.get(env);
    if (known !== undefined) return known;
    const auth = createAuth(options(env));
    made.set(env, auth);
    return auth;
  };
}
