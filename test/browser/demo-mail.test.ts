import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { freePort, type ServerProcess, startServer } from "../e2e/demo-process.ts";
import { describeChromium, launch } from "./chromium.ts";
import { PATIENTLY } from "./client-page.ts";
import { examine, layoutShift } from "./looks.ts";

const PASSWORD = "correct horse battery";
const RESET = "another horse battery";
const CHANGED = "a third horse battery";

describeChromium("the account pages and the inbox of the demo", () => {
  const dir = mkdtempSync(join(tmpdir(), "latchkey-demo-mail-"));
  const complaints: string[] = [];
  let browser: Browser;
  let server: ServerProcess;
  let page: Page;
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
      const isRefusal = message.text().startsWith("Failed to load resource");
      if (message.type() === "error" && !isRefusal) complaints.push(message.text());
    });
    context.on("weberror", (error) => complaints.push(String(error.error())));
    page = await context.newPage();
  });
  afterEach(async () => {
    await page.context().close();
    expect(complaints.splice(0)).toEqual([]);
    expect(server.output()).not.toMatch(/token=/);
  });

  const part = (title: string) => page.getByRole("form", { name: title });
  const send = async (title: string, values: Readonly<Record<string, string>> = {}): Promise<void> => {
    for (const [label, value] of Object.entries(values))
      await part(title).getByLabel(label, { exact: true }).fill(value);
    await part(title).locator("button[type=submit]").click();
  };
  const said = (text: string): Promise<void> => page.getByRole("status").filter({ hasText: text }).waitFor();
  const enter = async (email: string, password: string, button: string): Promise<void> => {
    await page.goto("/");
    await page.getByLabel("E-mail", { exact: true }).fill(email);
    await page.getByLabel("Password", { exact: true }).fill(password);
    await page.getByRole("button", { name: button }).click();
  };
  const isIn = (): Promise<void> => page.locator("#home:not([hidden])").waitFor();
  // A form that is sent before the script of its page runs is sent without it, and opens the answer.
  const isLoaded = (path: string): Promise<void> => page.waitForURL(({ pathname }) => pathname === path);
  /** Opens the link of the newest message to an address. */
  const openLetter = async (address: string, subject: string, path: string): Promise<void> => {
    const letter = page
      .getByRole("listitem")
      .filter({ hasText: `To ${address}` })
      .filter({ hasText: subject })
      .filter({ has: page.getByRole("link") })
      .first();
    const isThere = async (): Promise<boolean> => {
      await page.goto("/inbox");
      return letter.isVisible();
    };
    await expect.poll(isThere, PATIENTLY).toBe(true);
    await letter.getByRole("link").first().click();
    await isLoaded(path);
    await expect.poll(() => page.url(), PATIENTLY).toBe(server.url + path);
  };

  it("confirm an address, set a password twice, change the address, undo that, and delete the account", async () => {
    const [first, second] = ["eve@first.example", "eve@second.example"];
    await enter(first, PASSWORD, "Create account");
    await isIn();
    await openLetter(first, "Confirm", "/verify-email");
    await send("This address is yours");
    await said("The address is confirmed.");
    await page.goto("/forgot-password");
    await send("Your address", { "E-mail": first });
    await said("If this address has an account");
    await openLetter(first, "password", "/reset-password");
    await send("Your new password", { "New password": RESET });
    await said("The password is set.");
    await enter(first, RESET, "Sign in");
    await isIn();
    await page.getByRole("link", { name: "Change your account" }).click();
    await isLoaded("/account");
    await send("Change your password", { "Current password": RESET, "New password": CHANGED });
    await said("The password is changed");
    await send("Change your address", { "New e-mail": second });
    await said("A message to the new address is in the inbox.");
    await openLetter(second, "Confirm", "/confirm-email");
    await send("This address is yours");
    await said("Your account has the new address.");
    await openLetter(first, "changed", "/undo-email-change");
    await send("Undo the change");
    await said("Your account has its earlier address.");
    await page.goto("/sign-in/mail");
    await send("With a link", { "E-mail": first });
    await said("If this address has an account");
    await openLetter(first, "Sign in", "/sign-in/link");
    await send("In this browser");
    await isIn();
    await page.goto("/account");
    await send("Delete your account");
    await page.locator("#guest").waitFor();
  });

  it("ask for the password if the sign-in is old", async () => {
    await enter("old@example.com", PASSWORD, "Create account");
    await isIn();
    await page.goto("/account");
    const json = { error: "insufficient_user_authentication", message: "Old." };
    await page.route("**/auth/account", (route) => route.fulfill({ status: 401, json }), { times: 1 });
    await send("Delete your account");
    const dialog = page.getByRole("dialog", { name: "Enter your password" });
    await dialog.getByLabel("Password", { exact: true }).fill("wrong horse battery");
    await dialog.getByRole("button", { name: "Continue" }).click();
    await dialog.getByRole("alert").filter({ hasText: /./ }).waitFor();
    await examine(page, "demo-step-up");
    await dialog.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await dialog.getByRole("button", { name: "Continue" }).click();
    await page.locator("#guest").waitFor();
  });

  it("pass the checks of axe, in light and dark, on a small and a large screen", async () => {
    await enter("looks@example.com", PASSWORD, "Create account");
    await isIn();
    for (const path of ["inbox", "account", "forgot-password", "sign-in/mail"]) {
      await page.goto(`/${path}`);
      await examine(page, `demo-${path.replace("/", "-")}`);
    }
    for (const path of [
      "reset-password",
      "verify-email",
      "confirm-email",
      "undo-email-change",
      "sign-in/link",
    ]) {
      const answer = await page.goto(`/${path}?token=${"a".repeat(86)}`);
      expect(answer?.headers()["referrer-policy"]).toBe("no-referrer");
      expect(await layoutShift(page), path).toBeLessThan(0.02);
      await examine(page, `demo-${path.replace("/", "-")}`);
    }
    await send("In this browser");
    await page.getByRole("alert").filter({ hasText: "ask for another" }).waitFor();
    await page.goto("/reset-password");
    await page.getByText("This link is not complete.").waitFor();
  });
});
