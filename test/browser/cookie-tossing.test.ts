import type { AuthOptions, JsonObject, User } from "@latchkey/core";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { ANN, BOB, openServer, SECRET, type TestServer } from "../fixtures/server.ts";
import { describeChromium, launch } from "./chromium.ts";
import { openSecureSite, resolving, type SecureSite } from "./secure-site.ts";

type Cookies = Exclude<AuthOptions<JsonObject, User>["cookies"], undefined>;

/** The victim's browser, signed in on one subdomain, and the attacker's subdomain beside it. */
interface Scene {
  readonly backend: TestServer;
  readonly page: Page;
  readonly ann: string;
  /** The tokens of the attacker's own session. */
  readonly bob: { readonly access: string; readonly refresh: string };
  /** Has the victim open a page of the attacker's, which sets these cookies. */
  readonly visitEvil: (...lines: readonly string[]) => Promise<void>;
  /** A request that the application's page sends, and the text of its answer. */
  readonly post: (path: string) => Promise<string>;
  /** Lets the access token run out, and its cookie with it. */
  readonly accessRunsOut: () => Promise<void>;
  readonly names: () => Promise<readonly string[]>;
}

const APP = "app.latchkey.test";
const EVIL = "evil.latchkey.test";

describeChromium("a sibling subdomain that sets cookies", () => {
  let browser: Browser;
  let site: SecureSite;
  let port: number;
  let context: BrowserContext;
  let answer: (request: Request) => Promise<Response> = async () => new Response(null, { status: 503 });

  beforeAll(async () => {
    site = await openSecureSite("latchkey.test", (request) => answer(request));
    port = site.port;
    browser = await launch([resolving("latchkey.test")]);
  });
  afterEach(async () => {
    await context?.close();
  });
  afterAll(async () => {
    await browser?.close();
    site?.close();
  });

  async function open(cookies: Cookies): Promise<Scene> {
    const [app, evil] = [`https://${APP}:${port}`, `https://${EVIL}:${port}`];
    const backend = openServer({ baseURL: app, secret: SECRET, cookies });
    let tossed: readonly string[] = [];
    answer = async (request) => {
      const { hostname, pathname } = new URL(request.url);
      const headers = new Headers({ "content-type": "text/html" });
      // Chromium asks for it by itself: validated, it would heal before the page sends anything.
      if (pathname === "/favicon.ico") return new Response(null, { status: 404 });
      if (hostname === EVIL) {
        for (const line of tossed) headers.append("set-cookie", line);
        return new Response("<!doctype html><p>evil</p>", { headers });
      }
      if (pathname === "/blank") return new Response("<!doctype html><p>app</p>", { headers });
      if (pathname.startsWith("/auth/")) return backend.auth.handle(request);
      const found = await backend.auth.validate(request);
      for (const line of found.headers.getSetCookie()) headers.append("set-cookie", line);
      return new Response(found.ok ? found.userId : found.code, { headers });
    };
    context = await browser.newContext({ ignoreHTTPSErrors: true });
    const page = await context.newPage();
    await page.goto(`${app}/blank`);
    const post = (path: string, body?: object): Promise<string> =>
      page.evaluate(
        async ([to = "", sent = ""]) => {
          const headers = { "content-type": "application/json" };
          const init = sent === "" ? {} : { headers, body: sent };
          return (await fetch(to, { method: "POST", ...init })).text();
        },
        [path, body === undefined ? "" : JSON.stringify(body)],
      );
    const ann = JSON.parse(await post("/auth/signup", ANN)).user.id;
    const { id } = await backend.auth.users.create(BOB);
    const { accessToken, refreshToken } = await backend.auth.sessions.create(id, { accessLifetime: 3_600 });
    return {
      backend,
      page,
      ann,
      bob: { access: accessToken, refresh: refreshToken ?? "" },
      visitEvil: async (...lines) => {
        tossed = lines;
        await page.goto(evil);
        await page.goto(`${app}/blank`);
      },
      post: (path) => post(path),
      accessRunsOut: async () => {
        backend.clock.advance(601);
        await context.clearCookies({ name: /latchkey\.access$/ });
      },
      names: async () => (await context.cookies()).map(({ name }) => name).toSorted(),
    };
  }

  it("cannot sign a request in by a cookie of a former name", async () => {
    const { ann, bob, visitEvil, post, accessRunsOut } = await open({ previous: [{ name: "sid" }] });
    await visitEvil(`sid=${bob.access}; Domain=latchkey.test; Path=/`);
    expect(await post("/page")).toBe(ann);
    await accessRunsOut();
    expect(await post("/page")).toBe(ann);
    await accessRunsOut();
    expect(JSON.parse(await post("/auth/refresh")).session.userId).toBe(ann);
  });

  it.each<readonly [string, Cookies]>([
    ["cookies.domain", { domain: "latchkey.test" }],
    ["cookies.refreshPath", { refreshPath: "/auth" }],
    ["both", { domain: "latchkey.test", refreshPath: "/auth" }],
  ])("costs the owner one refused refresh and no cookie, with %s", async (_, cookies) => {
    const scene = await open(cookies);
    const own = await scene.names();
    const name = own.find((each) => each.includes("refresh")) ?? "";
    for (const place of ["/auth/refresh", "/auth/", "/auth", "/"]) {
      for (const partition of ["", "; Partitioned"]) {
        const isOwn = cookies.domain !== undefined && place === (cookies.refreshPath ?? "/");
        // What is set at the owner's own place takes the place of the owner's cookie.
        if (isOwn && partition === "") continue;
        const tossed = `${name}=${scene.bob.refresh}; Domain=latchkey.test; Path=${place}; Secure${partition}`;
        await scene.visitEvil(tossed);
        expect((await scene.names()).length).toBe(own.length + 1);
        expect(JSON.parse(await scene.post("/auth/refresh"))).toMatchObject({ error: "unauthenticated" });
        expect(await scene.names()).toEqual(own);
        expect(JSON.parse(await scene.post("/auth/refresh"))).toMatchObject({
          session: { userId: scene.ann },
        });
      }
    }
    expect(scene.backend.events.filter(({ type }) => type === "session.conflict").length).toBeGreaterThan(5);
    expect(scene.backend.events.filter(({ type }) => type === "session.ended")).toEqual([]);
  });

  it("cannot sign a request in by an access token under the current name", async () => {
    const { ann, bob, visitEvil, post, accessRunsOut } = await open({ domain: "latchkey.test" });
    await accessRunsOut();
    await visitEvil(`__Secure-latchkey.access=${bob.access}; Domain=latchkey.test; Path=/page; Secure`);
    expect(await post("/page")).toBe("unauthenticated");
    expect(await post("/page")).toBe(ann);
  });

  it("cannot set a cookie with the prefix of the host", async () => {
    const { ann, bob, visitEvil, post, names } = await open({});
    const own = await names();
    for (const name of own) {
      await visitEvil(`${name}=${bob.refresh}; Domain=latchkey.test; Path=/; Secure; HttpOnly`);
      await visitEvil(`${name}=${bob.refresh}; Domain=latchkey.test; Path=/; Secure; HttpOnly; Partitioned`);
    }
    expect(await names()).toEqual(own);
    expect(await post("/page")).toBe(ann);
  });
});
