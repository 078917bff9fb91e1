import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { type ServerType, serve } from "@hono/node-server";
import {
  type Auth,
  type AuthEvent,
  type AuthOptions,
  createAuth,
  type JsonObject,
  type User,
} from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterEach, beforeEach, expect, it } from "vitest";
import { cheapPassword } from "../rows/world.ts";
import { makeCertificate } from "./certificate.ts";
import { describeChromium, launch } from "./chromium.ts";

const SITE = "site.test";
const REFRESH = "__Secure-latchkey.refresh";
const ACCESS = "__Secure-latchkey.access";
const OWNER = { email: "owner@example.com", password: "correct horse battery" };

/** What the thief's own host sets on the browsers that visit it. */
type Plant = readonly { readonly name: string; readonly value: string; readonly path: string }[];

interface Site {
  readonly auth: Auth<JsonObject, User>;
  readonly events: readonly AuthEvent[];
  readonly origin: (host: "app" | "evil") => string;
  readonly pass: (seconds: number) => void;
  readonly plant: (cookies: Plant) => void;
  readonly close: () => Promise<void>;
}

/** Serves two hosts of one site over TLS: the application, and one that a thief has. */
async function openSite(cookies: AuthOptions["cookies"]): Promise<Site> {
  const events: AuthEvent[] = [];
  let [planted, late]: [Plant, number] = [[], 0];
  let auth: Auth<JsonObject, User> | null = null;
  const fetch = async (request: Request): Promise<Response> => {
    const { hostname, pathname } = new URL(request.url);
    const headers = new Headers({ "content-type": "text/html" });
    if (hostname === `evil.${SITE}`) {
      for (const { name, value, path } of planted) {
        headers.append(
          "set-cookie",
          `${name}=${value}; Domain=${SITE}; Path=${path}; Secure; HttpOnly; SameSite=Lax`,
        );
      }
      return new Response("evil", { headers });
    }
    if (auth === null || pathname === "/") return new Response("app", { headers });
    if (pathname.startsWith("/auth/")) return auth.handle(request);
    const found = await auth.validate(request);
    const answer = found.ok ? { userId: found.userId } : { code: found.code };
    return Response.json(answer, { headers: found.headers });
  };
  const server = await new Promise<ServerType>((resolve) => {
    const listening = serve({ fetch, port: 0, createServer, serverOptions: makeCertificate(SITE) }, () =>
      resolve(listening),
    );
  });
  const { port } = server.address() as AddressInfo;
  const origin = (host: "app" | "evil"): string => `https://${host}.${SITE}:${port}`;
  auth = createAuth({
    store: memory(),
    providers: [cheapPassword()],
    baseURL: origin("app"),
    secret: "ZrQ0wPp3Lk8vX1uT5sY7aB2cD4eF6gH9",
    onEvent: (event) => events.push(event),
    env: { clock: () => Date.now() + late * 1_000 },
    ...(cookies === undefined ? {} : { cookies }),
  });
  return {
    auth,
    events,
    origin,
    pass: (seconds) => {
      late += seconds;
    },
    plant: (given) => {
      planted = given;
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** Asks from the application's own page, and returns what the answer says. */
function ask(
  page: Page,
  method: string,
  path: string,
  body?: object,
): Promise<Readonly<Record<string, unknown>>> {
  return page.evaluate(
    async ({ method, path, body }) => {
      const headers = { "content-type": "application/json" };
      const sent = body === undefined ? {} : { headers, body: JSON.stringify(body) };
      const response = await fetch(path, { method, ...sent });
      return { status: response.status, ...(await response.json()) };
    },
    { method, path, body },
  );
}

describeChromium("a sibling subdomain that sets cookies of a thief's session", () => {
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let site: Site;

  async function open(cookies: AuthOptions["cookies"]): Promise<string> {
    site = await openSite(cookies);
    context = await browser.newContext({ ignoreHTTPSErrors: true });
    page = await context.newPage();
    await page.goto(site.origin("app"));
    const { user } = await ask(page, "POST", "/auth/signup", OWNER);
    return (user as { readonly id: string }).id;
  }

  async function thief(
    email = "thief@example.com",
  ): Promise<{ readonly access: string; readonly refresh: string }> {
    const { id } = await site.auth.users.create({ email });
    const { accessToken, refreshToken } = await site.auth.sessions.create(id);
    return { access: accessToken, refresh: refreshToken ?? "" };
  }

  /** Has the owner visit the thief's host, and come back. */
  async function visit(cookies: Plant): Promise<void> {
    site.plant(cookies);
    await page.goto(site.origin("evil"));
    await page.goto(site.origin("app"));
  }

  beforeEach(async () => {
    browser = await launch([`--host-resolver-rules=MAP *.${SITE} 127.0.0.1`]);
  });
  afterEach(async () => {
    await browser.close();
    await site.close();
  });

  it("a tossed refresh cookie is gone with one answer, and the owner is still signed in", async () => {
    const userId = await open({ domain: SITE });
    const { refresh } = await thief();
    site.pass(601);
    await visit([{ name: REFRESH, value: refresh, path: "/auth/refresh" }]);
    expect(await ask(page, "POST", "/auth/refresh")).toMatchObject({ status: 401, error: "unauthenticated" });
    expect(site.events.filter(({ type }) => type === "session.conflict").length).toBe(1);
    const left = (await context.cookies(`${site.origin("app")}/auth/refresh`)).filter(
      ({ name }) => name === REFRESH,
    );
    expect(left.map(({ path }) => path)).toEqual(["/"]);
    expect(await ask(page, "POST", "/auth/refresh")).toMatchObject({ status: 200, session: { userId } });
  });

  it("tossed cookies of a whole session are gone with one answer of a page, by GET and by POST", async () => {
    const userId = await open({ domain: SITE });
    for (const method of ["GET", "POST"]) {
      const { access, refresh } = await thief(`${method.toLowerCase()}@example.com`);
      site.pass(601);
      const fresh = await site.auth.sessions.refresh(refresh);
      const live = fresh.ok ? fresh.accessToken : access;
      await visit([
        { name: ACCESS, value: live, path: "/page" },
        { name: REFRESH, value: refresh, path: "/page" },
      ]);
      expect(await ask(page, method, "/page/x")).toMatchObject({ code: "unauthenticated" });
      expect(await ask(page, method, "/page/x")).toMatchObject({ userId });
    }
  });

  it("a live access token under a former name is not taken when the owner's has run out", async () => {
    const userId = await open({ previous: [{ name: "sid", domain: SITE }] });
    site.pass(601);
    const { access } = await thief();
    await visit([{ name: "sid", value: access, path: "/" }]);
    expect(await ask(page, "POST", "/page")).toMatchObject({ userId });
    expect(await ask(page, "GET", "/page")).toMatchObject({ userId });
  });

  it("with refreshPath a refresh cookie for every path does not sign the owner in as the thief", async () => {
    const userId = await open({ refreshPath: "/auth" });
    const { refresh } = await thief();
    site.pass(601);
    await visit([{ name: REFRESH, value: refresh, path: "/" }]);
    expect(await ask(page, "GET", "/page")).toMatchObject({ code: "unauthenticated" });
    expect(await ask(page, "POST", "/auth/refresh")).toMatchObject({ status: 401, error: "unauthenticated" });
    expect(await ask(page, "POST", "/auth/refresh")).toMatchObject({ status: 200, session: { userId } });
    expect(await ask(page, "GET", "/page")).toMatchObject({ userId });
  });
});
