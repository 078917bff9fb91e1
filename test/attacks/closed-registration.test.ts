import type { SigningIn } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import { describe, expect, it } from "vitest";
import { expectError } from "../fixtures/answers.ts";
import { codeIn, type MailedServer, openMailedServer } from "../fixtures/mailed-server.ts";
import { expectFailed, expectSentTo } from "../fixtures/oauth-answers.ts";
import { nativeCode, VERIFIER } from "../fixtures/oauth-flow.ts";
import { ANN_THERE } from "../fixtures/providers/stub-provider.ts";
import { ANN, countOf } from "../fixtures/server.ts";
import { openMailingServer, signUpIn } from "../fixtures/verified-server.ts";

const modes = ["invited", "closed"] as const;

async function expectNoUser(server: MailedServer): Promise<void> {
  expect(await server.auth.users.find(ANN)).toBeNull();
  expect([countOf(server, "user.created"), countOf(server, "session.started")]).toEqual([0, 0]);
}

describe.each(modes)("with signUp: %j, no user is created", (signUp) => {
  it.each([
    ["/auth/signup", 403],
    ["/auth/signup/", 403],
    ["/auth/signup?signUp=open", 403],
    ["/auth/./signup", 403],
    ["/auth/x/../signup", 403],
    ["/auth//signup", 404],
    ["//auth/signup", 404],
    ["/auth/signup//", 404],
    ["/auth/SIGNUP", 404],
    ["/AUTH/signup", 404],
    ["/auth/sign%75p", 404],
    ["/auth/signup%2f", 404],
    ["/auth/signup;x=1", 404],
    ["/auth/signup.json", 404],
  ])("by a request to %s", async (path, status) => {
    const server = openMailedServer({ signUp });
    const answer = await server.browser().post(path, ANN);
    await expectError(answer, status, status === 403 ? "forbidden" : "not_found");
    for (const [method, expected] of [
      ["HEAD", 405],
      ["GET", 405],
      ["PUT", 405],
      ["OPTIONS", 204],
    ] as const) {
      const body = method === "PUT" ? { body: JSON.stringify(ANN) } : {};
      const headers = { "content-type": "application/json", "x-http-method-override": "POST" };
      const other = await server.send(path, { method, headers, ...body });
      expect({ method, status: other.status }).toEqual({ method, status: status === 404 ? 404 : expected });
    }
    await expectNoUser(server);
  });

  it("by auth.handlers.signup, whatever the URL, by a form, or by a token of a client", async () => {
    const server = openMailedServer({ signUp });
    for (const path of ["/auth/signup", "/register", "/auth/login"]) {
      const request = server.browser().request(path, { method: "POST", body: ANN });
      await expectError(await server.auth.handlers.signup(request), 403, "forbidden");
    }
    const form = { "content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin" };
    const body = new URLSearchParams(ANN).toString();
    await expectError(
      await server.send("/auth/signup", { method: "POST", headers: form, body }),
      403,
      "forbidden",
    );
    await expectError(
      await server.browser().post("/auth/signup", { ...ANN, transport: "bearer" }),
      403,
      "forbidden",
    );
    await expectNoUser(server);
  });

  it("by a link or a code, although these allow it, also if it was sent before", async () => {
    const store = memory();
    const open = openMailedServer({ store, mailSignUp: true });
    await open.browser().post("/auth/link", { email: ANN.email });
    await open.browser().post("/auth/code", { email: ANN.email });
    const token = await open.inbox.token("magic_link");
    const code = await codeIn(open.inbox);
    const server = openMailedServer({ store, signUp, mailSignUp: true });
    const browser = server.browser();
    for (const path of ["/auth/link", "/auth/code"]) {
      expect((await browser.post(path, { email: "bob@example.com" })).status).toBe(200);
    }
    await expectError(await browser.post("/auth/link/confirm", { token }), 400, "mail_token_invalid");
    const answer = await browser.post("/auth/code/confirm", { email: ANN.email, code });
    await expectError(answer, 400, "mail_token_invalid");
    await expect(server.auth.users.redeemLink(token)).rejects.toMatchObject({ code: "mail_token_invalid" });
    expect(await server.inbox.messages()).toEqual([]);
    await expectNoUser(server);
  });

  it("by a provider, in a browser and in an app", async () => {
    const server = openMailedServer({ signUp, trustedOrigins: ["com.example.app://"] });
    expectFailed(await server.signIn(server.browser()), "forbidden");
    const code = await nativeCode(server.browser(), (location) => server.stub.agree(location, ANN_THERE));
    expect(code).toBe("");
    await expectNoUser(server);
  });

  it("by a sign-up that waits for its proof since before", async () => {
    const store = memory();
    const password = { verifyEmail: "required" } as const;
    const open = openMailingServer({ store, password });
    const ann = open.browser();
    await signUpIn(ann);
    const token = await open.inbox.token("verify");
    const server = openMailingServer({ store, password, signUp });
    const answer = await ann.copy(server.auth).post("/auth/email/verify", { token });
    await expectError(answer, 400, "mail_token_invalid");
    expect(await server.auth.users.find(ANN)).toBeNull();
  });

  it("but by the application, and existing users sign in by every method", async () => {
    const server = openMailedServer({ signUp });
    await server.auth.users.create({ ...ANN, emailVerified: true });
    expect((await server.browser().post("/auth/login", ANN)).status).toBe(200);
    expectSentTo(await server.signIn(server.browser()), "/welcome");
    await server.browser().post("/auth/link", { email: ANN.email });
    const token = await server.inbox.token("magic_link");
    expect((await server.browser().post("/auth/link/confirm", { token })).status).toBe(200);
    await server.browser().post("/auth/code", { email: ANN.email });
    const confirm = { email: ANN.email, code: await codeIn(server.inbox) };
    expect((await server.browser().post("/auth/code/confirm", confirm)).status).toBe(200);
    expect(countOf(server, "user.created")).toBe(1);
  });
});

