import type { RequestHost } from "../accounts/client.ts";
import type { RouteName } from "../http/handle.ts";
import { errorResponse, refusal } from "../http/response.ts";
import type { Auth, KeysApi, SessionsApi } from "./auth.ts";
import { CALL_NAMES } from "./public-calls.ts";
import type { UsersApi } from "./users-api.ts";

type Handler = (request: Request, host?: RequestHost) => Promise<Response>;
type Call = (...given: unknown[]) => Promise<unknown>;

/** How a failed validation writes its challenge, which a 500 does not have. */
const NO_OPTIONS = { bearer: { header: "Authorization", schemes: ["bearer"] } };

/**
 * Makes an auth that calls `open` for the auth behind it, at each use. While `open` throws, requests get 500 `internal_error`, `report`
 * gets the error, and every other function fails with it. So nothing is signed, stored or accepted without the options.
 */
export function lateAuth(
  open: () => Auth,
  routes: readonly RouteName[],
  report: (error: unknown, operation: string) => void,
): Auth {
  const tryOpen = (operation: string): Auth | null => {
    try {
      return open();
    } catch (error) {
      report(error, operation);
      return null;
    }
  };
  const handler =
    (operation: string, pick: (auth: Auth) => Handler): Handler =>
    async (request, host) => {
      const auth = tryOpen(operation);
      return auth === null ? errorResponse("internal_error") : pick(auth)(request, host);
    };
  const handlers = routes.map((name) => [name, handler(`handlers.${name}`, (auth) => auth.handlers[name])]);
  const calls = (of: keyof typeof CALL_NAMES): object =>
    Object.freeze(
      Object.fromEntries(
        CALL_NAMES[of].map((name): [string, Call] => [
          name,
          async (...given) => (Reflect.get(open()[of], name) as Call)(...given),
        ]),
      ),
    );
  return Object.freeze<Auth>({
    handle: handler("handle", ({ handle }) => handle),
    async validate(request, options) {
      const auth = tryOpen("validate");
      return auth === null ? refusal(NO_OPTIONS, "internal_error", null) : auth.validate(request, options);
    },
    stepUp: (validation, bounds) => open().stepUp(validation, bounds),
    cors: ((...given: Parameters<Auth["cors"]>) => open().cors(...given)) as Auth["cors"],
    handlers: Object.freeze(Object.fromEntries(handlers)) as Auth["handlers"],
    sessions: calls("sessions") as SessionsApi,
    users: calls("users") as UsersApi,
    keys: calls("keys") as KeysApi,
    async check() {
      try {
        return await open().check();
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        return { ok: false, problems: [{ part: "options", message, error }] };
      }
    },
  });
}
