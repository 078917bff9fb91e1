import { emailCode } from "@latchkey/core";
import { describe, expect, it } from "vitest";
import { clearedIn, expectError } from "../fixtures/answers.ts";
import type { Browser } from "../fixtures/browser.ts";
import { begin, beginLink, comeBack } from "../fixtures/oauth-flow.ts";
import { openStubServer } from "../fixtures/oauth-server.ts";
import { ANN_THERE } from "../fixtures/providers/stub-provider.ts";
import { ANN, cheapPassword, openSecureServer, openServer } from "../fixtures/server.ts";

const NOT = { ...ANN, remember: false };

/** How long the cookies of an answer stay, by the word in their names. */
function agesOf(headers: Headers): Readonly<Record<string, string>> {
  const lines = headers.getSetCookie().filter((line) => !line.includes("=;") && !line.includes("oauth"));
  const entries = lines.map((line) => [
    /latchkey\.(\w+)/.exec(line)?.[1] ?? line,
    /Max-Age=\d+/.exec(line)?.[0] ?? "browser",
  ]);
  return Object.fromEntries(entries);
}

const WITH_BROWSER = { access: "browser", refresh: "browser" };
const STAYING = { access: "Max-Age=600", refresh: "Max-Age=1209600" };

async function signedUp(browser: Browser, body: object): Promise<Browser> {
  expect((await browser.post("/auth/signup", body)).status).toBe(201);
  return browser;
}

describe("a person who signs in without remember", () => {
  it("has cookies that end with the browser, from every sign-in on", async () => {
    const { browser } = openSecureServer();
    const ann = browser();
    expect(agesOf((await ann.post("/auth/signup", NOT)).headers)).toEqual(WITH_BROWSER);
    expect(agesOf((await browser().post("/auth/login", NOT)).headers)).toEqual(WITH_BROWSER);
    for (const body of [ANN, { ...ANN, remember: true }])
      expect(agesOf((await browser().post("/auth/login", body)).headers)).toEqual(STAYING);
    await expectError(
      await browser().post("/auth/login", { ...ANN, remember: "no" }),
      400,
      "invalid_request",
    );
    await expectError(
      await browser().post("/auth/login", { ...ANN, remember: null }),
      400,
      "invalid_request",
    );
  });

  it.each([
    ["false", WITH_BROWSER],
    ["true", STAYING],
    ["on", STAYING],
  ])("chooses it by the field remember=%s of a form", async (remember, ages) => {
    const { browser } = openSecureServer();
    const body = new URLSearchParams({ ...ANN, remember }).toString();
    const headers = { "content-type": "application/x-www-form-urlencoded", accept: "text/html" };
    const answer = await browser().post("/auth/signup", body, headers);
    expect([answer.status, agesOf(answer.headers)]).toEqual([303, ages]);
  });

  it("keeps them so through every refresh", async () => {
    const { auth, browser, clock } = openSecureServer();
    const ann = await signedUp(browser(), NOT);
    clock.advance(601);
    expect(agesOf((await ann.post("/auth/refresh")).headers)).toEqual(WITH_BROWSER);
    clock.advance(601);
    const before = ann.copy();
    const found = await auth.validate(ann.request("/page"));
    expect([found.ok && found.refreshed, agesOf(found.headers)]).toEqual([true, WITH_BROWSER]);
    ann.take(found.headers);
    // A request with the token before, within the lease, gets an access token and no refresh token.
    await ann.post("/auth/refresh");
    const late = await auth.validate(before.request("/page"));
    expect(agesOf(late.headers)).toMatchObject({ access: "browser" });
  });

  it("keeps them so through a new password, and through a new proof of it", async () => {
    const { browser } = openSecureServer();
    const ann = await signedUp(browser(), NOT);
    const { password } = ANN;
    expect(agesOf((await ann.post("/auth/reauthenticate", { password })).headers)).toEqual(WITH_BROWSER);
    const change = { currentPassword: password, newPassword: "another staple here" };
    expect(agesOf((await ann.post("/auth/password/change", change)).headers)).toEqual(WITH_BROWSER);
    expect(clearedIn((await ann.post("/auth/logout")).headers)).toHaveLength(2);
    expect(ann.names()).toEqual([]);
  });

  it("leaves no device cookie, which would stay", async () => {
    const { browser } = openServer({ rateLimit: {} });
    expect(agesOf((await browser().post("/auth/signup", NOT)).headers)).toEqual(WITH_BROWSER);
    expect(agesOf((await browser().post("/auth/login", ANN)).headers)).toHaveProperty("device");
  });

  it("chooses it at the start of a sign-in with a provider, and keeps it in a link", async () => {
    const server = openStubServer();
    const ann = server.browser();
    const start = async (query: string): Promise<string> =>
      (await ann.get(`/auth/oauth/stub?${query}`)).headers.get("location") ?? "";
    const back = async (url: string): Promise<Response> => comeBack(ann, server.stub.agree(url, ANN_THERE));
    expect(agesOf((await back(await start("remember=false"))).headers)).toEqual(WITH_BROWSER);
    expect(agesOf((await back(await beginLink(ann, "stub"))).headers)).toEqual(WITH_BROWSER);
    expect(agesOf((await back(await begin(ann, "stub"))).headers)).toEqual(STAYING);
    expect((await ann.get("/auth/oauth/stub?remember=never")).status).toBe(400);
  });

  it("chooses it with a code", async () => {
    const sent: string[] = [];
    const { browser } = openSecureServer({
      providers: [cheapPassword(), emailCode({ signUp: true })],
      mail: { send: ({ text }) => void sent.push(text) },
    });
    const ann = browser();
    const { email } = ANN;
    await ann.post("/auth/code", { email });
    await expect.poll(() => sent.length).toBe(1);
    const code = /\b\d{6}\b/.exec(sent[0] ?? "")?.[0] ?? "";
    expect(agesOf((await ann.post("/auth/code/confirm", { email, code, remember: false })).headers)).toEqual(
      WITH_BROWSER,
    );
  });

  it("has it by auth.sessions.create too, with the lifetimes of any session", async () => {
    const { auth } = openSecureServer();
    const { id } = await auth.users.create(ANN);
    const made = await auth.sessions.create(id, { remember: false });
    expect(agesOf(made.headers)).toEqual(WITH_BROWSER);
    expect(made.session.expiresAt).toBe((await auth.sessions.create(id)).session.expiresAt);
    const next = await auth.sessions.refresh(made.refreshToken ?? "");
    expect(next.ok && agesOf(next.headers)).toEqual(WITH_BROWSER);
    const without = await auth.sessions.create(id, { remember: false, refresh: false });
    expect(agesOf(without.headers)).toEqual({ access: "browser" });
  });
});
