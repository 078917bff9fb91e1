import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { buildApp, type NextApp, startApp } from "../e2e/next-app.ts";
import { openSmtp, type Smtp } from "../fixtures/smtp.ts";
import { describeChromium, launch } from "./chromium.ts";
import { PATIENTLY } from "./client-page.ts";
import { examine, layoutShift } from "./looks.ts";
import { type Mailboxes, openMailboxes } from "./mail-links.ts";

const PASSWORD = "correct horse battery";
const RESET = "another horse battery";
const CHANGED = "a third horse battery";

describeChromium("the life of an account in the Next.js example", () => {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-next-mail-"));
  const referers: string[] = [];
  let browser: Browser;
  let smtp: Smtp;
  let app: NextApp;
  let origin = "";
  let mailboxes: Mailboxes;
  let context: BrowserContext;
  let page: Page;
  beforeAll(async () => {
    await buildApp();
    [browser, smtp] = await Promise.all([launch(), openSmtp()]);
    app = await startApp(folder, { SMTP_URL: smtp.url });
    origin = `http://localhost:${app.port}`;
    mailboxes = openMailboxes(smtp, browser);
  }, 300_000);
  afterAll(async () => {
    await browser?.close();
    await app?.stop();
    await smtp?.close();
    rmSync(folder, { recursive: true, force: true });
  });
  beforeEach(async () => {
    context = await browser.newContext({ baseURL: origin });
    context.setDefaultTimeout(40_000);
    context.on("request", (request) => referers.push(request.headers()["referer"] ?? ""));
    page = await context.newPage();
  });
  afterEach(async () => {
    await context.close();
    expect(referers.splice(0).filter((referer) => referer.includes("token"))).toEqual([]);
    // Nor does the server write one.
    expect(app.output()).not.toMatch(/token=/);
  });

  const press = (name: string): Promise<void> => page.getByRole("button", { name, exact: true }).click();
  const fill = (label: string, text: string, at = 0): Promise<void> =>
    page.getByLabel(label, { exact: true }).nth(at).fill(text);
  const said = (text: string): Promise<void> => page.getByRole("status").filter({ hasText: text }).waitFor();
  const refused = (text: string): Promise<void> =>
    page.getByRole("alert").filter({ hasText: text }).waitFor();
  const arrive = (title: string): Promise<void> =>
    page.getByRole("heading", { level: 1, name: title }).waitFor();
  const enter = async (email: string, password: string, button: string): Promise<void> => {
    await page.goto("/login");
    await fill("E-mail", email);
    await fill("Password", password);
    await press(button);
  };
  const openLink = async (address: string, path: string, title: string): Promise<void> => {
    await page.goto(await mailboxes.link(address, path));
    await arrive(title);
    await expect.poll(() => page.url(), PATIENTLY).toBe(origin + path);
  };
  const signOut = async (): Promise<void> => {
    await press("Sign out");
    await arrive("Sign in");
  };

  it("is verified, gets a new password twice, changes its address, and is deleted", async () => {
    const [first, second] = ["bob@first.example", "bob@second.example"];
    await enter(first, PASSWORD, "Make an account");
    await arrive("Dashboard");
    await openLink(first, "/verify-email", "Confirm your address");
    await press("Confirm address");
    await said("Your address is confirmed.");
    await signOut();

    await page.getByRole("link", { name: "Forgotten password" }).click();
    await arrive("Forgotten password");
    await fill("E-mail", first);
    await press("Send link");
    await said("If this address has an account");
    await openLink(first, "/reset-password", "Set a new password");
    await fill("New password", "12345678");
    await press("Set password");
    await refused("too easy to guess");
    await fill("New password", RESET);
    await press("Set password");
    await said("Your password is set.");
    await enter(first, PASSWORD, "Sign in");
    await refused("The address or the password is wrong.");
    await enter(first, RESET, "Sign in");
    await arrive("Dashboard");

    await page.getByRole("link", { name: "Settings" }).click();
    await arrive("Settings");
    await fill("Current password", PASSWORD);
    await fill("New password", CHANGED);
    await press("Change password");
    await refused("This is not your password.");
    await fill("Current password", RESET);
    await fill("New password", CHANGED);
    await press("Change password");
    await said("Your password is changed");
    await fill("New e-mail", second);
    await press("Send link");
    await said("Open the message to the new address.");
    await openLink(second, "/confirm-email", "Confirm your new address");
    await press("Use this address");
    await said("Your account has the new address.");
    await signOut();
    await enter(second, CHANGED, "Sign in");
    await arrive("Dashboard");

    await openLink(first, "/undo-email-change", "Restore your address");
    await press("Restore address");
    await said("Your account has its earlier address.");
    await page.goto("/sign-in/mail");
    await fill("E-mail", first);
    await press("Send link");
    await said("If this address has an account");
    await openLink(first, "/sign-in/link", "Sign in with your link");
    await press("Sign in");
    await arrive("Dashboard");
    await signOut();

    await page.goto("/sign-in/mail");
    await fill("E-mail", first, 1);
    await press("Send code");
    await said("If this address has an account");
    await fill("E-mail", first, 2);
    await fill("Code", await mailboxes.code(first));
    await press("Sign in");
    await arrive("Dashboard");
    await page.goto("/settings");
    await press("Delete account");
    await arrive("Your account is deleted");
    expect((await context.cookies()).filter(({ name }) => /access|refresh/.test(name))).toEqual([]);
    await page.goto("/dashboard");
    await arrive("Sign in");
  });

  it("sends a link without scripts, and says that its page needs them", async () => {
    const email = "plain@example.com";
    await enter(email, PASSWORD, "Make an account");
    await arrive("Dashboard");
    await signOut();
    const plain = await browser.newContext({ baseURL: origin, javaScriptEnabled: false });
    page = await plain.newPage();
    await page.goto("/forgot-password");
    await fill("E-mail", email);
    await press("Send link");
    await said("If this address has an account");
    await page.goto(await mailboxes.link(email, "/reset-password"));
    // Chromium does not show it here, because the page is only emulated to have no scripts.
    expect(await page.content()).toContain("This page needs JavaScript.");
    await plain.close();
  });

  it("sends no Referer from a page with a token", async () => {
    await enter("referer@example.com", PASSWORD, "Make an account");
    await arrive("Dashboard");
    const link = await mailboxes.link("referer@example.com", "/verify-email");
    const answer = await fetch(link);
    expect(answer.headers.get("referrer-policy")).toBe("no-referrer");
    expect(answer.headers.get("cache-control")).toContain("no-store");
    await page.goto(link);
    const following = page.waitForRequest(`${origin}/login`);
    await page.evaluate(() => {
      const anchor = document.createElement("a");
      anchor.href = "/login";
      document.body.append(anchor);
      anchor.click();
    });
    const request = await following;
    expect(await request.headerValue("referer")).toBeNull();
    await arrive("Sign in");
  });

  it("shows pages that pass the checks of axe, in light and dark, on a small and a large screen", async () => {
    const look = (name: string): Promise<void> => examine(page, `next-${name}`);
    for (const path of ["forgot-password", "sign-in/mail", "deleted"]) {
      await page.goto(`/${path}`);
      await look(path.replace("/", "-"));
    }
    const pages = ["reset-password", "verify-email", "confirm-email", "undo-email-change", "sign-in/link"];
    for (const path of pages) {
      await page.goto(`/${path}?token=${"a".repeat(86)}`);
      expect(await layoutShift(page), path).toBeLessThan(0.02);
      await look(path.replace("/", "-"));
    }
    await press("Sign in");
    await refused("This link or code does not work any more.");
    await look("token-invalid");
    await enter("looks@example.com", PASSWORD, "Make an account");
    await arrive("Dashboard");
    await page.goto("/settings");
    await look("settings");
    await page.goto("/reauthenticate?redirect_to=/settings");
    await fill("Password", "wrong horse battery");
    await press("Continue");
    await refused("This is not your password.");
    await look("reauthenticate");
    await fill("Password", PASSWORD);
    await press("Continue");
    await arrive("Settings");
  });
});
