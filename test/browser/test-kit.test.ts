import { createTestAuth } from "@latchkey/core/testing";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { describeChromium, launch } from "./chromium.ts";
import { htmlOf, openSite } from "./pages.ts";
import { openSecureSite, resolving } from "./secure-site.ts";

type Kit = Pick<ReturnType<typeof createTestAuth>, "auth">;

/** An application whose page tells the signed-in user, as its server renders it. */
async function answer({ auth }: Kit, request: Request): Promise<Response> {
  if (new URL(request.url).pathname.startsWith("/auth/")) return auth.handle(request);
  const found = await auth.validate(request);
  const headers = new Headers(found.headers);
  headers.set("content-type", "text/html");
  return new Response(htmlOf([], `<h1>${found.ok ? found.userId : "nothing"}</h1>`), { headers });
}

describeChromium("a context of Playwright with the storageState of the test kit", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch([resolving("latchkey.test")]);
  });
  afterAll(() => browser?.close());

  it("is signed in at localhost, refreshes, and signs out", async () => {
    const kit = createTestAuth();
    const site = await openSite((request) => answer(kit, request));
    const { id } = await kit.auth.users.create({ email: "ada@example.com" });
    const { storageState } = await kit.signInAs(id, { origin: site.origin });
    const context = await browser.newContext({ storageState });
    const page = await context.newPage();
    const heading = async (): Promise<string | null> => {
      await page.goto(site.origin);
      return page.locator("h1").textContent();
    };
    expect(await heading()).toBe(id);
    kit.clock.advance(601);
    expect(await heading()).toBe(id);
    expect(kit.events.map(({ type }) => type)).toContain("session.refreshed");
    await page.evaluate(() => fetch("/auth/logout", { method: "POST" }));
    expect(await context.cookies()).toEqual([]);
    expect(await heading()).toBe("nothing");
    await context.close();
    await site.close();
  });

  it("is signed in on https, with the cookies of production", async () => {
    let kit: Kit | null = null;
    const site = await openSecureSite("latchkey.test", async (request) =>
      kit === null ? new Response(null, { status: 503 }) : answer(kit, request),
    );
    const baseURL = `https://app.latchkey.test:${site.port}`;
    const opened = createTestAuth({ baseURL });
    kit = opened;
    const { id } = await opened.auth.users.create({ email: "ada@example.com" });
    const { storageState } = await opened.signInAs(id);
    const context = await browser.newContext({ storageState, ignoreHTTPSErrors: true });
    const page = await context.newPage();
    await page.goto(baseURL);
    expect(await page.locator("h1").textContent()).toBe(id);
    const names = (await context.cookies()).map(({ name }) => name).toSorted();
    expect(names).toEqual(["__Host-Http-latchkey.access", "__Host-Http-latchkey.refresh"]);
    await context.close();
    site.close();
  });
});
