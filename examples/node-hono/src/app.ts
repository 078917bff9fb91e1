import { deviceName } from "@latchkey/client/device-name";
import {
  AuthError,
  createAuth,
  type ErrorCode,
  emailCode,
  type MailPages,
  magicLink,
  minutes,
  type Store,
  seconds,
} from "@latchkey/core";
import { oidc } from "@latchkey/core/oauth";
import { password } from "@latchkey/core/password";
import { authHandler, requireSession, session } from "@latchkey/hono";
import { type Context, Hono, type MiddlewareHandler } from "hono";
import { type Copies, openCopies } from "./copies.ts";
import type { OpenId } from "./identity-provider.ts";
import { openJournal } from "./journal.ts";
import { mailPages } from "./mail-pages.ts";
import { localOnly, page, secured } from "./page.ts";
import { plainPage } from "./plain-page.ts";
import type { Post } from "./post.ts";
import { error, stage } from "./stage.ts";

export interface DemoOptions {
  readonly store: Store;
  /** Use the default lifetimes of Latchkey. The demo has shorter ones, which show a rotation within a minute. */
  readonly defaults?: boolean;
  /** An OpenID provider for sign-ins. It redirects to `CALLBACK`. */
  readonly openId?: OpenId | null;
  /** Origins of other pages that may use `/auth`, such as `http://localhost:5173`. */
  readonly trustedOrigins?: readonly string[];
  /** Sends messages. Without it, the demo has no routes that need mail. */
  readonly post?: Post | null;
  /** The origin of the pages that links in messages open. Default: that of the demo. */
  readonly pagesAt?: string | undefined;
}

const PROVIDER = "local";
export const CALLBACK: string = `/auth/oauth/${PROVIDER}/callback`;

/** The error codes that the redirect of a sign-in with a provider can carry. */
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
// The defaults of Latchkey, which the page shows.
const LIBRARY = { lifetime: minutes(10), lease: seconds(60), refreshBefore: seconds(60) };

/** Creates the demo: Latchkey's routes, a page that calls them, and routes that play a thief. */
export function demoApp(options: DemoOptions): Hono {
  const { store, defaults = false, openId = null, trustedOrigins = [], post = null } = options;
  const { lifetime, lease, refreshBefore } = defaults ? LIBRARY : QUICK;
  const copies = openCopies();
  const journal = openJournal();
  const auth = createAuth({
    store,
    providers: [
      password(post === null ? {} : { verifyEmail: "later" }),
      ...(post === null ? [] : [magicLink(), emailCode()]),
      ...(openId === null ? [] : [local(openId)]),
    ],
    ...(post === null ? {} : { mail: { send: post.send, pages: pagesAt(options.pagesAt) } }),
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
    c.json({
      lifetime,
      lease,
      refreshBefore,
      openId: openId !== null,
      hasMail: post !== null,
      sentences: sentences(),
    }),
  );
  app.get("/demo/visit", session(auth), requireSession(), (c) => c.json({ userId: c.var.session.userId }));

  // These routes only show and replay tokens, so they must not refresh the session.
  app.use("/demo/*", session(auth, { refresh: "never" }));
  app.get("/demo/devices", requireSession(), async (c) => {
    const { id: own, userId } = c.var.session;
    const found = await auth.sessions.list(userId);
    const sessions = found.map(({ id, device, createdAt }) => {
      return { id, current: id === own, name: deviceName(device.userAgent), createdAt };
    });
    return c.json({ sessions });
  });
  app.get("/demo/links", requireSession(), async (c) => {
    const accounts = await auth.users.accounts(c.var.session.userId);
    return c.json({ providers: accounts.map(({ provider }) => provider) });
  });
  app.route("/demo", stage({ store, copies, journal, handle: auth.handle }));

  if (post !== null) app.route("/", mailPages(post.inbox));
  app.route("/", plainPage(auth));
  app.route("/", page());
  app.notFound((c) => c.json(error("not_found", "There is nothing at this address."), 404));
  return app;
}

// A trusted origin may use the routes under /auth, but not those of the demo.
const ownPageOnly: MiddlewareHandler = async (c, next) => {
  const site = c.req.header("sec-fetch-site") ?? "same-origin";
  if (site === "same-origin" || site === "none") return next();
  return c.json(error("csrf_rejected", "Only the page of the demo may use this route."), 403);
};

function pagesAt(origin: string | undefined): Partial<MailPages> {
  if (origin === undefined) return {};
  return {
    verify: `${origin}/verify-email`,
    reset: `${origin}/reset-password`,
    change: `${origin}/confirm-email`,
    undo: `${origin}/undo-email-change`,
    link: `${origin}/sign-in/link`,
  };
}

function local({ issuer, clientId, clientSecret }: OpenId): ReturnType<typeof oidc> {
  return oidc({ id: PROVIDER, issuer, clientId, clientSecret });
}

function sentences(): Readonly<Record<string, string>> {
  return Object.fromEntries(RETURNED.map((code) => [code, new AuthError(code).message]));
}

const ACCESS_COOKIE = /^latchkey\.access[^=]*=[^;]+; Max-Age=([1-9]\d*)/;

/** Copies the refresh tokens of an answer. Headers tell the page about new tokens, because it cannot read cookies. */
function wiretap(c: Context, copies: Copies): void {
  for (const line of c.res.headers.getSetCookie()) {
    if (copies.take(line)) c.header("demo-refresh-token", "new");
    const lifetime = ACCESS_COOKIE.exec(line)?.[1];
    if (lifetime !== undefined) c.header("demo-expires-in", lifetime);
  }
}