it('with signUp: "closed", an invitation from before creates no user, and none can be sent', async () => {
  const store = memory();
  const before = openMailingServer({ store, signUp: "invited" });
  await before.auth.users.invite(ANN.email);
  const invitation = await before.inbox.token("invitation");
  const server = openMailingServer({ store, signUp: "closed" });
  const answer = await signUpIn(server.browser(), { ...ANN, invitation });
  expect(await answer.clone().json()).toMatchObject({ message: "Sign-up is closed." });
  await expectError(answer, 403, "forbidden");
  await expect(server.auth.users.invite("bob@example.com")).rejects.toThrow(
    new TypeError('signUp is "closed", but users.invite needs "invited" or "open"'),
  );
  expect((await signUpIn(before.browser(), { ...ANN, invitation })).status).toBe(201);
});

describe("isNewUser in hooks.signedIn", () => {
  function open(options: Parameters<typeof openMailedServer>[0] = {}) {
    const seen: boolean[] = [];
    const signedIn = ({ isNewUser }: SigningIn): void => void seen.push(isNewUser);
    const trustedOrigins = ["com.example.app://"];
    const server = openMailedServer({ mailSignUp: true, trustedOrigins, ...options, hooks: { signedIn } });
    return { ...server, seen };
  }

  it("is true for the sign-up with a password, and false for what follows", async () => {
    const server = open();
    const ann = server.browser();
    await ann.post("/auth/signup", ANN);
    await ann.post("/auth/login", ANN);
    await ann.post("/auth/reauthenticate", { password: ANN.password });
    const newPassword = "quite another staple";
    await ann.post("/auth/password/change", { currentPassword: ANN.password, newPassword });
    const { id } = (await server.auth.users.find(ANN)) ?? { id: "" };
    await server.auth.sessions.create(id);
    expect(server.seen).toEqual([true, false, false, false, false]);
  });

  it("is true for the first sign-in by a link, a code and a provider, and false for the second", async () => {
    const server = open();
    for (let round = 0; round < 2; round++) {
      await server.browser().post("/auth/link", { email: "link@example.com" });
      const token = await server.inbox.token("magic_link");
      await server.browser().post("/auth/link/confirm", { token });
      await server.browser().post("/auth/code", { email: "code@example.com" });
      const code = await codeIn(server.inbox);
      await server.browser().post("/auth/code/confirm", { email: "code@example.com", code });
      await server.signIn(server.browser(), { subject: "web" });
      const native = await nativeCode(server.browser(), (url) => server.stub.agree(url, { subject: "app" }));
      const body = JSON.stringify({ code: native, code_verifier: VERIFIER });
      const headers = { "content-type": "application/json" };
      await server.send("/auth/oauth/exchange", { method: "POST", headers, body });
    }
    expect(server.seen).toEqual([true, true, true, true, false, false, false, false]);
  });

  it("is true for an invitation, false for a user whom the application created, and for a link while signed in", async () => {
    const server = open({ signUp: "invited" });
    await server.auth.users.invite(ANN.email);
    const invitation = await server.inbox.token("invitation");
    await server.browser().post("/auth/signup", { ...ANN, invitation });
    await server.auth.users.create({ email: "bob@example.com", emailVerified: true });
    await server.signIn(server.browser(), { subject: "bob", email: "bob@example.com", emailVerified: true });
    expect(server.seen).toEqual([true, false]);
  });

  it("is true for the proof that creates the user of a sign-up", async () => {
    const seen: boolean[] = [];
    const server = openMailingServer({
      password: { verifyEmail: "required" },
      hooks: { signedIn: ({ isNewUser }) => void seen.push(isNewUser) },
    });
    const ann = server.browser();
    await signUpIn(ann);
    await ann.post("/auth/email/verify", { token: await server.inbox.token("verify") });
    await ann.post("/auth/login", ANN);
    expect(seen).toEqual([true, false]);
  });
});
