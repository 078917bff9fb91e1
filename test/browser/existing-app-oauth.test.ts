import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { AuthServer } from "./auth-server.ts";
import { describeChromium, launch } from "./chromium.ts";
import { startOpenIdServer } from "./openid-server.ts";
import { bundle, htmlOf } from "./pages.ts";

const ENTRY = `
import React from "react";
import { createRoot } from "react-dom/client";
import OAuthLoginButton from "./existing-app/OAuthLoginButton.js";
import Profile from "./existing-app/Profile.js";
import { UserProvider } from "./existing-app/UserContext.js";
const page = <UserProvider><Profile /><OAuthLoginButton provider="oidc" /></UserProvider>;
createRoot(document.getElementById("root")).render(page);
`;

describeChromium("the unchanged React sign-in button of an existing application", () => {
  let browser: Browser;
  let server: AuthServer;
  beforeAll(async () => {
    const script = await bundle(ENTRY, "tsx");
    server = await startOpenIdServer({ "/": htmlOf(["/app.js"]), "/app.js": script });
    browser = await launch();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  it("signs in at its own URL, where the handler is mounted there", async () => {
    server.meddle((request, pass) => {
      const started = /\/auth\/oauth_start\/([^/]+)\//.exec(request.url)?.[1];
      if (started === undefined) return pass();
      const url = `${server.origin}/auth/oauth/${started}?redirect_to=/`;
      return server.auth.handlers.oauthStart(new Request(url, { headers: request.headers }));
    });
    const page = await browser.newPage();
    page.setDefaultTimeout(40_000);
    await page.goto(server.origin);
    await page.getByText("Not logged in", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Login with Oidc" }).click();
    await page.locator("input[name=login]").fill("ann");
    for (const prompt of ["login", "consent"]) {
      await page.locator("h1", { hasText: prompt }).waitFor();
      await page.getByRole("button", { name: "Continue" }).click();
    }
    await page.getByText("Welcome, ann@example.com", { exact: true }).waitFor();
    expect(server.requests[1]).toBe("GET /auth/oauth_start/oidc/example.com/");
    expect(new URL(page.url()).pathname).toBe("/");
  });
});
