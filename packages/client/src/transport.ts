import { type Address, withoutPage } from "./address.ts";
import type { Env } from "./env.ts";
import { failure, isFinal, type Result, readResult } from "./result.ts";

/** A request to one of Latchkey's routes. */
export interface Call {
  readonly path: string;
  readonly method: "GET" | "POST";
  readonly body?: object;
}

/** How a session is proved: by cookies, which the browser keeps, or by tokens, which the application does. */
export interface Transport {
  /** Whether the server may refresh by itself, while it answers any request. */
  readonly isRefreshedByServer: boolean;
  /** Adds what proves the session to a request to a trusted origin. */
  readonly authorize: (request: Request) => Promise<Request>;
  /** Starts a session by `POST /login`, `/signup` or `/oauth/exchange`. */
  readonly signIn: (path: string, body: object) => Promise<Result<unknown>>;
  /** Asks who is signed in: `GET /session`. */
  readonly look: () => Promise<Result<unknown>>;
  /** Presents the refresh token: `POST /refresh`. */
  readonly renew: () => Promise<Result<unknown>>;
  /** `POST /logout`. */
  readonly signOut: (scope: SignOutScope) => Promise<Result<unknown>>;
}

/** Which of the user's sessions to end. */
export type SignOutScope = "session" | "others" | "all";

/**
 * Whether a sign-out left nobody signed in here. It did where there was no session any more, too, and where the store is
 * down: the server clears the cookies then all the same, and tokens are dropped alike.
 */
export function isOver(result: Result<unknown>, scope: SignOutScope): boolean {
  if (result.ok) return scope !== "others";
  return isFinal(result.error) || (scope !== "others" && result.error.code === "store_unavailable");
}

/**
 * What takes longer is given up, so that nobody waits behind it for ever. It is well below half of the usual lease: no
 * answer is older than the protocol allows.
 */
const LONGEST = 10_000;

/** Sends a request, once `prove` has added what proves the session. */
export type Ask = (call: Call, prove: (request: Request) => Request) => Promise<Result<unknown>>;

/** Makes what sends a request to a route and reads the answer. It never throws. */
export function openAsk({ urlOf }: Pick<Address, "urlOf">, env: Pick<Env, "fetch" | "later">): Ask {
  return async ({ path, method, body }, prove) => {
    const url = urlOf(path);
    if (url === null) return withoutPage();
    const abort = new AbortController();
    const stop = env.later(() => abort.abort(), LONGEST);
    try {
      const content =
        body === undefined
          ? {}
          : { body: JSON.stringify(body), headers: { "content-type": "application/json" } };
      // Browsers let the same question of several tabs wait for one another, in case its answer may be kept.
      const request = new Request(url, { method, ...content, cache: "no-store", signal: abort.signal });
      return await readResult(await env.fetch(prove(request)));
    } catch {
      // Without the words of what was thrown: a header that is refused is named in them, token and all.
      return failure("network_error", "The server could not be reached.");
    } finally {
      stop();
    }
  };
}

/** The browser keeps the tokens, in cookies that no script can read. */
export function cookieTransport(ask: Ask): Transport {
  const withCookies = (request: Request): Request => new Request(request, { credentials: "include" });
  return {
    isRefreshedByServer: true,
    authorize: async (request) => withCookies(request),
    signIn: (path, body) => ask({ path, method: "POST", body }, withCookies),
    look: () => ask({ path: "/session", method: "GET" }, withCookies),
    renew: () => ask({ path: "/refresh", method: "POST" }, withCookies),
    signOut: (scope) => ask({ path: "/logout", method: "POST", body: { scope } }, withCookies),
  };
}
