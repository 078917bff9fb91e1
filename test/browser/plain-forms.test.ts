import { memory } from "@latchkey/core/memory";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { demoApp } from "../../examples/node-hono/src/app.ts";
import { ANN } from "../fixtures/server.ts";
import { describeChromium, launch } from "./chromium.ts";
import { type LocalSite, openSite } from "./pages.ts";

describeChromium("the page of the demo without scripts", () => {
  let browser: Browser;
  let site: LocalSite;
  beforeAll(async () => {
    const app = demoApp({ store: memory() });
    site = await openSite((request) => app.fetch(request));
    browser = await launch();
  });
  afterAll(async () => {
    await browser?.close();
    await site?.close();
  });

  it("signs a person up, out and in, and tells a wrong password, with JavaScript disabled", async () => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    const press = async (button: string): Promise<void> => {
      await page.getByRole("button", { name: button }).click();
    };
    const fill = async (password: string): Promise<void> => {
      await page.getByLabel("E-mail").fill(ANN.email);
      await page.getByLabel("Password").fill(password);
    };
    const says = (text: string): Promise<void> => page.locator("h1", { hasText: text }).waitFor();
    await page.goto(`${site.origin}/plain`);
    await fill(ANN.password);
    await press("Sign up");
    await says(`Signed in as ${ANN.email}`);
    await press("Sign out");
    await says("Signed out");
    await fill("not the password");
    await press("Sign in");
    await page.waitForURL(`${site.origin}/plain?error=invalid_credentials`);
    expect(await page.getByRole("alert").textContent()).not.toBe("");
    await fill(ANN.password);
    await press("Sign in");
    await says(`Signed in as ${ANN.email}`);
    expect(page.url()).toBe(`${site.origin}/plain`);
    await context.close();
  });
});
