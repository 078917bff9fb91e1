import { DatabaseSync } from "node:sqlite";
import { oidc } from "@latchkey/core/oauth";
import { migrate, sqlite } from "@latchkey/sql/sqlite";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type IdentityProvider, startIdentityProvider } from "../fixtures/providers/certified-provider.ts";
import { ANN, BOB, cheapPassword } from "../fixtures/server.ts";
import { type AuthServer, startAuthServer } from "./auth-server.ts";
import { describeChromium, launch } from "./chromium.ts";
import { clientPages, emailOf, PATIENTLY, untilStatus } from "./client-page.ts";
import { beaconAll, fetchAll, goTo, HOSTILE_PAGE, submitFramed, submitTop } from "./hostile-page.ts";
import { type Host, type LocalSite, openPages } from "./pages.ts";

interface Seen {
  readonly line: string;
  readonly status: number;
  /** Whether it carried the victim's session. */
  readonly isProven: boolean;
  /** The names of the cookies that the answer sets. */
  readonly sets: readonly string[];
}

/** The routes that answer a POST that begins, changes or ends something. The attacker knows Bob's password. */
const POSTS = ["/signup", "/login", "/logout", "/refresh", "/oauth/exchange", "/oauth/oidc/link"] as const;
const GETS = ["/me", "/session", "/sessions", "/oauth/oidc", "/oauth/oidc/callback?code=1&state=1"] as const;
const MEMBERS = { ...BOB, scope: "all", code: "1", code_verifier: "1" };
/** Seconds after which an access token is over, and a lease as well: the next that comes rotates. */
const OVER = 61;

