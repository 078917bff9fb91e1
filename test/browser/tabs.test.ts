import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ANN } from "../fixtures/server.ts";
import { type AuthServer, type Meddler, startAuthServer } from "./auth-server.ts";
import { describeChromium, launch } from "./chromium.ts";
import { clientPages, emailOf, PATIENTLY, untilStatus } from "./client-page.ts";
import { type Gate, openGate } from "./gate.ts";

const TABS = 6;
/** Seconds after which an access token is over, and a lease as well. */
const OVER = 61;

declare global {
  /** When the tab knew it, in milliseconds since 1970. */
  var signedOutAt: Promise<number>;
}

describeChromium("six tabs of one browser", () => {
  let browser: Browser;
  let server: AuthServer;
  let context: BrowserContext;
  let tabs: readonly Page[];
  beforeAll(async () => {
    server = await startAuthServer({ pages: await clientPages() });
    await server.auth.users.create(ANN);
    browser = await launch();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  const open = async (prepare: () => void): Promise<void> => {
    context = await browser.newContext();
    await context.addInitScript(prepare);
    tabs = await Promise.all(Array.from({ length: TABS }, () => context.newPage()));
    await Promise.all(tabs.map((tab) => tab.goto(server.origin)));
  };
  const inOne = (run: (user: typeof ANN) => Promise<unknown>): Promise<unknown> | undefined =>
    tabs[3]?.evaluate(run, ANN);
  const allSignedIn = async (): Promise<void> => {
    await Promise.all(tabs.map((tab) => untilStatus(tab, "signed-in")));
    expect(await Promise.all(tabs.map(emailOf))).toEqual(tabs.map(() => ANN.email));
  };
  /** Lets the access token be over, and all tabs reload at once. Returns how their refresh tokens fared. */
  const reload = async (meddler: Meddler): Promise<readonly string[]> => {
    server.clock.advance(OVER);
    server.events.length = 0;
    server.meddle(meddler);
    await Promise.all(tabs.map((tab) => tab.reload()));
    await allSignedIn();
    server.meddle(null);
    return server.events.flatMap((event) => (event.type === "session.refreshed" ? [event.outcome] : []));
  };
  /** Signs out in one tab, and expects that the others know it a second after it at most, by their own clocks. */
  const signOutOfAll = async (): Promise<void> => {
    await Promise.all(tabs.map((tab) => tab.evaluate(noteWhenSignedOut)));
    await inOne(() => client.signOut());
    const moments = await Promise.all(tabs.map((tab) => tab.evaluate(() => signedOutAt)));
    expect(Math.max(...moments) - Math.min(...moments)).toBeLessThan(1_000);
    await Promise.all(tabs.map((tab) => untilStatus(tab, "signed-out")));
    expect(await context.cookies()).toEqual([]);
  };

  describe("with Web Locks", () => {
    beforeAll(() => open(() => undefined));
    afterAll(() => context?.close());

    it("learn that one of them signed in", async () => {
      await inOne((user) => client.signIn.password(user));
      await allSignedIn();
    });

    it("take turns, so that one rotation serves all of them", async () => {
      const { meddler, most } = countAtOnce();
      expect(await reload(meddler)).toEqual(["first"]);
      expect(await reload(meddler)).toEqual(["rotated"]);
      expect(most()).toBe(1);
    });

    it("refresh once where all of them need it", async () => {
      server.clock.advance(OVER);
      server.requests.length = 0;
      const gate = Promise.withResolvers<void>();
      server.meddle(async (_, pass) => {
        await gate.promise;
        return pass();
      });
      const asking = Promise.all(tabs.map((tab) => tab.evaluate(() => client.refresh())));
      // One has its turn, and is not answered before the others wait for theirs.
      await expect.poll(() => tabs[0]?.evaluate(countWaiting), PATIENTLY).toBe(TABS - 1);
      gate.resolve();
      const results = await asking;
      server.meddle(null);
      expect(results.map(({ ok }) => ok)).toEqual(tabs.map(() => true));
      expect(server.requests.filter((request) => request === "POST /auth/refresh")).toHaveLength(1);
    });

    it("learn within a second that one of them signed out", async () => {
      await signOutOfAll();
    });
  });

  describe("without Web Locks", () => {
    beforeAll(() => open(() => Object.defineProperty(Navigator.prototype, "locks", { value: undefined })));
    afterAll(() => context?.close());

    it("learn that one of them signed in", async () => {
      await inOne((user) => client.signIn.password(user));
      await allSignedIn();
    });

    it("stay signed in where they refresh at the same moment", async () => {
      const others = Array(TABS - 1).fill("access_only");
      expect((await reload(together(openGate(TABS)))).toSorted()).toEqual([...others, "first"]);
      expect((await reload(together(openGate(TABS)))).toSorted()).toEqual([...others, "rotated"]);
      expect((await reload(together(openGate(TABS)))).toSorted()).toEqual([...others, "rotated"]);
    });

    it("learn within a second that one of them signed out", async () => {
      await signOutOfAll();
    });
  });
});

async function countWaiting(): Promise<number | undefined> {
  return (await navigator.locks.query()).pending?.length;
}

function noteWhenSignedOut(): void {
  globalThis.signedOutAt = new Promise((resolve) => {
    client.session.subscribe(({ status }) => status === "signed-out" && resolve(Date.now()));
  });
}

/** Lets requests through once so many have come. */
function together(gate: Gate): Meddler {
  return async (_, pass) => {
    await gate.arrive();
    return pass();
  };
}

function countAtOnce(): { readonly meddler: Meddler; readonly most: () => number } {
  let now = 0;
  let most = 0;
  return {
    most: () => most,
    meddler: async (_, pass) => {
      now += 1;
      most = Math.max(most, now);
      try {
        return await pass();
      } finally {
        now -= 1;
      }
    },
  };
}
