import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { pause } from "../e2e/demo-process.ts";
import { describeChromium, launch } from "./chromium.ts";
import { type SpaSite, startSpa } from "./spa-site.ts";
import { comeBack, openSpaVisitor, PASSWORD, type SpaVisitor, signInElsewhere } from "./spa-visitor.ts";

describeChromium("the React example, on another origin than its API", () => {
  let browser: Browser;
  let site: SpaSite;
  let visitor: SpaVisitor;
  let people = 0;
  const anybody = (): string => `visitor-${++people}@example.com`;
  beforeAll(async () => {
    [browser, site] = await Promise.all([launch(), startSpa()]);
  });
  beforeEach(async () => {
    visitor = await openSpaVisitor(browser, site);
  });
  afterEach(async () => {
    expect(await visitor.leave()).toEqual([]);
  });
  afterAll(async () => {
    await browser?.close();
    await site?.close();
  });

  const button = (name: string | RegExp) => visitor.page.getByRole("button", { name, exact: true });
  const alert = (text: string) => visitor.page.getByRole("alert").filter({ hasText: text });
  const focused = (): Promise<string> =>
    visitor.page.evaluate(() => {
      const element = document.activeElement;
      return element instanceof HTMLInputElement ? element.name : (element?.textContent?.trim() ?? "");
    });
  const cookieNames = async ({ context }: SpaVisitor): Promise<readonly string[]> =>
    (await context.cookies(site.api)).map(({ name }) => name);
  const address = (): string => visitor.page.url().slice(site.origin.length);

  it("signs up, stays signed in over a reload, and signs out", async () => {
    const email = anybody();
    await visitor.signUp(email);
    expect(await visitor.page.locator(".lead").textContent()).toBe(email);
    expect(await focused()).toBe("Your account");
    await visitor.page.reload();
    await visitor.arrive("Your account");
    await button("Sign out").click();
    await visitor.arrive("Sign in");
    const farewell = visitor.page.getByText("You are signed out.");
    expect(await farewell.isVisible()).toBe(true);
    expect(address()).toBe("/sign-in");
    expect(await cookieNames(visitor)).toEqual([`latchkey.device.${site.apiPort}`]);
    await visitor.page.getByRole("link", { name: "Create an account" }).click();
    await visitor.arrive("Create an account");
    expect(await farewell.count()).toBe(0);
    await visitor.page.goBack();
    await visitor.arrive("Sign in");
    expect(await farewell.count()).toBe(0);
    await visitor.page.reload();
    await visitor.arrive("Sign in");
  });

  it("hides its cookies from scripts, and shows none of them", async () => {
    await visitor.signUp(anybody());
    const cookies = await visitor.context.cookies(site.api);
    const shape = { domain: "localhost", path: "/", httpOnly: true, sameSite: "Lax", secure: false };
    expect(cookies.map(({ name }) => name).toSorted()).toEqual([
      `latchkey.access.${site.apiPort}`,
      `latchkey.device.${site.apiPort}`,
      `latchkey.refresh.${site.apiPort}`,
    ]);
    for (const cookie of cookies) expect(cookie).toMatchObject(shape);
    const seen = await visitor.page.evaluate(whatScriptsSee, `${site.api}/auth`);
    for (const { value } of cookies) expect(seen).not.toContain(value);
    expect(seen).not.toMatch(/eyJ|lkr_/);
    expect(seen).toContain('"cookie":""');
    expect(seen).toContain('"stored":[]');
  });

  it("can sign in at the API from its origin, and every other unsafe request from there is refused", async () => {
    await visitor.signUp(anybody());
    const headers = { origin: site.origin, "sec-fetch-site": "same-site" };
    const { request } = visitor.context;
    expect((await request.get(`${site.api}/auth/session`, { headers })).status()).toBe(200);
    for (const what of ["lose", "replay"]) {
      const answer = await request.post(`${site.api}/demo/${what}`, { headers });
      expect({ status: answer.status(), body: await answer.json() }).toMatchObject({
        status: 403,
        body: { error: "csrf_rejected" },
      });
    }
  });

  it("announces a wrong password and a missing field, and moves the focus to the field", async () => {
    const email = anybody();
    await visitor.signUp(email);
    await button("Sign out").click();
    await visitor.arrive("Sign in");
    await button("Sign in").click();
    await alert("Enter an e-mail address").waitFor();
    expect(await focused()).toBe("email");
    const field = visitor.page.getByLabel("E-mail address");
    expect(await field.getAttribute("aria-invalid")).toBe("true");
    const described = await field.getAttribute("aria-describedby");
    expect(await visitor.page.locator(`[id="${described}"]`).textContent()).toContain("Enter an e-mail");
    await visitor.fill(email, "another horse battery");
    await button("Sign in").click();
    await alert("There is no account with this address and password.").waitFor();
    expect(await focused()).toBe("password");
    await visitor.fill(email, PASSWORD);
    await button("Sign in").click();
    await visitor.arrive("Your account");
  });

  it("announces a taken address and a weak password beside their fields", async () => {
    const email = anybody();
    await visitor.signUp(email);
    await button("Sign out").click();
    await visitor.arrive("Sign in");
    await visitor.page.getByRole("link", { name: "Create an account" }).click();
    await visitor.arrive("Create an account");
    await visitor.fill(email, PASSWORD);
    await button("Create account").click();
    await alert("This address has an account already.").waitFor();
    expect(await focused()).toBe("email");
    await visitor.fill(anybody(), "short");
    await button("Create account").click();
    await alert("This password is too easy to guess.").waitFor();
    expect(await focused()).toBe("password");
    await button("Show password").click();
    expect(await visitor.page.getByLabel("Password", { exact: true }).getAttribute("type")).toBe("text");
  });

  it("returns a user to the protected page that was requested, and never to another site", async () => {
    const email = anybody();
    await visitor.open("/devices");
    await visitor.arrive("Sign in");
    expect(address()).toBe("/sign-in?to=%2Fdevices");
    await visitor.page.getByRole("link", { name: "Create an account" }).click();
    await visitor.arrive("Create an account");
    await visitor.fill(email, PASSWORD);
    await button("Create account").click();
    await visitor.arrive("Devices");
    expect(address()).toBe("/devices");
    const plain = ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"];
    const resolved = ["/.//evil.example", "/x/..//evil.example", "/%2e//evil.example", "/..\\/evil.example"];
    for (const to of [...plain, ...resolved]) {
      await visitor.open(`/sign-in?to=${encodeURIComponent(to)}`);
      await visitor.arrive("Your account");
      expect(address()).toBe("/account");
    }
  });

  it("keeps the user signed in while the server is unavailable, and says so", async () => {
    await visitor.page.clock.install();
    await visitor.signUp(anybody());
    await visitor.page.route(`${site.api}/**`, (route) => route.abort());
    await visitor.page.clock.fastForward(30_000);
    const notice = visitor.page.getByRole("status").filter({ hasText: "You stay signed in." });
    await notice.waitFor();
    await visitor.arrive("Your account");
    await visitor.page.unroute(`${site.api}/**`);
    await button("Try now").click();
    await notice.waitFor({ state: "detached" });
    await visitor.arrive("Your account");
    await visitor.page.route(`${site.api}/**`, (route) => route.abort());
    await button("Sign out").click();
    await alert("You are still signed in.").waitFor();
  });

  it("does not report a sign-out of all devices that the server could not carry out", async () => {
    await visitor.signUp(anybody());
    await visitor.open("/devices");
    await visitor.page.route("**/auth/logout", (route) =>
      route.fulfill({
        status: 503,
        headers: {
          "access-control-allow-origin": site.origin,
          "access-control-allow-credentials": "true",
        },
        json: { error: "store_unavailable", message: "The store does not answer." },
      }),
    );
    await button("Sign out everywhere").click();
    await alert("Only this browser is signed out.").waitFor();
    await visitor.arrive("Sign in");
    expect(address()).toBe("/sign-in");
  });

  describe("with several devices", () => {
    it("lists them, and signs another one out", async () => {
      const email = anybody();
      await visitor.signUp(email);
      const other = await openSpaVisitor(browser, site, {
        userAgent: "Mozilla/5.0 (Windows NT 10.0) Firefox/140.0",
      });
      await other.signIn(email);
      await other.arrive("Your account");
      await other.open("/devices");
      await other.arrive("Devices");
      await visitor.open("/devices");
      await button("Sign out Firefox on Windows").waitFor();
      const devices = visitor.page.getByRole("listitem");
      expect(await devices.count()).toBe(2);
      expect(await devices.first().textContent()).toContain("this device");
      await button("Sign out Firefox on Windows").click();
      await visitor.page
        .getByRole("status")
        .filter({ hasText: "Firefox on Windows is signed out." })
        .waitFor();
      await button("Sign out Firefox on Windows").waitFor({ state: "detached" });
      expect(await devices.count()).toBe(1);
      await comeBack(other, site);
      await other.arrive("Sign in");
      const farewell = other.page.getByRole("status").filter({ hasText: "You were signed out from another" });
      await farewell.waitFor();
      await other.open("/");
      await other.arrive("One key for each device");
      expect(await farewell.count()).toBe(0);
      expect(await other.leave()).toEqual([]);
    });

    it("distinguishes two of one kind, and treats one that has already ended as signed out", async () => {
      const email = anybody();
      await visitor.signUp(email);
      await signInElsewhere(site, email);
      await pause(1_001);
      await signInElsewhere(site, email);
      await visitor.open("/devices");
      const others = button(/^Sign out Firefox on Windows, signed in .+:\d\d:\d\d/);
      await expect.poll(() => others.count()).toBe(2);
      const names = await others.evaluateAll((all) => all.map((each) => each.getAttribute("aria-label")));
      expect(new Set(names).size).toBe(2);
      const asked: string[] = [];
      visitor.page.on("request", (request) => {
        if (request.method() === "DELETE") asked.push(request.url());
      });
      await others.first().dblclick();
      const said = visitor.page.getByRole("status").filter({ hasText: "Firefox on Windows is signed out." });
      await said.waitFor();
      await button("Sign out Firefox on Windows").waitFor();
      expect(asked).toHaveLength(1);
      await visitor.page.evaluate(signOutOthers, `${site.api}/auth/logout`);
      await button("Sign out Firefox on Windows").click();
      await button("Sign out Firefox on Windows").waitFor({ state: "detached" });
      expect(asked).toHaveLength(2);
      expect(await said.isVisible()).toBe(true);
      expect(await visitor.page.getByRole("alert").count()).toBe(0);
    });

    it("signs out everywhere: in this tab, in another tab at once, on other devices", async () => {
      const email = anybody();
      await visitor.signUp(email);
      const other = await openSpaVisitor(browser, site);
      await other.signIn(email);
      await other.arrive("Your account");
      await other.open("/devices");
      await other.arrive("Devices");
      const tab = await visitor.context.newPage();
      await tab.goto("/account");
      await tab.getByRole("heading", { name: "Your account" }).waitFor();
      await visitor.open("/devices");
      await button("Sign out everywhere").click();
      await visitor.arrive("Sign in");
      expect(address()).toBe("/sign-in");
      await tab.getByRole("heading", { name: "Sign in" }).waitFor();
      await comeBack(other, site);
      await other.arrive("Sign in");
      expect(await cookieNames(other)).toEqual([`latchkey.device.${site.apiPort}`]);
      expect(await other.leave()).toEqual([]);
    });
  });

  describe("with a provider", () => {
    it("signs in, and opens the page that the user requested", async () => {
      await visitor.open("/devices");
      await visitor.arrive("Sign in");
      await button("Sign in with local OpenID").click();
      await button(/Maya Lindholm/).click();
      await button("Allow").click();
      await visitor.arrive("Devices");
      expect(address()).toBe("/devices");
      await visitor.page.getByRole("link", { name: "Account" }).click();
      await visitor.arrive("Maya Lindholm");
    });

    it("explains that the sign-in failed, and removes the code from the address", async () => {
      await visitor.open("/sign-in");
      await visitor.arrive("Sign in");
      await button("Sign in with local OpenID").click();
      await button("Cancel").click();
      await visitor.arrive("Sign in");
      await alert("You cancelled at the provider.").waitFor();
      expect(await focused()).toContain("You cancelled");
      await visitor.page.waitForURL((url) => !url.searchParams.has("error"));
      expect(address()).toBe("/sign-in?to=%2Faccount");
    });

    it("links no existing account, and ignores an invented error code", async () => {
      const email = anybody();
      await visitor.signUp(email);
      await button("Sign out").click();
      await visitor.arrive("Sign in");
      await button("Sign in with local OpenID").click();
      await visitor.page.getByLabel("Or any other e-mail address").fill(email);
      await button("Continue").click();
      await button("Allow").click();
      await alert("This address has an account with a password.").waitFor();
      await visitor.open(`/sign-in?error=${encodeURIComponent("<b>Call 555 1234</b>")}`);
      await alert("The provider could not tell who you are.").waitFor();
      expect(await visitor.page.content()).not.toContain("555");
    });
  });

  it("is usable with the keyboard alone", async () => {
    const { keyboard } = visitor.page;
    const press = async (...keys: readonly string[]): Promise<void> => {
      for (const key of keys) await keyboard.press(key);
    };
    const tabTo = async (name: string): Promise<void> => {
      for (let presses = 0; (await focused()) !== name && presses < 20; presses++) await press("Tab");
      expect(await focused()).toBe(name);
    };
    await visitor.open("/");
    await visitor.arrive("One key for each device");
    await press("Tab");
    expect(await focused()).toBe("Skip to the content");
    await press("Enter");
    await tabTo("Create an account");
    await press("Enter");
    await visitor.arrive("Create an account");
    expect(await focused()).toBe("Create an account");
    await press("Tab");
    await keyboard.type(anybody());
    await press("Tab");
    await keyboard.type(PASSWORD);
    await press("Enter");
    await visitor.arrive("Your account");
    await press("Shift+Tab");
    expect(await focused()).toBe("Sign out");
    await press("Shift+Tab", "Enter");
    await visitor.arrive("Devices");
    await button("Sign out this device").waitFor();
    await press("Tab", "Enter");
    await visitor.arrive("Sign in");
    expect(address()).toBe("/sign-in");
    expect(await focused()).toBe("Sign in");
  });
});

function signOutOthers(url: string): Promise<unknown> {
  const headers = { "content-type": "application/json" };
  return fetch(url, { method: "POST", credentials: "include", headers, body: '{"scope":"others"}' });
}

/** Everything that a script of the page can get at, as one text. */
async function whatScriptsSee(auth: string): Promise<string> {
  const answers = await Promise.all(
    [
      ["GET", "session"],
      ["POST", "refresh"],
      ["GET", "sessions"],
    ].map(async ([method = "", path = ""]) => {
      const response = await fetch(`${auth}/${path}`, { method, credentials: "include" });
      return [response.status, [...response.headers], await response.text()];
    }),
  );
  return JSON.stringify({
    cookie: document.cookie,
    stored: [
      ...Object.entries(localStorage),
      ...Object.entries(sessionStorage),
      ...(await indexedDB.databases()),
      ...(await caches.keys()),
    ],
    history: history.state,
    globals: Object.getOwnPropertyNames(window)
      .filter((name) => typeof Reflect.get(window, name) === "string")
      .map((name) => [name, Reflect.get(window, name)]),
    page: document.documentElement.outerHTML,
    answers,
  });
}
