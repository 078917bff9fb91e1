import { type Address, noPageFailure } from "./address.ts";
import type { Env } from "./env.ts";
import { isUnauthenticated, networkFailure, type Result, readResult } from "./result.ts";

/** A request to one of Latchkey's routes. */
export interface RouteRequest {
  readonly path: string;
  readonly method: "GET" | "POST" | "DELETE";
  readonly body?: object;
}

/** How requests prove the session: by cookies, which the browser keeps, or by tokens, which the application keeps. */
export interface Transport {
  /** Whether the server may refresh the session in its answer to any request. */
  readonly isRefreshedByServer: boolean;
  /** Adds the proof of the session to a request to a trusted origin. */
  readonly authorize: (request: Request) => Promise<Request>;
  /** Sends a request that may start a session, such as `POST /login`. */
  readonly call: CallRoute;
  /** Loads the user and the session: `GET /session`. */
  readonly load: () => Promise<Result<unknown>>;
  /** Presents the refresh token: `POST /refresh`. */
  readonly refresh: () => Promise<Result<unknown>>;
  /** Ends sessions: `POST /logout`. */
  readonly signOut: (scope: SignOutScope) => Promise<Result<unknown>>;
}

/** Which of the user's sessions to end. */
export type SignOutScope = "session" | "others" | "all";

/**
 * Whether this client is signed out after a sign-out. It also is if there was no session, or if the store of the server is
 * down: the server deletes the cookies even then, and tokens are dropped likewise.
 */
export function endsSession(result: Result<unknown>, scope: SignOutScope): boolean {
  if (result.ok) return scope !== "others";
  return isUnauthenticated(result.error) || (scope !== "others" && result.error.code === "store_unavailable");
}

/**
 * A slower request is aborted, so that the next one does not wait for ever. The limit is well below half of the default
 * lease, which is the longest that an answer may take in the rotation protocol.
 */
const TIMEOUT = 10_000;

/** Sends a request to a route and reads the answer. Never rejects, unless a token storage does. */
export type CallRoute = (request: RouteRequest) => Promise<Result<unknown>>;

/** The same, after `authorize` has added the proof of the session. */
export type CallWithProof = (
  request: RouteRequest,
  authorize: (request: Request) => Request,
) => Promise<Result<unknown>>;

export function createCallRoute(
  { urlOf }: Pick<Address, "urlOf">,
  env: Pick<Env, "fetch" | "later">,
): CallWithProof {
  return async ({ path, method, body }, authorize) => {
    const url = urlOf(path);
    if (url === null) return noPageFailure();
    const abort = new AbortController();
    const stopTimer = env.later(() => abort.abort(), TIMEOUT);
    try {
      const content =
        body === undefined
          ? {}
          : { body: JSON.stringify(body), headers: { "content-type": "application/json" } };
      // Without `no-store`, browsers delay equal requests of other tabs, because the answer might be cached.
      const request = new Request(url, { method, ...content, cache: "no-store", signal: abort.signal });
      return await readResult(await env.fetch(authorize(request)));
    } catch {
      return networkFailure();
    } finally {
      stopTimer();
    }
  };
}

/** The browser keeps the tokens, in cookies that no script can read. */
export function cookieTransport(callRoute: CallWithProof): Transport {
  const withCookies = (request: Request): Request => new Request(request, { credentials: "include" });
  return {
    isRefreshedByServer: true,
    authorize: async (request) => withCookies(request),
    call: (request) => callRoute(request, withCookies),
    load: () => callRoute({ path: "/session", method: "GET" }, withCookies),
    refresh: () => callRoute({ path: "/refresh", method: "POST" }, withCookies),
    signOut: (scope) => callRoute({ path: "/logout", method: "POST", body: { scope } }, withCookies),
  };
}
