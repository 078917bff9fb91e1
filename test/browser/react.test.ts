import { readFileSync } from "node:fs";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type AuthServer, startAuthServer } from "./auth-server.ts";
import { describeChromium, launch } from "./chromium.ts";
import { htmlOf } from "./pages.ts";
import { browserBundle, type ServerBundle, serverBundle, versions } from "./react-bundle.ts";

declare global {
  var reactVersion: string;
  var reactRoot: { readonly unmount: () => void };
}

/** More than an access token of the rig lives, in milliseconds. */
const LONG = 61_000;

describe.each(versions)("React $version on a server", (version) => {
  let server: ServerBundle;
  beforeAll(async () => {
    server = await serverBundle(version);
  });

  it('renders the state "loading", and sends no request', () => {
    const html = server.page();
    expect(html).toContain(">loading<");
    expect(html).toContain(">anonymous<");
    expect(html).not.toMatch(/inside|outside/);
  });

  it("has the directive for client components", () => {
    const source = readFileSync(new URL(import.meta.resolve("@latchkey/client/react")), "utf8");
    expect(source).toMatch(/^"use client";\n/);
  });

  it("throws an error that names the missing AuthProvider", () => {
    expect(server.readerAlone).toThrow("useAuthClient needs an <AuthProvider client={client}> above it");
  });
});

describeChromium("the bindings for React", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(async () => {
    await browser?.close();
  });

  describe.each(versions)("$version", (version) => {
    let server: AuthServer;
    let context: BrowserContext;
    let page: Page;
    let complaints: string[];
    beforeAll(async () => {
      const [script, { page: render }] = await Promise.all([browserBundle(version), serverBundle(version)]);
      const empty = htmlOf(["/app.js"]);
      const rendered = htmlOf(["/app.js"], `<div id="root">${render()}</div>`);
      const pages = {
        "/": empty,
        "/bare": empty,
        "/hydrated": rendered,
        "/late": rendered,
        "/app.js": script,
      };
      server = await startAuthServer({ pages });
    });
    afterAll(() => server?.close());
    beforeEach(async () => {
      complaints = [];
      server.requests.length = 0;
      context = await browser.newContext({ baseURL: server.origin });
      context.setDefaultTimeout(40_000);
      context.on("console", (message) => {
        const isRefusal = message.text().startsWith("Failed to load resource");
        if (["error", "warning"].includes(message.type()) && !isRefusal) complaints.push(message.text());
      });
      context.on("weberror", (error) => complaints.push(String(error.error())));
      page = await context.newPage();
    });
    afterEach(async () => {
      await context.close();
      expect(complaints).toEqual([]);
    });

    const shows = (id: string, text: string): Promise<void> =>
      page.locator(`#${id}`).filter({ hasText: text }).waitFor();
    const enter = async (path: string): Promise<void> => {
      await page.goto(path);
      await shows("status", "signed-out");
    };
    const asked = (): readonly string[] => server.requests.splice(0);

    it("runs the version in its title", async () => {
      await enter("/");
      expect(await page.evaluate(() => reactVersion)).toBe(version.version);
    });

    it.each(["/", "/hydrated", "/late"])(
      "sends one request for all components, mounted twice by StrictMode, at %s",
      async (path) => {
        await enter(path);
        await shows("out", "outside");
        expect(await page.locator("#in").count()).toBe(0);
        expect(asked()).toEqual(["GET /auth/session"]);
      },
    );

    it("shows the user in all components at once, until the sign-out", async () => {
      await enter("/hydrated");
      await page.click("#enter");
      await shows("in", "inside");
      const name = (await page.textContent("#name")) ?? "";
      expect(name).toContain("@example.com");
      expect(await page.locator("#out").count()).toBe(0);
      await page.reload();
      await shows("name", name);
      await page.click("#leave");
      await shows("out", "outside");
      expect(await page.textContent("#name")).toBe("anonymous");
      expect(await page.textContent("#status")).toBe("signed-out");
    });

    it("repeats no request when one page replaces another", async () => {
      await enter("/bare");
      asked();
      for (const turn of ["1", "2"]) {
        await page.click("#turn");
        await shows("turns", turn);
      }
      expect(await page.textContent("#status")).toBe("signed-out");
      expect(asked()).toEqual([]);
    });

    it("shows that the server is unavailable, and keeps the user signed in", async () => {
      await page.clock.install();
      await enter("/");
      await page.click("#enter");
      await shows("in", "inside");
      server.meddle(async () => "cut");
      await page.clock.fastForward(LONG);
      await shows("error", "network_error");
      await shows("status", "signed-in");
      server.meddle(null);
      await page.clock.fastForward(LONG);
      await shows("error", "none");
    });

    it("renews the token while it is mounted, and leaves no timer behind", async () => {
      await page.clock.install();
      await enter("/");
      await page.click("#enter");
      await shows("in", "inside");
      asked();
      await Promise.all([page.waitForResponse("**/auth/refresh"), page.clock.fastForward(LONG)]);
      expect(asked()).toEqual(["POST /auth/refresh"]);
      await page.evaluate(() => reactRoot.unmount());
      await page.clock.fastForward(10 * LONG);
      await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
      await page.evaluate(() => fetch("/"));
      expect(asked()).toEqual([]);
    });
  });
});
