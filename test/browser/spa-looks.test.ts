import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { AxeResults } from "axe-core";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { describeChromium, launch } from "./chromium.ts";
import { type SpaSite, startSpa } from "./spa-site.ts";
import { openSpaVisitor, PASSWORD, type SpaVisitor } from "./spa-visitor.ts";

declare global {
  var axe: { readonly run: () => Promise<AxeResults> };
}

// An init script is not subject to the page's policy; a script tag would be.
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const PICTURES = join(import.meta.dirname, "screenshots");
const LOOKS = [
  { colorScheme: "light", width: 1400, height: 900 },
  { colorScheme: "dark", width: 360, height: 780 },
] as const;

describeChromium("the looks of the React example", () => {
  let browser: Browser;
  let site: SpaSite;
  beforeAll(async () => {
    mkdirSync(PICTURES, { recursive: true });
    [browser, site] = await Promise.all([launch(), startSpa()]);
  });
  afterAll(async () => {
    await browser?.close();
    await site?.close();
  });

  it("has no fault that axe finds, in the light and in the dark, on a telephone and on a desk", async () => {
    const visitor = await openSpaVisitor(browser, site);
    await visitor.context.addInitScript(AXE);
    const look = (name: string): Promise<void> => examine(visitor, name);
    await visitor.open("/");
    await visitor.arrive("One key for each device");
    await look("home");
    await visitor.open("/nowhere");
    await visitor.arrive("Nothing here");
    await look("not-found");
    await visitor.open("/sign-in?to=/devices&error=oauth_denied");
    await visitor.arrive("Sign in");
    await look("sign-in");
    await visitor.open("/sign-up");
    await visitor.arrive("Create an account");
    await visitor.page.getByRole("button", { name: "Create account" }).click();
    await visitor.page.getByRole("alert").waitFor();
    await look("sign-up");
    await visitor.signUp("looks@example.com");
    await look("account");
    await signInElsewhere(site, "looks@example.com");
    await visitor.open("/devices");
    await visitor.page.getByRole("button", { name: "Sign out Firefox on Windows" }).waitFor();
    await look("devices");
    await visitor.page.route(`${site.api}/**`, (route) => route.abort());
    await visitor.page.reload();
    await visitor.page.getByRole("button", { name: "Try now" }).waitFor();
    await look("offline");
    expect(await visitor.leave()).toEqual([]);
  });
});

async function examine({ page }: SpaVisitor, name: string): Promise<void> {
  for (const { colorScheme, ...size } of LOOKS) {
    const title = `spa-${name}-${colorScheme}-${size.width}`;
    await page.setViewportSize(size);
    await page.emulateMedia({ colorScheme });
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(overflow, title).toBeLessThanOrEqual(0);
    await page.screenshot({ path: join(PICTURES, `${title}.png`), fullPage: true });
    const { violations } = await page.evaluate(() => axe.run());
    const found = violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]);
    expect(found, title).toEqual([]);
  }
}

async function signInElsewhere({ api }: SpaSite, email: string): Promise<void> {
  const response = await fetch(`${api}/auth/login`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "user-agent": "Mozilla/5.0 (Windows NT 10.0) Firefox/140.0",
    },
    body: JSON.stringify({ email, password: PASSWORD }),
  });
  expect(response.status).toBe(200);
}
