import type { Auth, CreateSessionOptions } from "../auth/auth.ts";
import { platformEnv } from "../platform/env.ts";
import { isLoopback } from "../platform/origin.ts";
import type { Session } from "../sessions/session.ts";
import type { User, UserId } from "../users/user.ts";
import type { TestClock } from "./clock.ts";
import { type Jar, openJar, type TestCookie } from "./jar.ts";

/** What `signInAs` takes: the options of `auth.sessions.create`, and the place of the browser. */
export interface SignInOptions<Context = unknown> extends CreateSessionOptions<Context> {
  /** Where the browser sees the application. Default `baseURL` for a `createTestAuth`, else `http://localhost`. */
  readonly origin?: string;
  /** What `fetch` sends to: the application, such as `app.fetch` of Hono, or the global `fetch` for a server that runs. Default `auth.handle`. */
  readonly fetch?: (request: Request) => Response | Promise<Response>;
  /** The clock by which cookies end. Default that of `createTestAuth`, else the one of this machine. */
  readonly clock?: Pick<TestClock, "now">;
}

/** A user who is signed in, as a browser or as a client with a token. */
export interface SignedIn<Context = unknown> {
  readonly session: Session<Context>;
  readonly accessToken: string;
  /** Null with `refresh: false`. */
  readonly refreshToken: string | null;
  /** The headers for a `Request`: the cookies that the browser has now, or `authorization` with `transport: "bearer"`. */
  readonly headers: Headers;
  /** The cookies that the browser has now, for `addCookies` of a Playwright context. */
  readonly cookies: readonly TestCookie[];
  /** The same for `browser.newContext({ storageState })` of Playwright. */
  readonly storageState: { readonly cookies: TestCookie[]; readonly origins: [] };
  /**
   * Sends a request as a page of the origin does: a path is enough, the cookies go along, and those of the answer are kept. It
   * follows no redirect, and sends a request to another origin without the session.
   */
  readonly fetch: (input: string | URL | Request, init?: RequestInit) => Promise<Response>;
}

/** The type of `signInAs`. */
export type SignInAs = <Context, U extends User>(
  auth: Auth<Context, U>,
  userId: UserId,
  options?: SignInOptions<NoInfer<Context>>,
) => Promise<SignedIn<Context>>;

/**
 * Signs a user in, by a real session in the store of `auth`, without a password. The user must exist.
 *
 * It asks no provider and runs no rule of a sign-in but `hooks.signedIn`. Fails as `auth.sessions.create` does: with `not_found` for
 * an unknown user and `invalid_credentials` for a disabled one.
 *
 * @example
 * const ada = await auth.users.create({ email: "ada@example.com" });
 * const { headers } = await signInAs(auth, ada.id, { amr: ["pwd"] });
 * const found = await auth.validate(new Request("http://localhost/", { headers }));
 */
export const signInAs: SignInAs = async (auth, userId, options = {}) => {
  const { origin = "http://localhost", fetch = auth.handle, clock, ...session } = options;
  const issued = await auth.sessions.create(userId, session);
  const site = new URL(origin);
  const jar = openJar(clock ?? { now: platformEnv.clock });
  jar.take(withPort(issued.headers, site), site);
  const bearer = options.transport === "bearer" ? `Bearer ${issued.accessToken}` : null;
  return {
    session: issued.session,
    accessToken: issued.accessToken,
    refreshToken: issued.refreshToken,
    fetch: sender({ site, jar, bearer, send: fetch }),
    get headers() {
      return new Headers(sentHeaders(jar, site, bearer));
    },
    get cookies() {
      return [...jar.list()];
    },
    get storageState() {
      return { cookies: [...jar.list()], origins: [] as [] };
    },
  };
};

interface Sender {
  readonly site: URL;
  readonly jar: Jar;
  readonly bearer: string | null;
  readonly send: (request: Request) => Response | Promise<Response>;
}

function sender({ site, jar, bearer, send }: Sender): SignedIn["fetch"] {
  return async (input, init) => {
    const target = input instanceof Request ? input : new URL(input, site);
    const request = new Request(target, { redirect: "manual", ...init });
    const url = new URL(request.url);
    if (url.origin !== site.origin) return send(request);
    const isSafe = request.method === "GET" || request.method === "HEAD";
    const fromPage = { "sec-fetch-site": "same-origin", ...(isSafe ? {} : { origin: site.origin }) };
    const added = Object.entries({ ...fromPage, ...sentHeaders(jar, url, bearer) });
    for (const [name, value] of added) if (!request.headers.has(name)) request.headers.set(name, value);
    const response = await send(request);
    jar.take(response.headers, url);
    return response;
  };
}

function sentHeaders(jar: Jar, url: URL, bearer: string | null): Readonly<Record<string, string>> {
  const cookie = jar.header(url);
  return {
    ...(bearer === null ? {} : { authorization: bearer }),
    ...(cookie === null ? {} : { cookie }),
  };
}

// `sessions.create` without `baseURL` knows no port, which the names on localhost have.
function withPort(headers: Headers, { hostname, port, protocol }: URL): Headers {
  if (port === "" || protocol !== "http:" || !isLoopback(hostname)) return headers;
  const lines = headers.getSetCookie().map((line) => {
    const [name = ""] = line.split("=", 1);
    const isWhole = name.startsWith("__") || name.endsWith(`.${port}`);
    return ["set-cookie", isWhole ? line : `${name}.${port}${line.slice(name.length)}`] as const;
  });
  return new Headers(lines.map(([name, value]): [string, string] => [name, value]));
}
