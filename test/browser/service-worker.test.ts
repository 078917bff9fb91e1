import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { AuthServer } from "./auth-server.ts";
import { describeChromium, launchWhole } from "./chromium.ts";
import { PATIENTLY } from "./client-page.ts";
import { startOpenIdServer } from "./openid-server.ts";
import { htmlOf, type LocalSite, openPages } from "./pages.ts";

/** The worker of many applications: it relays every request as it came. */
const WORKER = `self.addEventListener("install", () => self.skipWaiting());
  self.addEventListener("activate", (event) => event.waitUntil(clients.claim()));
  self.addEventListener("fetch", (event) => event.respondWith(fetch(event.request)));`;
const START = "/auth/oauth/oidc?redirect_to=/?back=1";

describeChromium("a sign-in with a provider below a service worker", () => {
  let browser: Browser;
  let server: AuthServer;
  let elsewhere: LocalSite;
  let page: Page;
  const seen: string[] = [];
  beforeAll(async () => {
    browser = await launchWhole();
    const home = htmlOf([], `<a href="${START}">Sign in</a>`);
    server = await startOpenIdServer({ "/": home, "/worker.js": WORKER });
    server.meddle(async (request, pass) => {
      const response = await pass();
      const [mode, destination] = ["mode", "dest"].map((name) => request.headers.get(`sec-fetch-${name}`));
      const route = new URL(request.url).pathname.split("/").slice(3).join("/");
      seen.push(`${route}: ${mode} ${destination} ${response.status}`);
      return response;
    });
    const embedded = `<img src="${server.origin}${START}"><iframe src="${server.origin}${START}"></iframe>
      <script>fetch("${server.origin}${START}", { mode: "no-cors", credentials: "include" })</script>`;
    elsewhere = await openPages({ "/": htmlOf([], embedded) }, "127.0.0.1");
    page = await browser.newPage();
    await page.goto(server.origin);
    await page.evaluate(async () => {
      await navigator.serviceWorker.register("/worker.js");
      await navigator.serviceWorker.ready;
    });
    await page.reload();
  });
  afterAll(async () => {
    await browser?.close();
    for (const site of [server, elsewhere]) await site?.close();
  });

  it("begins and ends, although the worker empties the destination", { timeout: 30_000 }, async () => {
    await page.getByText("Sign in").click();
    for (const prompt of ["login", "consent"]) {
      await page.locator("h1", { hasText: prompt }).waitFor();
      if (prompt === "login") await page.locator("input[name=login]").fill("ann");
      await page.getByRole("button", { name: "Continue" }).click();
    }
    await page.waitForURL(`${server.origin}/?back=1`);
    expect(seen).toEqual(["oidc: navigate empty 303", "oidc/callback: navigate empty 303"]);
    expect(server.events.map(({ type }) => type)).toContain("session.started");
  });

  it("is still refused to an image, a frame and a script of another site", async () => {
    seen.length = 0;
    await page.goto(elsewhere.origin);
    await expect.poll(() => seen.length, PATIENTLY).toBe(3);
    const refused = ["cors empty", "cors image", "navigate iframe"];
    expect(seen.map((line) => line.replace(/^oidc: (no-)?/, "")).toSorted()).toEqual(
      refused.map((how) => `${how} 403`),
    );
  });
});
