import { AuthError, createAuth, type ErrorCode, minutes, type Store, seconds } from "@latchkey/core";
import { oidc } from "@latchkey/core/oauth";
import { password } from "@latchkey/core/password";
import { authHandler, requireSession, session } from "@latchkey/hono";
import { type Context, Hono, type MiddlewareHandler } from "hono";
import { type Copies, openCopies } from "./copies.ts";
import type { OpenId } from "./identity-provider.ts";
import { openJournal } from "./journal.ts";
import { localOnly, page, secured } from "./page.ts";
import { error, stage } from "./stage.ts";

export interface DemoOptions {
  readonly store: Store;
  /** The library's own lifetimes, in place of those that show everything within a minute. */
  readonly defaults?: boolean;
  /** A provider to sign in with, too. It sends browsers back to `CALLBACK`. */
  readonly openId?: OpenId | null;
  /** Origins of other pages that may use `/auth`, such as `http://localhost:5173`. */
  readonly trustedOrigins?: readonly string[];
}

const PROVIDER = "local";
export const CALLBACK: string = `/auth/oauth/${PROVIDER}/callback`;

/** What a sign-in with a provider may come back with. */
const RETURNED: readonly ErrorCode[] = [
  "oauth_denied",
  "oauth_failed",
  "account_not_linked",
  "forbidden",
  "rate_limited",
  "store_unavailable",
  "internal_error",
];

const QUICK = { lifetime: seconds(30), lease: seconds(10), refreshBefore: seconds(5) };
// What the library does by itself, for the page to show.
const LIBRARY = { lifetime: minutes(10), lease: seconds(60), refreshBefore: seconds(60) };

/** Makes the demo: Latchkey's routes, a page to try them on, and a thief to try them with. */
export function demoApp(options: DemoOptions): Hono {
  const { store, defaults = false, openId = null, trustedOrigins = [] } = options;
  const { lifetime, lease, refreshBefore } = defaults ? LIBRARY : QUICK;
  const copies = openCopies();
  const journal = openJournal();
  const auth = createAuth({
    store,
    providers: [password(), ...(openId === null ? [] : [local(openId)])],
    trustedOrigins,
    ...(defaults ? {} : { accessToken: { lifetime }, refreshToken: { lease, refreshBefore } }),
    onEvent: journal.write,
  });

  const app = new Hono();
  app.use(secured, localOnly, async (c, next) => {
    await journal.during({ by: "browser", cookies: c.req.header("cookie") ?? "" }, next);
    wiretap(c, copies);
  });
  app.all("/auth/*", authHandler(auth));
  app.use("/demo/*", ownPageOnly);
  app.get("/demo/settings", (c) =>
    c.json({ lifetime, lease, refreshBefore, openId: openId !== null, sentences: sentences() }),
  );
  app.get("/demo/visit", session(auth), requireSession(), (c) => c.json({ userId: c.var.session.userId }));

  // Watching and stealing must not refresh on the way, or they would change what they look at.
  app.use("/demo/*", session(auth, { refresh: "never" }));
  app.get("/demo/links", requireSession(), async (c) => {
    const accounts = await auth.users.accounts(c.var.session.userId);
    return c.json({ providers: accounts.map(({ provider }) => provider) });
  });
  app.route("/demo", stage({ store, copies, journal, handle: auth.handle }));

  app.route("/", page());
  app.notFound((c) => c.json(error("not_found", "There is nothing here."), 404));
  return app;
}

// A page that may sign in from another origin may not play here.
const ownPageOnly: MiddlewareHandler = async (c, next) => {
  const site = c.req.header("sec-fetch-site") ?? "same-origin";
  if (site === "same-origin" || site === "none") return next();
  return c.json(error("csrf_rejected", "This is for the demo's own page."), 403);
};

function local({ issuer, clientId, clientSecret }: OpenId): ReturnType<typeof oidc> {
  return oidc({ id: PROVIDER, issuer, clientId, clientSecret });
}

function sentences(): Readonly<Record<string, string>> {
  return Object.fromEntries(RETURNED.map((code) => [code, new AuthError(code).message]));
}

const ACCESS_COOKIE = /^latchkey\.access[^=]*=[^;]+; Max-Age=([1-9]\d*)/;

/** Copies refresh tokens on their way out, and tells the page, which can see no cookie, that there were new ones. */
function wiretap(c: Context, copies: Copies): void {
  for (const line of c.res.headers.getSetCookie()) {
    if (copies.take(line)) c.header("demo-refresh-token", "new");
    const lifetime = ACCESS_COOKIE.exec(line)?.[1];
    if (lifetime !== undefined) c.header("demo-expires-in", lifetime);
  }
}
