import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ANN, BOB } from "../fixtures/server.ts";
import { type AuthServer, startAuthServer } from "./auth-server.ts";
import { describeChromium, launch } from "./chromium.ts";
import { clientPages, emailOf, PATIENTLY, untilStatus } from "./client-page.ts";
import { openGate } from "./gate.ts";

describeChromium("the client in a page", () => {
  let browser: Browser;
  let server: AuthServer;
  let context: BrowserContext;
  let page: Page;
  beforeAll(async () => {
    server = await startAuthServer({ pages: await clientPages() });
    await server.auth.users.create(ANN);
    await server.auth.users.create(BOB);
    browser = await launch();
  });
  beforeEach(async () => {
    context = await browser.newContext();
    context.setDefaultTimeout(40_000);
    page = await open();
    await page.evaluate((user) => client.signIn.password(user), ANN);
    server.clock.advance(61);
    server.requests.length = 0;
    server.events.length = 0;
  });
  afterEach(async () => {
    server.meddle(null);
    await context?.close();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  const open = async (): Promise<Page> => {
    const opened = await context.newPage();
    await opened.goto(server.origin);
    return opened;
  };
  const jarOwner = (): Promise<unknown> =>
    page.evaluate(async () => ((await (await fetch("/auth/me")).json()) as { email?: string }).email);

  it("takes window.fetch for its requests", async () => {
    const refreshed = await page.evaluate(() =>
      makeClient({ baseURL: "/auth", env: { fetch: window.fetch } }).refresh(),
    );
    expect(refreshed.ok).toBe(true);
  });

  describe("while the answer to a refresh is delayed", () => {
    let release: () => void;
    beforeEach(() => {
      const gate = Promise.withResolvers<void>();
      release = gate.resolve;
      server.meddle(async (request, pass) => {
        const answer = await pass();
        if (request.url.endsWith("/auth/refresh")) await gate.promise;
        return answer;
      });
    });
    /** Starts a refresh, and what `then` does in `other`, which must wait for it. */
    const race = async (other: Page, then: () => void): Promise<void> => {
      await page.evaluate(() => void client.refresh());
      await expect.poll(() => server.requests, PATIENTLY).toContain("POST /auth/refresh");
      server.requests.length = 0;
      await other.evaluate(then);
      // Had it not waited, it would have arrived before these.
      for (let trip = 0; trip < 3; trip++) await other.evaluate(() => fetch("/quiet"));
      expect(server.requests).toEqual([]);
      release();
    };

    it.each(["the same", "another"])(
      "a sign-in in %s tab waits, and the user stays signed in",
      async (where) => {
        const other = where === "another" ? await open() : page;
        await untilStatus(other, "signed-in");
        await race(other, () => {
          void client.signIn.password({ email: "bob@example.com", password: "a different staple" });
        });
        await expect.poll(() => emailOf(other), PATIENTLY).toBe(BOB.email);
        await expect.poll(() => emailOf(page), PATIENTLY).toBe(BOB.email);
        expect(await jarOwner()).toBe(BOB.email);
        server.clock.advance(61);
        expect(await jarOwner()).toBe(BOB.email);
      },
    );

    it.each(["the same", "another"])(
      "a sign-out in %s tab waits, and the user stays signed out",
      async (where) => {
        const other = where === "another" ? await open() : page;
        await untilStatus(other, "signed-in");
        await race(other, () => void client.signOut());
        await untilStatus(other, "signed-out");
        await untilStatus(page, "signed-out");
        expect(await context.cookies()).toEqual([]);
      },
    );
  });

  describe("client.fetch in a page", () => {
    const AGAIN = ["GET /auth/me", "POST /auth/refresh", "GET /auth/me"];
    /** Refuses so many, and the first of them once as many as `together` have come. */
    const refuseMe = (times: number, together = 1): void => {
      const gate = openGate(together);
      let left = times;
      server.meddle(async (request, pass) => {
        if (!request.url.includes("/auth/me") || left === 0) return pass();
        left -= 1;
        await gate.arrive();
        return Response.json({ error: "unauthenticated", message: "Sign in first." }, { status: 401 });
      });
    };
    const ask = (path = "/auth/me"): Promise<{ readonly status: number; readonly body: unknown }> =>
      page.evaluate(async (url) => {
        const response = await client.fetch(url);
        return { status: response.status, body: await response.json() };
      }, path);

    it("refreshes and repeats after a 401", async () => {
      refuseMe(1);
      expect(await ask()).toMatchObject({ status: 200, body: { email: ANN.email } });
      expect(server.requests).toEqual(AGAIN);
    });

    it("repeats a request once, and returns a second 401", async () => {
      refuseMe(9);
      expect(await ask()).toMatchObject({ status: 401, body: { error: "unauthenticated" } });
      expect(server.requests).toEqual(AGAIN);
      await untilStatus(page, "signed-in");
    });

    it("refreshes once for two requests that were refused at the same time", async () => {
      refuseMe(2, 2);
      // Not the same address: Chromium asks for that once at a time.
      const both = await Promise.all([ask(), ask("/auth/me?too")]);
      expect(both).toMatchObject([{ status: 200 }, { status: 200 }]);
      expect(server.requests.toSorted()).toEqual([...Array(4).fill("GET /auth/me"), "POST /auth/refresh"]);
    });

    it("repeats a request whose body was read, for every kind of body", async () => {
      const bodies: string[] = [];
      server.meddle(async (request, pass) => {
        if (!request.url.endsWith("/auth/echo")) return pass();
        bodies.push(await request.text());
        return new Response(null, { status: bodies.length % 2 === 1 ? 401 : 200 });
      });
      const statuses = await page.evaluate(async () => {
        const form = new URLSearchParams({ a: "form" });
        const kinds = ["text", new Blob(["blob"]), new TextEncoder().encode("bytes"), form];
        const found: number[] = [];
        for (const body of kinds) {
          found.push((await client.fetch("/auth/echo", { method: "POST", body })).status);
          found.push((await client.fetch(new Request("/auth/echo", { method: "POST", body }))).status);
        }
        return found;
      });
      expect(statuses).toEqual(Array(8).fill(200));
      expect(bodies).toEqual(["text", "blob", "bytes", "a=form"].flatMap((text) => [text, text, text, text]));
    });
  });

  it("sends no cookie and accepts none where the client keeps its tokens", async () => {
    const sent: (string | null)[] = [];
    const set: string[] = [];
    server.meddle(async (request, pass) => {
      sent.push(request.headers.get("cookie"));
      const answer = await pass();
      set.push(...answer.headers.getSetCookie());
      return answer;
    });
    const before = await context.cookies();
    const isDone = await page.evaluate(async (bob) => {
      const kept: { value: string | null } = { value: null };
      const storage = {
        read: async (): Promise<string | null> => kept.value,
        write: async (value: string | null): Promise<void> => {
          kept.value = value;
        },
      };
      const own = makeClient({ baseURL: "/auth", storage });
      const results = [
        await own.signIn.password(bob),
        await own.refresh(),
        await own.devices.list(),
        { ok: (await own.fetch("/auth/me")).ok },
        await own.signOut(),
      ];
      return results.map(({ ok }) => ok);
    }, BOB);
    expect(isDone).toEqual([true, true, true, true, true]);
    // Nor does the client with cookies, in this page, look what the other one told.
    await page.evaluate(() => fetch("/quiet"));
    expect(sent.filter((cookie) => cookie !== null)).toEqual([]);
    expect(set).toEqual([]);
    expect(await context.cookies()).toEqual(before);
    server.meddle(null);
    expect(await jarOwner()).toBe(ANN.email);
  });
});
