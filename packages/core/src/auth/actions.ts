import type { App } from "../app/app.ts";
import type { RouteName } from "../http/router.ts";
import { handleRequest, handleRoute } from "../http/routes/handle.ts";
import type { User } from "../users/store.ts";
import type { SessionsApi, UsersApi } from "./auth.ts";
import { sessionsApi } from "./sessions-api.ts";
import { usersApi } from "./users-api.ts";

/** Everything of `auth` but what validates. */
export interface Actions<Context, U extends User> {
  readonly handle: (request: Request) => Promise<Response>;
  readonly handleRoute: (name: RouteName, request: Request) => Promise<Response>;
  readonly sessions: Omit<SessionsApi<Context>, "verify">;
  readonly users: UsersApi<U>;
}

export function actionsOf<Context, U extends User>(app: App<Context, U>): Actions<Context, U> {
  return {
    handle: (request) => handleRequest(app, request),
    handleRoute: (name, request) => handleRoute(app, name, request),
    sessions: sessionsApi(app),
    users: usersApi(app),
  };
}
