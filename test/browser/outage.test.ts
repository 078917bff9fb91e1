import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { ANN } from "../fixtures/server.ts";
import { type AuthServer, startAuthServer } from "./auth-server.ts";
import { describeChromium, launch } from "./chromium.ts";
import { clientPages, PATIENTLY, passTime, untilStatus } from "./client-page.ts";

describeChromium("a page whose server cannot answer", () => {
  let browser: Browser;
  let server: AuthServer;
  let context: BrowserContext;
  let page: Page;
  beforeAll(async () => {
    server = await startAuthServer({ pages: await clientPages() });
    await server.auth.users.create(ANN);
    browser = await launch();
  });
  beforeEach(async () => {
    context = await browser.newContext();
    context.setDefaultTimeout(40_000);
    page = await context.newPage();
    await page.clock.install({ time: 0 });
    await page.addInitScript(() => {
      Math.random = () => 0.5;
    });
    await page.goto(server.origin);
    // An answer on its way would be given up at that leap.
    await untilStatus(page, "signed-out");
    await page.clock.pauseAt(60_000);
    await page.evaluate((user) => client.signIn.password(user), ANN);
    server.clock.advance(61);
    server.requests.length = 0;
  });
  afterEach(async () => {
    server.meddle(null);
    await context?.close();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  const state = (): Promise<string> =>
    page.evaluate(() => {
      const { status, error } = client.session.get();
      return `${status} ${error?.code}`;
    });

  const failures = (): Promise<number> =>
    page.evaluate(() => states.filter(({ error }) => error !== null).length);

  it("keeps the session, and doubles the delay between its requests", async () => {
    server.meddle(async () =>
      Response.json({ error: "store_unavailable", message: "Later." }, { status: 503 }),
    );
    await page.evaluate(() => client.refresh());
    expect(await state()).toBe("signed-in store_unavailable");
    let asked = 1;
    for (const pause of [1.5, 3, 6, 12, 24, 45, 45]) {
      await passTime(page, pause - 0.1);
      expect(server.requests).toHaveLength(asked);
      await passTime(page, 0.2);
      asked += 1;
      await expect.poll(failures, PATIENTLY).toBe(asked);
      expect(server.requests).toHaveLength(asked);
      expect(await state()).toBe("signed-in store_unavailable");
    }
    server.meddle(null);
    await passTime(page, 45);
    await expect.poll(state, PATIENTLY).toBe("signed-in undefined");
    expect(server.events.filter(({ type }) => type === "session.ended")).toEqual([]);
  });

  it("keeps the session without a network, and sends a request as soon as there is one", async () => {
    await context.setOffline(true);
    const results = await page.evaluate(() => Promise.all([client.refresh(), client.refresh()]));
    expect(results).toMatchObject(Array(2).fill({ ok: false, error: { code: "network_error", status: 0 } }));
    expect(await state()).toBe("signed-in network_error");
    expect(server.requests).toEqual([]);
    await context.setOffline(false);
    await expect.poll(state, PATIENTLY).toBe("signed-in undefined");
    expect(server.requests).toEqual(["POST /auth/refresh"]);
  });

  it("shows no user while the server does not answer, and shows the user afterwards", async () => {
    const answers = ["<h1>502</h1>", "", "null", '{"error":"unauthenticated"}'];
    for (const body of answers) {
      server.meddle(async () => new Response(body, { status: 502 }));
      await page.evaluate(() => client.refresh());
      expect(await state()).toBe("signed-in invalid_response");
    }
    await page.reload();
    await expect.poll(state, PATIENTLY).toBe("loading invalid_response");
    server.meddle(null);
    await passTime(page, 1.6);
    await expect.poll(state, PATIENTLY).toBe("signed-in undefined");
  });

  it("gives up a request without an answer, and recovers", async () => {
    const gate = Promise.withResolvers<void>();
    server.meddle(async (_, pass) => {
      await gate.promise;
      return pass();
    });
    const result = page.evaluate(() => client.refresh());
    await expect.poll(() => server.requests, PATIENTLY).toHaveLength(1);
    await passTime(page, 21);
    expect(await result).toMatchObject({ ok: false, error: { code: "network_error" } });
    server.meddle(null);
    gate.resolve();
    await passTime(page, 1.6);
    await expect.poll(state, PATIENTLY).toBe("signed-in undefined");
  });
});
