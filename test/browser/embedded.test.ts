import type { AuthOptions, JsonObject, User } from "@latchkey/core";
import type { Browser, Frame, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ANN, openServer, SECRET, type TestServer } from "../fixtures/server.ts";
import { describeChromium, launchWhole } from "./chromium.ts";
import { htmlOf } from "./pages.ts";
import { openSecureSite, resolving, type SecureSite } from "./secure-site.ts";

type Cookies = Exclude<AuthOptions<JsonObject, User>["cookies"], undefined>;

const APP = "app.latchkey.test";

/** The application in a page of another site, in a browser that blocks third-party cookies. */
describeChromium("an application embedded in another site", () => {
  let browser: Browser;
  let site: SecureSite;
  let answer: (request: Request) => Promise<Response> = async () => new Response(null, { status: 503 });

  beforeAll(async () => {
    site = await openSecureSite("latchkey.test", (request) => answer(request));
    browser = await launchWhole([
      resolving("latchkey.test", "shop.test", "news.test"),
      "--test-third-party-cookie-phaseout",
    ]);
  });
  afterAll(async () => {
    await browser?.close();
    site?.close();
  });

  const at = (host: string): string => `https://${host}:${site.port}`;

  async function open(cookies: Cookies): Promise<{ readonly server: TestServer; readonly page: Page }> {
    const server = openServer({ baseURL: at(APP), secret: SECRET, cookies });
    const html = { headers: { "content-type": "text/html" } };
    answer = async (request) => {
      const { hostname, pathname } = new URL(request.url);
      if (pathname.startsWith("/auth/")) return server.auth.handle(request);
      if (pathname !== "/") return new Response(null, { status: 404 });
      const frame = htmlOf([], `<iframe src="${at(APP)}/"></iframe>`);
      return new Response(hostname === APP ? htmlOf([], "app") : frame, html);
    };
    const context = await browser.newContext({ ignoreHTTPSErrors: true });
    return { server, page: await context.newPage() };
  }

  async function frameOn(page: Page, host: string): Promise<Frame> {
    await page.goto(at(host));
    const frame = page.frames().find((each) => each.url().startsWith(at(APP)));
    if (frame === undefined) throw new Error("the page has no frame");
    await frame.waitForLoadState();
    return frame;
  }

  const send = (frame: Frame | Page, path: string, body?: object): Promise<number> =>
    frame.evaluate(
      async ([to = "", sent = ""]) => {
        const headers = { "content-type": "application/json" };
        const init = sent === "" ? {} : { method: "POST", headers, body: sent };
        return (await fetch(to, init)).status;
      },
      [path, body === undefined ? "" : JSON.stringify(body)],
    );

  it("is not signed in without cookies.partitioned", async () => {
    const { page } = await open({ sameSite: "none" });
    const frame = await frameOn(page, "www.shop.test");
    expect(await send(frame, "/auth/signup", ANN)).toBe(201);
    expect(await send(frame, "/auth/me")).toBe(401);
    await page.context().close();
  });

  it("signs in, refreshes and signs out with cookies.partitioned, in each site for itself", async () => {
    const { server, page } = await open({ sameSite: "none", partitioned: true });
    const shop = await frameOn(page, "www.shop.test");
    expect(await send(shop, "/auth/signup", ANN)).toBe(201);
    expect(await send(shop, "/auth/me")).toBe(200);
    server.clock.advance(601);
    expect(await send(shop, "/auth/refresh", {})).toBe(200);
    expect(await send(await frameOn(page, "www.shop.test"), "/auth/me")).toBe(200);
    // The application as a page of its own, and in another site, has another jar.
    expect(await send(await frameOn(page, "www.news.test"), "/auth/me")).toBe(401);
    await page.goto(at(APP));
    expect(await send(page, "/auth/me")).toBe(401);
    const again = await frameOn(page, "www.shop.test");
    expect(await send(again, "/auth/logout", {})).toBe(200);
    expect(
      (await page.context().cookies()).map(({ name }) => name).filter((name) => !name.includes("device")),
    ).toEqual([]);
    expect(await send(again, "/auth/me")).toBe(401);
    await page.context().close();
  });

  it("replaces the cookies from before cookies.partitioned", async () => {
    const before = await open({ sameSite: "none" });
    await before.page.goto(at(APP));
    expect(await send(before.page, "/auth/signup", ANN)).toBe(201);
    const { store, clock } = before.server;
    const cookies = { sameSite: "none", partitioned: true } as const;
    const { auth } = openServer({ baseURL: at(APP), secret: SECRET, cookies, store, clock });
    const page = answer;
    answer = (request) =>
      new URL(request.url).pathname.startsWith("/auth/") ? auth.handle(request) : page(request);
    expect(await send(before.page, "/auth/refresh", {})).toBe(200);
    const partitions = (await before.page.context().cookies()).map(
      ({ partitionKey }) => partitionKey ?? "none",
    );
    expect(partitions).not.toContain("none");
    expect(await send(before.page, "/auth/me")).toBe(200);
    await before.page.context().close();
  });
});
