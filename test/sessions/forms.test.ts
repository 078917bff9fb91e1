import { emailCode } from "@latchkey/core";
import { describe, expect, it } from "vitest";
import { expectError } from "../fixtures/answers.ts";
import type { Browser } from "../fixtures/browser.ts";
import { ANN, cheapPassword, ORIGIN, openSecureServer, type TestServer } from "../fixtures/server.ts";

const PAGE = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
const URLENCODED = "application/x-www-form-urlencoded";
const FROM = `${ORIGIN}/login?tab=1`;

type Fields = Readonly<Record<string, string>>;

/** Sends a form as the page `/login` does in a browser without scripts. */
function submit(browser: Browser, path: string, fields: Fields, headers: Fields = {}): Promise<Response> {
  const body = new URLSearchParams(fields).toString();
  const sent = {
    accept: PAGE,
    "content-type": URLENCODED,
    referer: FROM,
    "sec-fetch-mode": "navigate",
    ...headers,
  };
  return browser.send(path, { method: "POST", body, headers: sent });
}

function expectLed(response: Response, to: string): void {
  expect(response.status).toBe(303);
  expect(response.headers.get("location")).toBe(new URL(to, ORIGIN).href);
  expect(response.headers.has("content-type")).toBe(false);
  expect(response.headers.get("cache-control")).toContain("no-store");
}

function open(): TestServer {
  return openSecureServer({ trustedOrigins: ["https://spa.example.com"] });
}

