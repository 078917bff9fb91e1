import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ANN } from "../fixtures/server.ts";
import { type AuthServer, startAuthServer } from "./auth-server.ts";
import { describeChromium, launch } from "./chromium.ts";
import { bundle, htmlOf } from "./pages.ts";

const ENTRY = `
import React from "react";
import { createRoot } from "react-dom/client";
import App from "./existing-app/App.js";
createRoot(document.getElementById("root")).render(<App />);
`;

describeChromium("the unchanged React code of an existing application", () => {
  let browser: Browser;
  let server: AuthServer;
  let page: Page;
  const faults: string[] = [];
  beforeAll(async () => {
    const script = await bundle(ENTRY, "tsx");
    server = await startAuthServer({ pages: { "/": htmlOf(["/app.js"]), "/app.js": script } });
    await server.auth.users.create(ANN);
    browser = await launch();
    page = await browser.newPage();
    page.setDefaultTimeout(40_000);
    page.on("pageerror", ({ message }) => faults.push(message));
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  const shows = (text: string): Promise<void> => page.getByText(text, { exact: true }).waitFor();
  const submit = async (password: string): Promise<number> => {
    await page.getByPlaceholder("Email").fill(ANN.email);
    await page.getByPlaceholder("Password").fill(password);
    const [answer] = await Promise.all([
      page.waitForResponse("**/auth/login/"),
      page.getByRole("button", { name: "Login" }).click(),
    ]);
    return answer.status();
  };

  it("shows that it is loading until the server answers", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    server.meddle(async (_, pass) => {
      await promise;
      return pass();
    });
    await page.goto(server.origin);
    await shows("Loading...");
    resolve();
    server.meddle(null);
    await shows("Not logged in");
  });

  it("stays signed out after a wrong password", async () => {
    expect(await submit("not the password")).toBe(401);
    await shows("Not logged in");
    await expect.poll(() => faults).toEqual(["Request failed with status code 401"]);
  });

  it("signs in, and finds the user again after a reload", async () => {
    expect(await submit(ANN.password)).toBe(200);
    await shows(`Welcome, ${ANN.email}`);
    await page.reload();
    await shows(`Welcome, ${ANN.email}`);
  });

  it("stays signed in after its access token expires, without code for it", async () => {
    for (let round = 0; round < 3; round++) {
      server.clock.advance(61);
      server.events.length = 0;
      await page.reload();
      await shows(`Welcome, ${ANN.email}`);
      expect(server.events.map(({ type }) => type)).toEqual(["session.refreshed"]);
    }
  });

  it("signs out in this page and on the server", async () => {
    await page.getByRole("button", { name: "Logout" }).click();
    await shows("Not logged in");
    expect(await page.context().cookies()).toEqual([]);
    await page.reload();
    await shows("Not logged in");
    expect(faults).toHaveLength(1);
  });
});
