import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ANN, openServer, type TestServer } from "../fixtures/server.ts";
import { describeChromium, launch } from "./chromium.ts";
import { htmlOf, type LocalSite, openPages, openSite } from "./pages.ts";

const TRACING = {
  baggage: "sentry-environment=production",
  "sentry-trace": "771a43a4192642f0b136d5159a501700-b7ad6b7169203331-1",
  traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
};

describeChromium("a page on another origin than its API", () => {
  let browser: Browser;
  let page: Page;
  let site: LocalSite;
  let api: LocalSite;
  const complaints: string[] = [];
  beforeAll(async () => {
    site = await openPages({ "/": htmlOf([]), "/favicon.ico": "" });
    const { auth }: TestServer = openServer({ trustedOrigins: [site.origin] });
    const notes = async (request: Request): Promise<Response> => {
      const found = await auth.validate(request);
      return found.ok ? Response.json({ userId: found.userId }) : found.response();
    };
    api = await openSite(async (request) => {
      const { pathname } = new URL(request.url);
      if (pathname.startsWith("/auth/")) return auth.handle(request);
      if (pathname === "/bare") return notes(request);
      return auth.cors(request) ?? auth.cors(request, await notes(request));
    });
    browser = await launch();
    page = await browser.newPage();
    page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
    await page.goto(site.origin);
  });
  afterAll(async () => {
    await browser?.close();
    await site?.close();
    await api?.close();
  });

  /** Sends a request from the page, with cookies and JSON. */
  const send = (path: string, method: string, more = {}, body?: object): Promise<unknown> =>
    page.evaluate(
      async ([url, init]) => {
        const answer = await fetch(url, { ...init, credentials: "include" }).catch(String);
        return typeof answer === "string" ? answer : answer.json();
      },
      [
        `${api.origin}${path}`,
        {
          method,
          headers: { "content-type": "application/json", ...more },
          ...(body && { body: JSON.stringify(body) }),
        },
      ] as const,
    );

  it("asks for the session with tracing headers, and an anonymous visitor has an empty console", async () => {
    expect(await send("/auth/session", "GET", TRACING)).toEqual({ session: null, user: null });
    expect(complaints).toEqual([]);
  });

  it("calls a route of the application that has auth.cors, and no other", async () => {
    expect(await send("/auth/signup", "POST", TRACING, ANN)).toMatchObject({ user: { email: ANN.email } });
    expect(await send("/notes", "PATCH", TRACING, {})).toEqual({ userId: expect.any(String) });
    expect(await send("/notes", "GET")).toEqual({ userId: expect.any(String) });
    expect(await send("/bare", "GET")).toBe("TypeError: Failed to fetch");
    expect(await send("/notes", "GET", { "x-unlisted": "1" })).toBe("TypeError: Failed to fetch");
  });
});
