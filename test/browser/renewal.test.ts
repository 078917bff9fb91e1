import type { Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { ANN } from "../fixtures/server.ts";
import { type AuthServer, startAuthServer } from "./auth-server.ts";
import { describeChromium, launchWindow, type Window } from "./chromium.ts";
import { clientPages, PATIENTLY, passTime, untilStatus } from "./client-page.ts";

/** Seconds after which an access token of 60 s is renewed where chance is 0.5. */
const DUE = 40.5;

describeChromium("a page that stays open", () => {
  let window: Window;
  let server: AuthServer;
  let page: Page;
  beforeAll(async () => {
    server = await startAuthServer({ pages: await clientPages() });
    window = await launchWindow();
    window.context.setDefaultTimeout(40_000);
    page = await window.context.newPage();
    await page.clock.install({ time: 0 });
    await page.addInitScript(() => {
      Math.random = () => 0.5;
    });
    await page.goto(server.origin);
    await page.clock.pauseAt(60_000);
    await page.evaluate((user) => client.signUp(user), ANN);
  });
  beforeEach(() => {
    server.requests.length = 0;
    server.events.length = 0;
  });
  afterAll(async () => {
    await window?.close();
    await server?.close();
  });

  const until = (visibility: string): Promise<void> =>
    expect.poll(() => page.evaluate(() => document.visibilityState), PATIENTLY).toBe(visibility);
  const renewals = (): number => server.events.filter(({ type }) => type === "session.refreshed").length;
  const changes = (): Promise<number> => page.evaluate(() => states.length);
  const pass = (seconds: number): Promise<void> => {
    server.clock.advance(seconds);
    return passTime(page, seconds);
  };

  it("renews the access token before it expires, several times", async () => {
    for (let round = 1; round <= 3; round++) {
      await pass(DUE - 1);
      expect(renewals()).toBe(round - 1);
      const before = await changes();
      await pass(1.5);
      await expect.poll(changes, PATIENTLY).toBe(before + 1);
      expect(renewals()).toBe(round);
    }
    expect(server.requests).toEqual(Array(3).fill("POST /auth/refresh"));
  });

  it("renews nothing while it is hidden, and renews once it is shown", async () => {
    const other = await window.context.newPage();
    await other.bringToFront();
    await until("hidden");
    for (let minute = 0; minute < 5; minute++) await pass(60);
    expect(server.requests).toEqual([]);
    await page.bringToFront();
    await until("visible");
    await expect.poll(renewals, PATIENTLY).toBe(1);
    await passTime(page, 0);
    await untilStatus(page, "signed-in");
    expect(renewals()).toBe(1);
    await other.close();
  });

  it("shows no user when it is shown again after another tab signed out", async () => {
    const other = await window.context.newPage();
    await other.goto(server.origin);
    await untilStatus(other, "signed-in");
    await page.bringToFront();
    await page.goto("about:blank");
    await other.evaluate(() => client.signOut());
    // A page out of the browser's cache is not loaded.
    await page.goBack({ waitUntil: "commit" });
    await untilStatus(page, "signed-out");
    await other.close();
  });
});
