import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BrowserContext, Page } from "playwright-core";
import { afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { ANN } from "../fixtures/server.ts";
import { type AuthServer, startAuthServer } from "./auth-server.ts";
import { describeChromium, kill, launchPersistent } from "./chromium.ts";
import { clientPages, emailOf, untilStatus } from "./client-page.ts";
import type { Pages } from "./pages.ts";

/** Seconds after which an access token is over, and a lease as well. */
const OVER = 61;

describeChromium("a browser that lost an answer", () => {
  let pages: Pages;
  let server: AuthServer;
  let profile: string;
  let onDisk: string;
  let context: BrowserContext;
  beforeAll(async () => {
    pages = await clientPages();
  });
  beforeEach(async () => {
    server = await startAuthServer({ pages });
    profile = mkdtempSync(join(tmpdir(), "latchkey-profile-"));
    onDisk = `${profile}-on-disk`;
    context = await launchPersistent(profile);
  });
  afterEach(async () => {
    await context.close();
    await server.close();
    for (const directory of [profile, onDisk])
      rmSync(directory, { recursive: true, force: true, maxRetries: 9 });
  });

  const signUp = async (): Promise<Page> => {
    const page = await open();
    await page.evaluate((user) => client.signUp(user), ANN);
    return page;
  };
  const open = async (): Promise<Page> => {
    const page = await context.newPage();
    await page.goto(server.origin);
    return page;
  };
  const told = (type: string): number => server.events.filter((event) => event.type === type).length;
  const jar = async (): Promise<string | undefined> =>
    (await context.cookies()).find(({ name }) => name.includes("refresh"))?.value;

  it("recovers by itself once the network is back, without signing out", async () => {
    const page = await signUp();
    for (let round = 0; round < 2; round++) {
      server.clock.advance(OVER);
      const before = await jar();
      server.meddle(async (_, pass) => {
        await pass();
        return "cut";
      });
      const lost = await page.evaluate(() => client.refresh());
      expect(lost).toMatchObject({ ok: false, error: { code: "network_error", status: 0 } });
      expect(await jar()).toBe(before);
      server.meddle(null);
      await page.waitForFunction(() => client.session.get().error === null, null, { polling: 50 });
    }
    server.clock.advance(OVER);
    expect(await page.evaluate(() => client.refresh())).toMatchObject({ ok: true });
    const seen = await page.evaluate(() => states.map(({ status }) => status));
    expect(seen.slice(seen.indexOf("signed-in"))).not.toContain("signed-out");
    expect(told("session.reissued")).toBeGreaterThan(0);
    expect(told("session.ended")).toBe(0);
  });

  it("stays signed in where it was killed before it saved the cookies of the last rotation", async () => {
    await signUp();
    const old = await jar();
    // Chromium collects cookies for half a minute before it writes them: what is copied here is what a kill leaves then.
    await context.close();
    cpSync(profile, onDisk, { recursive: true });
    context = await launchPersistent(profile);
    server.clock.advance(OVER);
    await untilStatus(await open(), "signed-in");
    expect(await jar()).not.toBe(old);
    const gone = new Promise((resolve) => context.once("close", resolve));
    kill(profile);
    await gone;
    rmSync(profile, { recursive: true, maxRetries: 9 });
    cpSync(onDisk, profile, { recursive: true });
    context = await launchPersistent(profile);
    expect(await jar()).toBe(old);
    for (let round = 0; round < 3; round++) {
      const page = await open();
      await untilStatus(page, "signed-in");
      expect(await emailOf(page)).toBe(ANN.email);
      server.clock.advance(OVER);
    }
    expect(await jar()).not.toBe(old);
    expect(told("session.reissued")).toBe(1);
    expect(told("session.ended")).toBe(0);
  });
});
