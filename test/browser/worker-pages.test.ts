import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { freePort, pause, type ServerProcess, startServer } from "../e2e/demo-process.ts";
import { describeChromium, launch } from "./chromium.ts";
import { examine } from "./looks.ts";

const script = join(import.meta.dirname, "../../examples/cloudflare-worker/src/dev.ts");
const PASSWORD = "correct horse battery";
const FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:143.0) Gecko/20100101 Firefox/143.0";

describeChromium("the page of the Worker example", () => {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-worker-page-"));
  let browser: Browser;
  let server: ServerProcess;
  beforeAll(async () => {
    const port = await freePort();
    const env = { LATCHKEY_DEV_DIR: folder };
    [browser, server] = await Promise.all([launch(), startServer({ script, port, env })]);
    // It answers before its tables are there.
    while (!server.output().includes("Latchkey on workerd")) await pause(100);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop("SIGTERM");
    rmSync(folder, { recursive: true, force: true });
  });

  it("names the devices, keeps what was typed after an error, and asks before a sign-out everywhere", async () => {
    const context = await browser.newContext({
      baseURL: server.url,
      locale: "de-DE",
      timezoneId: "Asia/Tokyo",
    });
    context.setDefaultTimeout(40_000);
    const complaints: string[] = [];
    context.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
    context.on("weberror", (error) => complaints.push(String(error.error())));
    const page = await context.newPage();
    const press = (name: string): Promise<void> => page.getByRole("button", { name, exact: true }).click();
    const told = (text: string): Promise<void> => page.locator("#status:focus", { hasText: text }).waitFor();
    const signInElsewhere = async (): Promise<void> => {
      const headers = { "content-type": "application/json", "user-agent": FIREFOX };
      const body = JSON.stringify({ email: "hal@example.com", password: PASSWORD });
      const answer = await fetch(`${server.url}/auth/login`, { method: "POST", headers, body });
      expect(answer.status).toBe(200);
    };
    await page.goto("/", { waitUntil: "networkidle" });
    // A visitor causes no error in the console.
    expect(complaints).toEqual([]);
    await page.getByLabel("E-mail").fill("hal@example.com");
    await page.getByLabel("Password").fill(PASSWORD);
    await press("Sign in");
    await page.getByRole("alert").filter({ hasText: /\w/ }).waitFor();
    expect(await page.getByLabel("E-mail").inputValue()).toBe("hal@example.com");
    expect(await page.getByLabel("Password").inputValue()).toBe(PASSWORD);
    await examine(page, "worker-door");
    await press("Create account");
    await told("Signed in as hal@example.com.");
    await signInElsewhere();
    await page.reload();
    await page.getByText("You are signed in as hal@example.com.").waitFor();
    const devices = page.getByRole("listitem");
    expect(await devices.first().textContent()).toMatch(/^Chrome on Linux.*This device$/);
    const time = devices.first().getByRole("time").first();
    const shape = { timeZone: "Asia/Tokyo", hour: "numeric", minute: "2-digit" } as const;
    const since = new Date((await time.getAttribute("datetime")) ?? 0);
    expect(await time.textContent()).toContain(new Intl.DateTimeFormat("de-DE", shape).format(since));
    await examine(page, "worker-devices");
    await press("Sign out Firefox on Windows");
    await told("Firefox on Windows is signed out.");
    expect(await devices.count()).toBe(1);
    await signInElsewhere();
    await press("Sign out everywhere else");
    await told("All other devices are signed out.");
    await press("Sign out everywhere");
    await examine(page, "worker-question");
    await press("Cancel");
    expect(await page.locator("#home").isVisible()).toBe(true);
    await press("Sign out everywhere");
    await page.getByRole("dialog").getByRole("button", { name: "Sign out everywhere" }).click();
    await told("You are signed out everywhere.");
    await page.getByLabel("E-mail").waitFor();
    // Chromium notes the 401 of the wrong password.
    expect(complaints.filter((text) => !text.includes("401"))).toEqual([]);
    await context.close();
  });
});
