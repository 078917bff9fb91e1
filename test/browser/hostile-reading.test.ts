import { memory } from "@latchkey/core/memory";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { demoApp } from "../../examples/node-hono/src/app.ts";
import { ANN } from "../fixtures/server.ts";
import { type AuthServer, startAuthServer } from "./auth-server.ts";
import { describeChromium, launch } from "./chromium.ts";
import { clientPages, PATIENTLY } from "./client-page.ts";
import { fetchAll, HOSTILE_PAGE, includeAll } from "./hostile-page.ts";
import { htmlOf, type LocalSite, openPages, openSite } from "./pages.ts";

const SECRETS = ["/auth/me", "/auth/session", "/auth/sessions"] as const;

describeChromium("a page of another site that tries to read", () => {
  let browser: Browser;
  let context: BrowserContext;
  let server: AuthServer;
  let trusted: LocalSite;
  let victim: Page;
  beforeAll(async () => {
    trusted = await openPages({ "/": HOSTILE_PAGE });
    server = await startAuthServer({ pages: await clientPages(), trustedOrigins: [trusted.origin] });
    browser = await launch();
    context = await browser.newContext();
    victim = await context.newPage();
    await victim.goto(`${server.origin}/quiet`);
    await victim.evaluate((user) => client.signUp(user), ANN);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    await trusted?.close();
  });

  const reading = (): { readonly method: string; readonly url: string }[] => [
    ...SECRETS.map((path) => ({ method: "GET", url: server.origin + path })),
    { method: "POST", url: `${server.origin}/auth/refresh` },
  ];

  it("can read everything where the server trusts its origin, which shows that the other tests can fail", async () => {
    const page = await context.newPage();
    await page.goto(trusted.origin);
    const read = await fetchAll(page, reading(), {});
    expect(read.filter((text) => text.includes(ANN.email)).length).toBeGreaterThanOrEqual(2);
    await page.close();
  });

  describe.each([
    { host: "127.0.0.1", where: "on another site" },
    { host: "localhost", where: "on another port of the same site" },
  ] as const)("$where", ({ host }) => {
    let elsewhere: LocalSite;
    let page: Page;
    beforeAll(async () => {
      elsewhere = await openPages({ "/": HOSTILE_PAGE }, host);
      page = await context.newPage();
    });
    beforeEach(() => page.goto(elsewhere.origin));
    afterAll(async () => {
      await page?.close();
      await elsewhere?.close();
    });

    it("reads nothing by fetch", async () => {
      expect(await fetchAll(page, reading(), {})).toEqual([]);
    });

    it.each(SECRETS)("reads nothing by including %s", async (path) => {
      expect(await includeAll(page, server.origin + path)).toEqual({
        script: "error",
        module: "error",
        image: "error",
        stylesheet: "error",
        stream: "error",
        frame: "error",
        globals: 0,
      });
    });

    it("reads nothing by opening the application or being opened by it", async () => {
      const [popup] = await Promise.all([
        context.waitForEvent("page"),
        page.evaluate((url) => {
          Object.assign(globalThis, { opened: open(`${url}/quiet`) });
        }, server.origin),
      ]);
      await popup.waitForFunction(() => "client" in globalThis);
      expect(await page.evaluate(() => reachThrough(Reflect.get(globalThis, "opened")))).toEqual([]);
      await popup.close();
      const [other] = await Promise.all([
        context.waitForEvent("page"),
        victim.evaluate((url) => {
          open(url);
        }, elsewhere.origin),
      ]);
      await other.waitForLoadState();
      expect(await other.evaluate(() => opener !== null && reachThrough(opener))).toEqual([]);
      await other.close();
    });

    it("receives no message between tabs, and can send none to them", async () => {
      const heard = page.evaluate(
        () =>
          new Promise<string>((resolve) => {
            const channel = new BroadcastChannel("latchkey:/auth");
            channel.onmessage = () => resolve("heard");
            new BroadcastChannel("latchkey:/auth:end").onmessage = () => resolve("nothing");
            Object.assign(globalThis, { channel });
          }),
      );
      const tab = await context.newPage();
      await tab.goto(server.origin);
      await tab.waitForFunction(() => client.session.get().status === "signed-in");
      await page.evaluate(() =>
        Reflect.get(globalThis, "channel").postMessage({ id: null, expiresIn: null }),
      );
      await tab.evaluate(() => client.refresh());
      await page.evaluate(() => new BroadcastChannel("latchkey:/auth:end").postMessage(0));
      expect(await heard).toBe("nothing");
      expect(await tab.evaluate(() => states.map(({ status }) => status))).not.toContain("signed-out");
      await tab.close();
    });
  });

  it("cannot frame the demo", async () => {
    const demo = await openSite((request) => demoApp({ store: memory() }).fetch(request));
    const framing = htmlOf([], `<iframe src="${demo.origin}/"></iframe>`);
    for (const host of ["127.0.0.1", "localhost"] as const) {
      const elsewhere = await openPages({ "/": framing }, host);
      const page = await context.newPage();
      await page.goto(elsewhere.origin);
      // The refusal of a frame may be told after the load of its page.
      const protocols = (): unknown => page.frames().map((frame) => URL.parse(frame.url())?.protocol);
      await expect.poll(protocols, PATIENTLY).toEqual(["http:", "chrome-error:"]);
      await page.close();
      await elsewhere.close();
    }
    await demo.close();
  });
});
