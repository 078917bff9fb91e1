import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { freePort, type ServerProcess, startServer } from "../e2e/demo-process.ts";
import { describeChromium, launch } from "./chromium.ts";
import { PATIENTLY } from "./client-page.ts";
import { examine } from "./looks.ts";

const REFRESH = "#refresh";
const REFRESHES = "**/auth/refresh";

describeChromium("the demo's page", () => {
  let browser: Browser;
  let server: ServerProcess;
  let page: Page;
  const complaints: string[] = [];
  const dir = mkdtempSync(join(tmpdir(), "latchkey-page-"));

  beforeAll(async () => {
    const port = await freePort();
    [browser, server] = await Promise.all([launch(), startServer({ port, env: { LATCHKEY_DEMO_DIR: dir } })]);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop("SIGKILL");
    rmSync(dir, { recursive: true, force: true });
  });

  beforeEach(async () => {
    const context = await browser.newContext({ baseURL: server.url });
    context.setDefaultTimeout(40_000);
    context.on("console", (message) => {
      if (message.type() === "error" && !message.text().includes("401")) complaints.push(message.text());
    });
    context.on("weberror", (error) => complaints.push(String(error.error())));
    page = await context.newPage();
    await page.goto("/");
  });
  afterEach(async () => {
    await page.context().close();
    expect(complaints.splice(0)).toEqual([]);
  });

  const comeIn = async (): Promise<void> => {
    await page.locator("#guest").click();
    await page.locator("#home:not([hidden])").waitFor();
    await page.locator("#auto").uncheck();
  };
  const press = async (button: string, story: RegExp): Promise<void> => {
    await page.locator(button).click();
    await page.locator("#story", { hasText: story }).waitFor();
  };
  const leaseOver = (): Promise<void> =>
    page.locator("#refresh-hint", { hasText: /child becomes the root|root comes again/ }).waitFor();

  it("explains itself before a sign-in, and passes the checks of axe", async () => {
    await page.getByRole("button", { name: "Create account" }).click();
    await page.locator("#email-error:not([hidden])").waitFor();
    expect(await page.locator("#email").getAttribute("aria-invalid")).toBe("true");
    expect(await page.locator(":focus").getAttribute("id")).toBe("email");
    await examine(page, "demo-door");
  });

  it("shows the diagram after a sign-in on a telephone", async () => {
    const context = await browser.newContext({
      baseURL: server.url,
      viewport: { width: 360, height: 740 },
      hasTouch: true,
      isMobile: true,
      reducedMotion: "reduce",
    });
    const phone = await context.newPage();
    await phone.goto("/");
    await phone.locator("#guest").waitFor();
    const [about, door] = await Promise.all(["#about", "#door"].map((id) => phone.locator(id).boundingBox()));
    expect(about?.y).toBeLessThan(door?.y ?? 0);
    expect(await phone.content()).toContain("/no-script.css");
    await phone.locator("#guest").tap();
    await phone.locator("#tour:focus").waitFor();
    const topOf = (what: string) =>
      phone.locator(what).evaluate((found) => found.getBoundingClientRect().top);
    await expect.poll(() => topOf("#stage"), PATIENTLY).toBeGreaterThan(-120);
    await expect.poll(() => topOf('#family .key[data-place="root"]'), PATIENTLY).toBeLessThan(740 - 120);
    await context.close();
  });

  it("draws the tokens of a session as they rotate: parallel refreshes, a child that becomes the root, an alarm", async () => {
    await comeIn();
    await expect.poll(() => placesOf(page), PATIENTLY).toEqual({ root: ["0"] });
    await together(page, 2);
    await press("#race", /2 requests came together with token 0\. One got token 1/);
    await page.unroute(REFRESHES);
    await expect.poll(() => placesOf(page), PATIENTLY).toEqual({ root: ["0"], child: ["1"] });
    expect(await page.locator("#family .lease[data-on]").count()).toBe(1);
    expect(await page.locator("#family-caption").textContent()).toMatch(/Root: token 0.*Child: token 1/s);
    await examine(page, "demo-race");
    await leaseOver();
    await press(REFRESH, /the child. That proves that it arrived/);
    await expect.poll(() => placesOf(page), PATIENTLY).toEqual({ retired: ["0"], root: ["1"], child: ["2"] });
    await press("#two-ago", /Alarm: the thief presented token 0, which is retired/);
    await page.locator('#family[data-ended="true"]').waitFor();
    await examine(page, "demo-ended");
    // A new session begins, without the form.
    await page.locator("#again").click();
    await page.locator("#tour:focus").waitFor();
    await expect.poll(() => placesOf(page), PATIENTLY).toEqual({ root: ["0"] });
  });

  it("tells that the other devices are signed out, and keeps the focus there", async () => {
    await comeIn();
    await page.locator("#devices li", { hasText: "Chrome on Linux (this device)" }).waitFor();
    await page.getByRole("button", { name: "Sign out the others" }).click();
    await page.locator("#devices-said:focus", { hasText: "All other devices are signed out." }).waitFor();
  });

  it("draws a lost answer, and the next child of the root", async () => {
    await comeIn();
    await press("#lose", /was lost\. This browser still holds token 0, the root/);
    await expect.poll(() => placesOf(page), PATIENTLY).toMatchObject({ root: ["0"] });
    await leaseOver();
    await press(REFRESH, /the root, once more/);
    expect(await page.locator('#family[data-ended="true"]').count()).toBe(0);
  });
});

/** Lets refreshes go when so many have come: a busy browser may send one after the answer to the other. */
async function together(page: Page, count: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let come = 0;
  await page.route(REFRESHES, async (route) => {
    come += 1;
    if (come === count) resolve();
    await promise;
    await route.continue();
  });
}

/** The numbers of the keys that the picture shows at each place. */
async function placesOf(page: Page): Promise<Readonly<Record<string, readonly string[]>>> {
  const keys = await page
    .locator("#family .key[data-place]")
    .evaluateAll((all) =>
      all.map((key) => [key.getAttribute("data-place"), key.querySelector(".number")?.textContent] as const),
    );
  const shown = keys.filter(([place]) => ["root", "child", "retired"].includes(place ?? ""));
  return Object.fromEntries(
    [...Map.groupBy(shown, ([place]) => place)].map(([place, list]) => [
      place,
      list.map(([, number]) => number),
    ]),
  );
}
