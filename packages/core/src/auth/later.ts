import type { App } from "../app/app.ts";
import { answerError } from "../http/fault.ts";
import type { RouteName } from "../http/router.ts";
import type { User } from "../users/store.ts";
import type { Actions } from "./actions.ts";
import type { Auth, SessionsApi, UsersApi } from "./auth.ts";

/** Loads the actions with the first call of one, and once: who only validates does not carry them. */
export type Load<Context, U extends User> = () => Promise<Actions<Context, U>>;

/** Answers by the actions; where they cannot be loaded, `internal_error`, which tells no path of the server. */
export type AnswerLater = (
  ask: (actions: Pick<Actions<never, never>, "handle" | "handleRoute">) => Promise<Response>,
) => Promise<Response>;

export function answerLater<Context, U extends User>(
  app: App<Context, U>,
  load: Load<Context, U>,
): AnswerLater {
  return async (ask) => {
    try {
      return await ask(await load());
    } catch (error) {
      return answerError(app, error);
    }
  };
}

export function handlersLater(answer: AnswerLater): Auth<unknown, User>["handlers"] {
  const at =
    (name: RouteName) =>
    (request: Request): Promise<Response> =>
      answer((actions) => actions.handleRoute(name, request));
  return Object.freeze({
    signup: at("signup"),
    login: at("login"),
    refresh: at("refresh"),
    logout: at("logout"),
    me: at("me"),
    session: at("session"),
    sessions: at("sessions"),
    revokeSession: at("revokeSession"),
    oauthStart: at("oauthStart"),
    oauthCallback: at("oauthCallback"),
    oauthExchange: at("oauthExchange"),
    linkAccount: at("linkAccount"),
    unlinkAccount: at("unlinkAccount"),
    jwks: at("jwks"),
  });
}

export function sessionsLater<Context, U extends User>(
  load: Load<Context, U>,
  verify: SessionsApi<Context>["verify"],
): SessionsApi<Context> {
  return {
    create: async (...args) => (await load()).sessions.create(...args),
    refresh: async (...args) => (await load()).sessions.refresh(...args),
    verify,
    get: async (...args) => (await load()).sessions.get(...args),
    list: async (...args) => (await load()).sessions.list(...args),
    update: async (...args) => (await load()).sessions.update(...args),
    revoke: async (...args) => (await load()).sessions.revoke(...args),
    revokeAll: async (...args) => (await load()).sessions.revokeAll(...args),
    prune: async (...args) => (await load()).sessions.prune(...args),
  };
}

export function usersLater<Context, U extends User>(load: Load<Context, U>): UsersApi<U> {
  return {
    create: async (...args) => (await load()).users.create(...args),
    get: async (...args) => (await load()).users.get(...args),
    find: async (...args) => (await load()).users.find(...args),
    setPassword: async (...args) => (await load()).users.setPassword(...args),
    confirmEmail: async (...args) => (await load()).users.confirmEmail(...args),
    disable: async (...args) => (await load()).users.disable(...args),
    enable: async (...args) => (await load()).users.enable(...args),
    delete: async (...args) => (await load()).users.delete(...args),
    accounts: async (...args) => (await load()).users.accounts(...args),
    unlink: async (...args) => (await load()).users.unlink(...args),
    providerTokens: async (...args) => (await load()).users.providerTokens(...args),
  };
}
