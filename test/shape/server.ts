import { DatabaseSync } from "node:sqlite";
import { type Auth, type AuthOptions, createAuth, type JsonObject, type User } from "@latchkey/core";
import { password, scryptHasher } from "@latchkey/core/password";
import { migrate, sqlite } from "@latchkey/sql/sqlite";
import { type Browser, openBrowser } from "../fixtures/browser.ts";
import { type Clock, settableClock } from "../fixtures/clock.ts";

const ORIGIN = "http://localhost:3000";
const USER = { email: "bob@example.com", password: "correct horse battery" };

/** A server on SQLite with every default, but for the cost of a hash and the clock. */
export interface Server {
  readonly auth: Auth<JsonObject, User>;
  readonly clock: Clock;
  browser(): Browser;
}

/** Opens a server that has one user. */
export async function openServer({ providers = [], ...options }: Partial<AuthOptions> = {}): Promise<Server> {
  const clock = settableClock();
  const store = sqlite(new DatabaseSync(":memory:"));
  await migrate(store);
  const hasher = scryptHasher({ cost: { ln: 4, r: 8, p: 1 } });
  const auth = createAuth({
    store,
    secret: "0f4c8a1be2d94b7f9a3c5e6d7f80912b",
    // As in production: without it the site of every request is computed.
    baseURL: ORIGIN,
    clientAddress: () => "203.0.113.7",
    ...options,
    providers: [password({ hasher }), ...providers],
    env: { clock: clock.now, ...options.env },
  });
  await auth.users.create(USER);
  return { auth, clock, browser: () => openBrowser({ server: auth, clock, origin: ORIGIN }) };
}

/** Signs the user in, in a browser without cookies. */
export async function signIn(server: Server): Promise<Browser> {
  const browser = server.browser();
  const response = await browser.post("/auth/login", USER);
  if (!response.ok) throw new Error(`the sign-in answered ${response.status}`);
  return browser;
}
