import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { expect } from "vitest";
import { PATIENTLY } from "./client-page.ts";
import type { SpaSite } from "./spa-site.ts";

export const PASSWORD = "correct horse battery";

/** A user with a browser profile of their own. */
export interface SpaVisitor {
  readonly context: BrowserContext;
  readonly page: Page;
  readonly open: (path: string) => Promise<void>;
  /** Waits for the page of that title. */
  readonly arrive: (title: string) => Promise<void>;
  readonly fill: (email: string, password: string) => Promise<void>;
  readonly signUp: (email: string) => Promise<void>;
  readonly signIn: (email: string, password?: string) => Promise<void>;
  /** Leaves, and tells what the console said that it should not have. */
  readonly leave: () => Promise<readonly string[]>;
}

export async function openSpaVisitor(
  browser: Browser,
  site: SpaSite,
  options: BrowserContextOptions = {},
): Promise<SpaVisitor> {
  const context = await browser.newContext({ baseURL: site.origin, ...options });
  context.setDefaultTimeout(40_000);
  const complaints: string[] = [];
  context.on("console", (message) => {
    // Chromium notes each 401, and each request that a test lets fail.
    const isRefusal = message.text().startsWith("Failed to load resource");
    if (message.type() === "error" && !isRefusal) complaints.push(message.text());
  });
  context.on("weberror", (error) => complaints.push(String(error.error())));
  const page = await context.newPage();
  const arrive = async (title: string): Promise<void> => {
    await page.getByRole("heading", { level: 1, name: title }).waitFor();
    // React sets the title in another task than the heading.
    await expect.poll(() => page.title(), PATIENTLY).toBe(`${title} · Latchkey`);
  };
  const fill = async (email: string, password: string): Promise<void> => {
    await page.getByLabel("E-mail address").fill(email);
    await page.getByLabel("Password", { exact: true }).fill(password);
  };
  return {
    context,
    page,
    open: async (path) => {
      await page.goto(path);
    },
    arrive,
    fill,
    signUp: async (email) => {
      await page.goto("/sign-up");
      await fill(email, PASSWORD);
      await page.getByRole("button", { name: "Create account" }).click();
      await arrive("Your account");
    },
    signIn: async (email, password = PASSWORD) => {
      await page.goto("/sign-in");
      await fill(email, password);
      await page.getByRole("button", { name: "Sign in", exact: true }).click();
    },
    leave: async () => {
      await context.close();
      return complaints;
    },
  };
}

/** Lets the access token be over, as time would, and the page be shown again. */
export async function comeBack({ context, page }: SpaVisitor, { apiPort }: SpaSite): Promise<void> {
  await context.clearCookies({ name: `latchkey.access.${apiPort}` });
  await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
}

/** Signs in from a Firefox on Windows. */
export async function signInElsewhere({ api }: SpaSite, email: string): Promise<void> {
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
