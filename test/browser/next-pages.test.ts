import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { buildApp, type NextApp, startApp } from "../e2e/next-app.ts";
import { describeChromium, launch } from "./chromium.ts";
import { examine } from "./looks.ts";

const PASSWORD = "correct horse battery";
const FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:143.0) Gecko/20100101 Firefox/143.0";

describeChromium("the pages of the Next.js example", () => {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-next-pages-"));
  const complaints: string[] = [];
  let browser: Browser;
  let app: NextApp;
  let origin = "";
  let page: Page;
  beforeAll(async () => {
    await buildApp();
    [browser, app] = await Promise.all([launch(), startApp(folder)]);
    origin = `http://localhost:${app.port}`;
  }, 300_000);
  afterAll(async () => {
    await browser?.close();
    await app?.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  afterEach(async () => {
    await page.context().close();
    expect(complaints.splice(0)).toEqual([]);
  });

  const open = async (options: BrowserContextOptions = {}): Promise<void> => {
    const context = await browser.newContext({ baseURL: origin, ...options });
    context.setDefaultTimeout(40_000);
    context.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
    context.on("weberror", (error) => complaints.push(String(error.error())));
    page = await context.newPage();
  };
  const arrive = (title: string): Promise<void> =>
    page.getByRole("heading", { level: 1, name: title }).waitFor();
  const press = (name: string): Promise<void> => page.getByRole("button", { name, exact: true }).click();
  const enter = async (email: string, password: string, button: string): Promise<void> => {
    await page.getByLabel("E-mail", { exact: true }).fill(email);
    await page.getByLabel("Password", { exact: true }).fill(password);
    await press(button);
  };
  const signInElsewhere = async (email: string): Promise<void> => {
    const headers = { "content-type": "application/json", "user-agent": FIREFOX };
    const body = JSON.stringify({ email, password: PASSWORD });
    expect((await fetch(`${origin}/auth/login`, { method: "POST", headers, body })).status).toBe(200);
  };
  const refusal = () => page.getByRole("alert").filter({ hasText: "The address or the password is wrong." });

  it("keep what was typed after an error, and write no error to the console of a visitor", async () => {
    await open();
    await page.goto("/");
    await arrive("Latchkey on Next.js");
    await examine(page, "next-home");
    await page.goto("/login");
    await enter("eve@example.com", "wrong horse battery", "Sign in");
    await refusal().waitFor();
    expect(await page.getByLabel("E-mail", { exact: true }).inputValue()).toBe("eve@example.com");
    expect(await page.getByLabel("Password", { exact: true }).inputValue()).toBe("wrong horse battery");
    await examine(page, "next-login");
  });

  it("tell which user is signed in, on which devices and when, and ask before a sign-out everywhere", async () => {
    await open({ locale: "de-DE", timezoneId: "Asia/Tokyo" });
    await page.goto("/login?redirect_to=/dashboard");
    await enter("fay@example.com", PASSWORD, "Make an account");
    await arrive("Dashboard");
    await page.getByRole("banner").getByText("fay@example.com").waitFor();
    const time = page.getByRole("time");
    const inTokyo = new Intl.DateTimeFormat("de-DE", {
      timeZone: "Asia/Tokyo",
      hour: "numeric",
      minute: "2-digit",
    });
    const since = new Date((await time.getAttribute("datetime")) ?? 0);
    await time.filter({ hasText: inTokyo.format(since) }).waitFor();
    await examine(page, "next-dashboard");
    await signInElsewhere("fay@example.com");
    await page.goto("/devices");
    const devices = page.getByRole("main").getByRole("listitem");
    expect(await devices.first().textContent()).toMatch(/^Chrome on Linux.*This device$/);
    await examine(page, "next-devices");
    await devices.filter({ hasText: "Firefox on Windows" }).getByRole("button", { name: "Sign out" }).click();
    await page.locator("[role=status]:focus", { hasText: "The device is signed out." }).waitFor();
    expect(await devices.count()).toBe(1);
    await signInElsewhere("fay@example.com");
    await press("Sign out everywhere else");
    await page.getByRole("status").filter({ hasText: "All other devices are signed out." }).waitFor();
    await page.getByText("Sign out everywhere…").click();
    await examine(page, "next-sign-out-everywhere");
    await press("Yes, sign out everywhere");
    await arrive("Sign in");
  });

  it("work without scripts", async () => {
    await open({ javaScriptEnabled: false });
    await page.goto("/login");
    await enter("gus@example.com", PASSWORD, "Make an account");
    await arrive("Dashboard");
    expect(await page.getByRole("time").textContent()).toMatch(/\d:\d\d.* UTC$/);
    await signInElsewhere("gus@example.com");
    await page.goto("/devices");
    await page.getByRole("listitem").filter({ hasText: "Firefox" }).getByRole("button").click();
    await page.getByRole("status").filter({ hasText: "The device is signed out." }).waitFor();
    await page.getByText("Sign out everywhere…").click();
    await press("Yes, sign out everywhere");
    await arrive("Sign in");
    await enter("gus@example.com", "wrong horse battery", "Sign in");
    await refusal().waitFor();
    expect(await page.getByLabel("E-mail", { exact: true }).inputValue()).toBe("gus@example.com");
  });
});