describe("a form of a page without scripts", () => {
  it("signs up, out and in, and leads to redirect_to", async () => {
    const { browser } = open();
    const ann = browser();
    expectLed(await submit(ann, "/auth/signup", { ...ANN, redirect_to: "/welcome?a=1" }), "/welcome?a=1");
    expect((await ann.get("/auth/me")).status).toBe(200);
    expectLed(await submit(ann, "/auth/logout", {}), "/");
    expect(ann.names()).toEqual([]);
    expectLed(
      await submit(ann, "/auth/login", { ...ANN, redirect_to: "https://spa.example.com/x" }),
      "https://spa.example.com/x",
    );
    expect((await ann.get("/auth/me")).status).toBe(200);
    expectLed(
      await submit(ann, "/auth/reauthenticate", { password: ANN.password, redirect_to: "/account" }),
      "/account",
    );
  });

  it("leads back to its page with the code of an error", async () => {
    const { browser, signedIn } = open();
    await signedIn();
    const wrong = { ...ANN, password: "not the password" };
    expectLed(await submit(browser(), "/auth/login", wrong), "/login?tab=1&error=invalid_credentials");
    expectLed(await submit(browser(), "/auth/signup", ANN), "/login?tab=1&error=identifier_taken");
    expectLed(await submit(browser(), "/auth/login", {}), "/login?tab=1&error=invalid_request");
    expectLed(await submit(browser(), "/auth/reauthenticate", ANN), "/login?tab=1&error=unauthenticated");
    const large = { ...ANN, more: "x".repeat(20_000) };
    expectLed(await submit(browser(), "/auth/login", large), "/login?tab=1&error=payload_too_large");
    const referer = `${FROM}&error=weak_password`;
    expectLed(
      await submit(browser(), "/auth/login", wrong, { referer }),
      "/login?tab=1&error=invalid_credentials",
    );
  });

  it("names its page by back_to where the page has no referrer", async () => {
    const { browser } = open();
    const from = (fields: Fields, headers: Fields): Promise<Response> =>
      submit(browser(), "/auth/login", fields, headers);
    expectLed(await from({ back_to: "/enter" }, { referer: "" }), "/enter?error=invalid_request");
    expectLed(await from({ back_to: "/enter" }, {}), "/enter?error=invalid_request");
    expectLed(await from({}, { referer: "" }), "/?error=invalid_request");
  });

  it.each([
    "https://evil.example/",
    "//evil.example",
    "/\\evil.example",
    "javascript:alert(1)",
    "/auth/logout",
  ])("leads neither to %s nor back to it", async (evil) => {
    const { browser, signedIn } = open();
    await signedIn();
    const ann = browser();
    const answer = await submit(ann, "/auth/login", { ...ANN, redirect_to: evil });
    expectLed(answer, "/login?tab=1&error=redirect_not_allowed");
    expect(ann.names()).toEqual([]);
    const back = await submit(browser(), "/auth/login", { back_to: evil }, { referer: evil });
    expectLed(back, "/?error=invalid_request");
  });

  it("is read as multipart/form-data too, with texts that each occur once", async () => {
    const { browser, signedIn } = open();
    await signedIn();
    const send = async (change: (data: FormData) => void): Promise<Response> => {
      const data = new FormData();
      for (const [name, value] of Object.entries({ ...ANN, redirect_to: "/in" })) data.set(name, value);
      change(data);
      const { headers, body } = new Request(ORIGIN, { method: "POST", body: data });
      const sent = { accept: PAGE, referer: FROM, "content-type": headers.get("content-type") ?? "" };
      return browser().send("/auth/login", {
        method: "POST",
        body: await new Response(body).text(),
        headers: sent,
      });
    };
    expectLed(await send(() => undefined), "/in");
    expectLed(await send((data) => data.append("email", "x")), "/login?tab=1&error=invalid_request");
    expectLed(await send((data) => data.set("email", new Blob(["x"]))), "/login?tab=1&error=invalid_request");
    const broken = { "content-type": "multipart/form-data; boundary=x" };
    expectLed(await submit(browser(), "/auth/login", ANN, broken), "/login?tab=1&error=invalid_request");
  });

  it("leads on after the routes of messages", async () => {
    const sent: string[] = [];
    const { browser } = openSecureServer({
      providers: [cheapPassword(), emailCode({ signUp: true })],
      mail: { send: (message) => void sent.push(message.text) },
    });
    const ann = browser();
    const { email } = ANN;
    expectLed(await submit(ann, "/auth/password/forgot", { email, redirect_to: "/sent" }), "/sent");
    expectLed(await submit(ann, "/auth/code", { email, redirect_to: "/code" }), "/code");
    await expect.poll(() => sent.length).toBe(1);
    const code = /\b\d{6}\b/.exec(sent[0] ?? "")?.[0] ?? "";
    expectLed(
      await submit(ann, "/auth/password/reset", { token: "x", newPassword: "y" }),
      "/login?tab=1&error=mail_token_invalid",
    );
    expectLed(await submit(ann, "/auth/code/confirm", { email, code, redirect_to: "/in" }), "/in");
    expect((await ann.get("/auth/me")).status).toBe(200);
  });

  it("CSRF-13 is refused in JSON from another site, and leads nowhere", async () => {
    const { browser } = open();
    const headers = {
      origin: "https://evil.example",
      "sec-fetch-site": "cross-site",
      referer: "https://evil.example/",
    };
    await expectError(
      await submit(browser(), "/auth/login", { ...ANN, redirect_to: "/x" }, headers),
      403,
      "csrf_rejected",
    );
  });
});

describe("a form that a script sends", () => {
  it.each(["application/json", "*/*", "application/json, text/html"])(
    "gets JSON with Accept %s",
    async (accept) => {
      const { browser, signedIn } = open();
      await signedIn();
      const answer = await submit(browser(), "/auth/login", { ...ANN, redirect_to: "/x" }, { accept });
      expect(answer.status).toBe(200);
      expect(await answer.json()).toMatchObject({ user: { email: ANN.email } });
    },
  );

  it("gets the tokens of a bearer client, which a redirect would lose", async () => {
    const { browser, signedIn } = open();
    await signedIn();
    const answer = await submit(browser(), "/auth/login", { ...ANN, transport: "bearer" });
    expect(await answer.json()).toHaveProperty("access_token");
  });
});
