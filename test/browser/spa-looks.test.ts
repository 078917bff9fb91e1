import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { describeChromium, launch } from "./chromium.ts";
import { examine } from "./looks.ts";
import { type SpaSite, startSpa } from "./spa-site.ts";
import { openSpaVisitor, signInElsewhere } from "./spa-visitor.ts";

describeChromium("the pages of the React example", () => {
  let browser: Browser;
  let site: SpaSite;
  beforeAll(async () => {
    [browser, site] = await Promise.all([launch(), startSpa()]);
  });
  afterAll(async () => {
    await browser?.close();
    await site?.close();
  });

  it("pass the checks of axe, in light and dark, on a small and a large screen", async () => {
    const visitor = await openSpaVisitor(browser, site);
    const look = (name: string): Promise<void> => examine(visitor.page, `spa-${name}`);
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
