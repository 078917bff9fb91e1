import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { AuthServer } from "./auth-server.ts";
import { describeChromium, launch } from "./chromium.ts";
import { clientPages, emailOf, untilStatus } from "./client-page.ts";
import { startOpenIdServer } from "./openid-server.ts";

describeChromium("a sign-in with an OpenID provider", () => {
  let browser: Browser;
  let server: AuthServer;
  beforeAll(async () => {
    server = await startOpenIdServer(await clientPages());
    browser = await launch();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  const begin = (page: Page): Promise<void> =>
    page.evaluate(() => void client.signIn.oauth("oidc", { redirectTo: "/?back=1" }));
  const atProvider = (page: Page, prompt: string): Promise<void> =>
    page.locator("h1", { hasText: prompt }).waitFor();
  const press = (page: Page): Promise<void> => page.getByRole("button", { name: "Continue" }).click();
  const logIn = async (page: Page): Promise<void> => {
    await page.locator("input[name=login]").fill("ann");
    await press(page);
  };
  const isBack = async (page: Page): Promise<void> => {
    await page.waitForURL(`${server.origin}/?back=1`);
    await untilStatus(page, "signed-in");
    expect(await emailOf(page)).toBe("ann@example.com");
  };
  const allIsWell = async (tabs: readonly Page[]): Promise<void> => {
    const kinds = server.events.map(({ type }) => type);
    expect(kinds.filter((type) => type === "oauth.failed")).toEqual([]);
    expect(kinds.filter((type) => type === "user.created")).toHaveLength(1);
    server.clock.advance(61);
    await Promise.all(tabs.map((tab) => tab.reload()));
    await Promise.all(tabs.map(isBack));
  };

  it("succeeds in both of two tabs that began at the same time", async () => {
    const context = await browser.newContext();
    context.setDefaultTimeout(40_000);
    const tabs = await Promise.all([context.newPage(), context.newPage()]);
    await Promise.all(tabs.map((tab) => tab.goto(server.origin)));
    await Promise.all(tabs.map(begin));
    await Promise.all(tabs.map((tab) => atProvider(tab, "login")));
    const [first, last] = tabs;
    await logIn(last);
    await atProvider(last, "consent");
    await press(last);
    await isBack(last);
    await logIn(first);
    await isBack(first);
    await allIsWell(tabs);

    // The provider knows Ann now: both are sent there and back without a stop, and arrive at once.
    await first.evaluate(() => client.signOut());
    await Promise.all(tabs.map((tab) => untilStatus(tab, "signed-out")));
    await Promise.all(tabs.map((tab) => tab.goto(server.origin)));
    await Promise.all(tabs.map(begin));
    await Promise.all(tabs.map(isBack));
    await allIsWell(tabs);
    await context.close();
  });

  it("returns to the page that began it, with the reason, where it was refused", async () => {
    const page = await browser.newPage();
    await page.goto(server.origin);
    await begin(page);
    await atProvider(page, "login");
    await page.evaluate(() => {
      const input = Object.assign(document.createElement("input"), { name: "abort", value: "yes" });
      document.querySelector("form")?.append(input);
    });
    await press(page);
    await page.waitForURL(`${server.origin}/?back=1&*`);
    expect(new URL(page.url()).searchParams.get("error")).toBe("oauth_denied");
    await untilStatus(page, "signed-out");
    await page.close();
  });
});