describeChromium("a hostile page", () => {
  let browser: Browser;
  let server: AuthServer;
  let provider: IdentityProvider;
  let database: DatabaseSync;
  let context: BrowserContext;
  let victim: Page;
  let sessionId: string;
  const seen: Seen[] = [];
  beforeAll(async () => {
    database = new DatabaseSync(":memory:");
    const store = sqlite(database);
    await migrate(store);
    provider = await startIdentityProvider({ redirectUris: ["http://localhost/unused"], accounts: {} });
    const providers = [cheapPassword(), oidc({ issuer: provider.issuer, ...provider.clients.basic })];
    server = await startAuthServer({ pages: await clientPages(), store, providers });
    server.meddle(async (request, pass) => {
      const answer = await pass();
      seen.push(seenOf(request, answer));
      return answer;
    });
    browser = await launch();
    context = await browser.newContext();
    victim = await context.newPage();
    // Not subscribed: nothing renews by itself during the test.
    await victim.goto(`${server.origin}/quiet`);
    await victim.evaluate((user) => client.signUp(user), BOB);
    await victim.evaluate(() => client.signOut());
    await victim.evaluate((user) => client.signUp(user), ANN);
    sessionId = (await victim.evaluate(() => client.session.get().session?.id)) ?? "";
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    await provider?.close();
  });

  // Any page may begin a sign-in with a provider, which belongs to no user until it ends.
  const contents = (): unknown => {
    const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1").all();
    return tables.map(({ name }) =>
      database
        .prepare(`SELECT * FROM "${name}" ORDER BY 1`)
        .all()
        .filter(({ purpose, user_id: user }) => purpose !== "oauth-state" || user !== null),
    );
  };
  const jar = async (): Promise<readonly string[]> =>
    (await context.cookies()).map(({ name, value }) => `${name}=${value}`).toSorted();

  describe.each<{ readonly host: Host; readonly where: string; readonly isProven: boolean }>([
    { host: "127.0.0.1", where: "on another site", isProven: false },
    { host: "localhost", where: "on another port of the same site", isProven: true },
  ])("$where", ({ host, isProven }) => {
    let elsewhere: LocalSite;
    let page: Page;
    beforeAll(async () => {
      elsewhere = await openPages({ "/": HOSTILE_PAGE }, host);
      page = await context.newPage();
    });
    beforeEach(async () => {
      seen.length = 0;
      await page.goto(elsewhere.origin);
    });
    afterAll(async () => {
      await page?.close();
      await elsewhere?.close();
    });

    /** Attacks. Afterwards the store and the victim's cookies are as they were, and the victim is signed in. */
    const changesNothing = async (attack: () => Promise<unknown>): Promise<void> => {
      const before = { contents: contents(), jar: await jar() };
      await attack();
      expect({ contents: contents(), jar: await jar() }).toEqual(before);
    };
    const refused = (): readonly Seen[] => {
      for (const request of seen) expect(request).toMatchObject({ status: 403, isProven, sets: [] });
      return seen;
    };
    const urls = (paths: readonly string[]): string[] => paths.map((path) => `${server.origin}/auth${path}`);

    it("changes nothing by forms, in any encoding", async () => {
      server.clock.advance(OVER);
      await changesNothing(() => submitFramed(page, urls(POSTS), MEMBERS));
      expect(refused()).toHaveLength(POSTS.length * 3);
      seen.length = 0;
      const urlsOfPage = urls(["/login", "/logout", "/refresh"]);
      for (const url of urlsOfPage) {
        await page.goto(elsewhere.origin);
        await changesNothing(() => submitTop(page, url, MEMBERS));
      }
      expect(refused()).toHaveLength(urlsOfPage.length);
    });

    it("changes nothing by fetch, and reads no answer", async () => {
      server.clock.advance(OVER);
      const posts = urls(POSTS).map((url) => ({ method: "POST", url }));
      const deletes = urls([`/sessions/${sessionId}`, "/oauth/oidc/link"]);
      const attempts = [...posts, ...deletes.map((url) => ({ method: "DELETE", url }))];
      await changesNothing(async () => expect(await fetchAll(page, attempts, MEMBERS)).toEqual([]));
      const lines = seen.map(({ line }) => line);
      expect(lines).toContain(`OPTIONS /auth/sessions/${sessionId}`);
      expect(lines.filter((line) => line.startsWith("DELETE"))).toEqual([]);
      seen.splice(0, seen.length, ...seen.filter(({ line }) => line.startsWith("POST")));
      expect(refused().length).toBeGreaterThanOrEqual(POSTS.length * 4);
    });

    it("changes nothing by beacons", async () => {
      server.clock.advance(OVER);
      await changesNothing(async () => {
        await beaconAll(page, urls(POSTS), MEMBERS);
        await expect.poll(() => seen.length, PATIENTLY).toBe(POSTS.length * 3);
      });
      refused();
    });

    it("changes nothing by navigating the victim's browser", async () => {
      await victim.evaluate(() => client.refresh());
      seen.length = 0;
      const before = contents();
      for (const url of urls([...POSTS, ...GETS, `/sessions/${sessionId}`])) {
        await page.goto(elsewhere.origin);
        await goTo(page, url);
      }
      expect(contents()).toEqual(before);
      const lines = seen.filter(({ sets }) => sets.some((name) => /access|refresh/.test(name)));
      expect(lines).toEqual([]);
      const begun = seen.filter(({ line }) => line === "GET /auth/oauth/oidc");
      expect(begun.map(({ status }) => status)).toEqual([303]);
    });

    it("does not sign the victim out, and the victim's next refresh succeeds", async () => {
      server.events.length = 0;
      // What is opened may renew the session: the victim's browser gets the cookies.
      server.clock.advance(OVER);
      await goTo(page, `${server.origin}/auth/me`);
      server.clock.advance(OVER);
      await victim.goto(server.origin);
      await untilStatus(victim, "signed-in");
      expect(await emailOf(victim)).toBe(ANN.email);
      await victim.goto(`${server.origin}/quiet`);
      expect(server.events.map(({ type }) => type)).toEqual(["session.refreshed", "session.refreshed"]);
    });
  });
});

function seenOf(request: Request, answer: Response): Seen {
  return {
    line: `${request.method} ${new URL(request.url).pathname}`,
    status: answer.status,
    isProven: request.headers.get("cookie")?.includes("latchkey.refresh") ?? false,
    sets: answer.headers.getSetCookie().map((line) => line.split("=")[0] ?? ""),
  };
}
