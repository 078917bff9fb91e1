import { oidc } from "@latchkey/core/oauth";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { settableClock } from "../fixtures/clock.ts";
import { startIdentityProvider } from "../fixtures/providers/certified-provider.ts";
import { ANN, cheapPassword, openServer, SECRET, type TestServer } from "../fixtures/server.ts";
import { describeChromium, launch } from "./chromium.ts";
import { htmlOf } from "./pages.ts";
import { openSecureSite, resolving, type SecureSite } from "./secure-site.ts";

/** The provider is at localhost, which is another site. */
describeChromium("an application whose cookies are SameSite=Strict", () => {
  let browser: Browser;
  let site: SecureSite;
  let server: TestServer;
  let app: string;
  let provider: Awaited<ReturnType<typeof startIdentityProvider>>;

  /** Every page tells the signed-in user, as the server renders it. */
  async function answer(request: Request): Promise<Response> {
    const { hostname, pathname } = new URL(request.url);
    const html = { headers: { "content-type": "text/html" } };
    if (hostname === "www.mail.test")
      return new Response(htmlOf([], `<a href="${app}/reset">Open</a>`), html);
    if (pathname.startsWith("/auth/")) return server.auth.handle(request);
    const found = await server.auth.validate(request, { refresh: "never" });
    const form = '<form method="post" action="/check"><button>Send</button></form>';
    return new Response(htmlOf([], `<h1>${found.ok ? "signed in" : "signed out"}</h1>${form}`), html);
  }

  beforeAll(async () => {
    site = await openSecureSite("latchkey.test", (request) => answer(request));
    app = `https://app.latchkey.test:${site.port}`;
    provider = await startIdentityProvider({
      redirectUris: [`${app}/auth/oauth/oidc/callback`],
      accounts: { ann: { sub: "ann-1", email: "ann@example.com", email_verified: true } },
    });
    server = openServer({
      baseURL: app,
      secret: SECRET,
      cookies: { sameSite: "strict" },
      clock: settableClock(Math.floor(Date.now() / 1_000)),
      providers: [cheapPassword(), oidc({ issuer: provider.issuer, ...provider.clients.basic })],
    });
    browser = await launch([resolving("latchkey.test", "mail.test")]);
  });
  afterAll(async () => {
    await browser?.close();
    await provider?.close();
    site?.close();
  });

  const open = async (javaScriptEnabled: boolean): Promise<Page> =>
    (await browser.newContext({ ignoreHTTPSErrors: true, javaScriptEnabled })).newPage();
  const heading = (page: Page): Promise<string | null> => page.locator("h1").textContent();
  const press = (page: Page, prompt: string): Promise<void> =>
    page
      .locator("form", { has: page.locator("button") })
      .getByRole("button", { name: prompt })
      .click();

  it("is signed in where a provider leads back, also without scripts", async () => {
    const page = await open(false);
    await page.goto(`${app}/`);
    await page.goto(`${app}/auth/oauth/oidc?redirect_to=/welcome%3Fa=1%26b='2'`);
    await page.locator("input[name=login]").fill("ann");
    await press(page, "Continue");
    await page.locator("h1", { hasText: "consent" }).waitFor();
    await press(page, "Continue");
    await page.waitForURL(`${app}/welcome?a=1&b=%272%27`);
    expect(await heading(page)).toBe("signed in");
    await page.context().close();
  });

  it("is still signed in where a provider leads back with an error", async () => {
    const page = await open(true);
    await page.goto(`${app}/`);
    await page.evaluate(
      async (body) => {
        const headers = { "content-type": "application/json" };
        await fetch("/auth/signup", { method: "POST", headers, body });
      },
      JSON.stringify({ ...ANN, email: "bob@example.com" }),
    );
    await page.goto(`${app}/auth/oauth/oidc?redirect_to=/settings`);
    await page.locator("input[name=login]").waitFor();
    await page.evaluate(() => {
      const input = Object.assign(document.createElement("input"), { name: "abort", value: "yes" });
      document.querySelector("form")?.append(input);
    });
    await press(page, "Continue");
    await page.waitForURL(`${app}/settings?error=oauth_denied`);
    expect(await heading(page)).toBe("signed in");
    await page.context().close();
  });

  it("is signed out at the link of a message, but what the page sends has the cookies", async () => {
    const page = await open(true);
    await page.goto(`${app}/`);
    await page.evaluate(
      async (body) => {
        const headers = { "content-type": "application/json" };
        await fetch("/auth/signup", { method: "POST", headers, body });
      },
      JSON.stringify({ ...ANN, email: "eve@example.com" }),
    );
    await page.goto(`https://www.mail.test:${site.port}/`);
    await page.locator("a").click();
    await page.waitForURL(`${app}/reset`);
    expect(await heading(page)).toBe("signed out");
    await press(page, "Send");
    await page.waitForURL(`${app}/check`);
    expect(await heading(page)).toBe("signed in");
    await page.context().close();
  });
});
