import {
  type Auth,
  type AuthOptions,
  type ContextShape,
  createAuth,
  type JsonObject,
  type User,
} from "@latchkey/core";

/**
 * Makes the auth of a Worker, whose bindings and secrets arrive with each request. The first request with an `env`
 * makes its auth, and later requests with the same `env` use it. Two different `env` objects share nothing.
 *
 * Pass the `env` of the platform unchanged: each copy gets its own auth, which must load its keys first. If `createAuth`
 * throws, every request throws that error.
 *
 * @example
 * const getAuth = defineAuth((env: Env) => ({ store: durableObjects(env.SESSIONS), providers: [password()] }));
 * export default {
 *   fetch: (request: Request, env: Env, ctx: ExecutionContext) =>
 *     getAuth(env).handle(request, requestHost(request, ctx)),
 * };
 */
export function defineAuth<
  Env extends object,
  Context extends ContextShape = JsonObject,
  U extends User = User,
>(options: (env: Env) => AuthOptions<Context, U>): (env: Env) => Auth<Context, U> {
  if (typeof options !== "function") {
    throw new TypeError(
      "defineAuth takes a function of env: pass (env) => ({ store: durableObjects(env.SESSIONS) })",
    );
  }
  const auths = new WeakMap<Env, Auth<Context, U>>();
  return (env) => {
    const known = auths.get(env);
    if (known !== undefined) return known;
    const auth = createAuth(options(env));
    auths.set(env, auth);
    return auth;
  };
}
