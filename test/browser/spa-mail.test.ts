import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { openSmtp, type Smtp } from "../fixtures/smtp.ts";
import { describeChromium, launch } from "./chromium.ts";
import { PATIENTLY } from "./client-page.ts";
import { examine, layoutShift } from "./looks.ts";
import { type Mailboxes, openMailboxes } from "./mail-links.ts";
import { type SpaSite, startSpa } from "./spa-site.ts";
import { openSpaVisitor, PASSWORD, type SpaVisitor } from "./spa-visitor.ts";

const RESET = "another horse battery";
const CHANGED = "a third horse battery";

describeChromium("the life of an account in the React example", () => {
  let browser: Browser;
  let smtp: Smtp;
  let site: SpaSite;
  let mailboxes: Mailboxes;
  let visitor: SpaVisitor;
  const seen: string[] = [];
  beforeAll(async () => {
    [browser, smtp] = await Promise.all([launch(), openSmtp()]);
    site = await startSpa(smtp.url);
    mailboxes = openMailboxes(smtp, browser);
  });
  afterAll(async () => {
    await browser?.close();
    await site?.close();
    await smtp?.close();
  });
  beforeEach(async () => {
    visitor = await openSpaVisitor(browser, site);
    visitor.context.on("request", (request) => seen.push(request.headers()["referer"] ?? ""));
  });
  afterEach(async () => {
    expect(await visitor.leave()).toEqual([]);
    expect(seen.splice(0).filter((referer) => referer.includes("token"))).toEqual([]);
  });

  const press = (name: string): Promise<void> =>
    visitor.page.getByRole("button", { name, exact: true }).click();
  const fill = (label: string, text: string): Promise<void> =>
    visitor.page.getByLabel(label, { exact: true }).fill(text);
  const said = (text: string): Promise<void> =>
    visitor.page.getByRole("status").filter({ hasText: text }).waitFor();
  /** Opens the newest link to a page, and expects that its token leaves the address. */
  const openLink = async (address: string, path: string, title: string): Promise<void> => {
    await visitor.open(await mailboxes.link(address, path));
    await visitor.arrive(title);
    await expect.poll(() => visitor.page.url(), PATIENTLY).toBe(site.origin + path);
    expect(await visitor.page.evaluate(() => JSON.stringify(history.state))).not.toContain("token");
  };
  const signOut = async (): Promise<void> => {
    await press("Sign out");
    await said("You are signed out.");
  };

  it("is verified, gets a new password twice, changes its address, and is deleted", async () => {
    const [first, second] = ["ann@first.example", "ann@second.example"];
    await visitor.signUp(first);
    await openLink(first, "/verify-email", "Confirm your address");
    await press("Confirm address");
    await said("Your address is confirmed.");
    await visitor.page.getByRole("link", { name: "Go to your account" }).click();
    await visitor.arrive("Your account");
    await signOut();
    await visitor.arrive("Sign in");

    await visitor.page.getByRole("link", { name: "Forgotten password" }).click();
    await visitor.arrive("Forgotten password");
    await fill("E-mail address", first);
    await press("Send link");
    await said(`If ${first} has an account`);
    await openLink(first, "/reset-password", "Set a new password");
    await fill("New password", "short");
    await press("Set password");
    await visitor.page.getByRole("alert").filter({ hasText: "too easy to guess" }).waitFor();
    await fill("New password", RESET);
    await press("Set password");
    await said("Your password is set.");
    await visitor.signIn(first, PASSWORD);
    await visitor.page.getByRole("alert").filter({ hasText: "There is no account" }).waitFor();
    await visitor.signIn(first, RESET);
    await visitor.arrive("Your account");

    await visitor.page.getByRole("link", { name: /^Change your address/ }).click();
    await visitor.arrive("Settings");
    await fill("Current password", PASSWORD);
    await fill("New password", CHANGED);
    await press("Change password");
    await visitor.page.getByRole("alert").filter({ hasText: "This is not your password." }).waitFor();
    await fill("Current password", RESET);
    await press("Change password");
    await said("Your password is changed");

    await fill("New e-mail address", second);
    await visitor.page
      .getByRole("region", { name: "Change your address" })
      .getByRole("button", { name: "Send link" })
      .click();
    await said(`Open the message to ${second}.`);
    await openLink(second, "/confirm-email", "Confirm your new address");
    await press("Use this address");
    await said(`Your address is ${second} now.`);
    await signOut();
    await visitor.signIn(second, CHANGED);
    await visitor.arrive("Your account");

    await openLink(first, "/undo-email-change", "Restore your address");
    await press("Restore address");
    await said("Your account has its earlier address.");
    await visitor.page.getByRole("link", { name: "Set a new password" }).click();
    await visitor.open("/sign-in/mail");
    await visitor.arrive("Sign in by mail");
    await fill("E-mail address", first);
    await press("Send link");
    await said("a message with a link");
    await openLink(first, "/sign-in/link", "Sign in with your link");
    await press("Sign in");
    await visitor.arrive("Your account");
    await visitor.page.getByText("with a link").waitFor();
    expect(await visitor.page.locator(".lead").textContent()).toBe(first);
    await signOut();

    await visitor.open("/sign-in/mail");
    await fill("E-mail address", first);
    await press("Send code");
    await said("a message with a code");
    await fill("Code", "12345");
    await press("Sign in");
    await visitor.page.getByRole("alert").filter({ hasText: "Enter the six digits" }).waitFor();
    await fill("Code", await mailboxes.code(first));
    await press("Sign in");
    await visitor.arrive("Your account");
    await visitor.page.getByText("with a code").waitFor();

    await visitor.open("/settings");
    await visitor.arrive("Settings");
    await press("Delete account");
    await visitor.arrive("Your account is deleted");
    expect(
      (await visitor.context.cookies(site.api)).filter(({ name }) => /access|refresh/.test(name)),
    ).toEqual([]);
    await visitor.open("/account");
    await visitor.arrive("Sign in");
  });

  it("asks for the password before a change if the sign-in is old, and makes the change then", async () => {
    await visitor.signUp("old@example.com");
    await visitor.open("/settings");
    await visitor.arrive("Settings");
    const refuse = { status: 401, json: { error: "insufficient_user_authentication", message: "Old." } };
    const headers = {
      "access-control-allow-origin": site.origin,
      "access-control-allow-credentials": "true",
    };
    await visitor.page.route("**/auth/account", (route) => route.fulfill({ ...refuse, headers }), {
      times: 1,
    });
    await press("Delete account");
    const dialog = visitor.page.getByRole("dialog", { name: "Enter your password" });
    await dialog.waitFor();
    expect(await visitor.page.evaluate(() => document.activeElement?.getAttribute("name"))).toBe("password");
    await dialog.getByLabel("Password", { exact: true }).fill("wrong horse battery");
    await dialog.getByRole("button", { name: "Continue" }).click();
    await dialog.getByRole("alert").filter({ hasText: "This is not your password." }).waitFor();
    await examine(visitor.page, "spa-step-up");
    await dialog.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await dialog.getByRole("button", { name: "Continue" }).click();
    await visitor.arrive("Your account is deleted");
  });

  it("keeps the account of a sign-in that is old if the user cancels", async () => {
    await visitor.signUp("cancel@example.com");
    await visitor.open("/settings");
    await visitor.arrive("Settings");
    const headers = {
      "access-control-allow-origin": site.origin,
      "access-control-allow-credentials": "true",
    };
    const json = { error: "insufficient_user_authentication", message: "Old." };
    await visitor.page.route("**/auth/account", (route) => route.fulfill({ status: 401, headers, json }));
    await press("Delete account");
    await visitor.page.getByRole("dialog").waitFor();
    await press("Cancel");
    await visitor.page.getByRole("alert").filter({ hasText: "Sign in again to do this." }).waitFor();
    await visitor.page.reload();
    await visitor.arrive("Settings");
  });

  it("sends no Referer from a page with a token", async () => {
    await visitor.signUp("referer@example.com");
    const link = await mailboxes.link("referer@example.com", "/verify-email");
    expect((await fetch(link)).headers.get("referrer-policy")).toBe("no-referrer");
    await visitor.open(link);
    await visitor.arrive("Confirm your address");
    const following = visitor.page.waitForRequest(`${site.api}/inbox`);
    await visitor.page.evaluate((url) => {
      const anchor = document.createElement("a");
      anchor.href = url;
      document.body.append(anchor);
      anchor.click();
    }, `${site.api}/inbox`);
    const request = await following;
    expect(await request.headerValue("referer")).toBeNull();
  });

  it("shows pages that pass the checks of axe, in light and dark, on a small and a large screen", async () => {
    const look = (name: string): Promise<void> => examine(visitor.page, `spa-${name}`);
    await visitor.open("/forgot-password");
    await visitor.arrive("Forgotten password");
    await press("Send link");
    await visitor.page.getByRole("alert").waitFor();
    await look("forgot");
    await fill("E-mail address", "looks@example.com");
    await press("Send link");
    await said("If looks@example.com has an account");
    await look("forgot-sent");
    await visitor.open("/sign-in/mail");
    await visitor.arrive("Sign in by mail");
    await look("mail-sign-in");
    await fill("E-mail address", "looks@example.com");
    await press("Send code");
    await visitor.page.getByLabel("Code", { exact: true }).waitFor();
    await look("code");
    const pages = ["reset-password", "verify-email", "confirm-email", "undo-email-change", "sign-in/link"];
    for (const page of pages) {
      await visitor.open(`/${page}?token=${"a".repeat(86)}`);
      await visitor.page.getByRole("heading", { level: 1 }).waitFor();
      expect(await layoutShift(visitor.page), page).toBeLessThan(0.02);
      await look(page.replace("/", "-"));
    }
    await visitor.page.getByRole("button", { name: "Sign in", exact: true }).click();
    await visitor.page.getByRole("alert").filter({ hasText: "does not work any more" }).waitFor();
    await look("token-invalid");
    await visitor.open("/reset-password");
    await visitor.page.getByText("This link is not complete.").waitFor();
    await visitor.signUp("settings@example.com");
    await visitor.open("/settings");
    await visitor.arrive("Settings");
    await press("Change password");
    await visitor.page.getByRole("alert").waitFor();
    await look("settings");
  });
});
