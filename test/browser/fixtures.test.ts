import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type AuthServer, startAuthServer } from "./auth-server.ts";
import { describeChromium, launch } from "./chromium.ts";
import { clientPages } from "./client-page.ts";
import { openPages } from "./pages.ts";

describeChromium("the fixtures for the browser", () => {
  let browser: Browser;
  let server: AuthServer;
  beforeAll(async () => {
    server = await startAuthServer({ pages: await clientPages() });
    browser = await launch();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  it("run the client in a page", async () => {
    const page = await browser.newPage();
    await page.goto(`${server.origin}/quiet`);
    const result = await page.evaluate(() => client.refresh());
    expect(result).toMatchObject({ ok: false, error: { code: "unauthenticated" } });
    // Without a refresh token the access token would say who is signed in.
    expect(server.requests).toEqual(["POST /auth/refresh", "GET /auth/session"]);
  });

  it("have one more origin of the same site, and one of another site", async () => {
    const page = await browser.newPage();
    for (const host of ["localhost", "127.0.0.1"] as const) {
      const other = await openPages({ "/": "<!doctype html><p>Elsewhere</p>" }, host);
      await page.goto(other.origin);
      expect(await page.textContent("p")).toBe("Elsewhere");
      await other.close();
    }
    await page.close();
  });
});
