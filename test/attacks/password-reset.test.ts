import { magicLink, minutes } from "@latchkey/core";
import type { SlotToken, Store } from "@latchkey/core/store";
import { describe, expect, it } from "vitest";
import { openInbox } from "../fixtures/inbox.ts";
import { linkAt, openStubServer } from "../fixtures/oauth-server.ts";
import { requestTo } from "../fixtures/requests.ts";
import { ANN, BOB, countOf } from "../fixtures/server.ts";
import { type MailedServer, NEW_PASSWORD, openMailedServer } from "./reset-scene.ts";
import { type Answer, endReasonOf, modes, present, signIn, signUp, withAccess } from "./session.ts";

/** Ann's account, with a proved address unless `options` says otherwise. */
async function withAnn(options: Parameters<typeof openMailedServer>[0] = {}, emailVerified = true) {
  const server = openMailedServer(options);
  const { id } = await server.auth.users.create({ ...ANN, emailVerified });
  return { ...server, id };
}

function reset(server: MailedServer, token: unknown, newPassword: unknown = NEW_PASSWORD) {
  return server.ask("/password/reset", { token, newPassword });
}

/** A store that writes down the tokens that it gets. */
function spied(store: Store): { readonly store: Store; readonly stored: SlotToken[] } {
  const stored: SlotToken[] = [];
  const fillSlot = async (token: SlotToken): Promise<void> => {
    stored.push(token);
    return store.tokens.fillSlot(token);
  };
  return { store: { ...store, tokens: { ...store.tokens, fillSlot } }, stored };
}

const INVALID = { status: 400, code: "mail_token_invalid" };

describe("a reset", () => {
  it.each(modes)("PWD-16 sets the password, ends every session, and signs in no one (%s)", async (mode) => {
    const server = openMailedServer();
    const thief = await signUp(server, mode);
    const answer = await reset(server, await server.resetToken());
    expect({ status: answer.status, body: answer.body, cookies: answer.headers.getSetCookie() }).toEqual({
      status: 200,
      body: {},
      cookies: [],
    });
    expect(await present(server, mode, thief.refresh)).toMatchObject({
      status: 401,
      code: "session_revoked",
    });
    expect(await server.auth.sessions.list(thief.userId)).toEqual([]);
    expect(await server.signIn(ANN.password)).toBe(401);
    expect(await server.signIn(NEW_PASSWORD)).toBe(200);
  });

  it("PWD-16 tells the user, without the token", async () => {
    const server = await withAnn();
    const token = await server.resetToken();
    await server.ask(
      "/password/reset",
      { token, newPassword: NEW_PASSWORD },
      { "user-agent": "browser of Ann" },
    );
    const messages = await server.inbox.messages();
    expect(messages.map(({ type, to }) => [type, to])).toEqual([
      ["reset", ANN.email],
      ["password_changed", ANN.email],
    ]);
    const [, told] = messages;
    expect(told).toMatchObject({ user: { id: server.id }, device: { userAgent: "browser of Ann" } });
    expect(JSON.stringify(told)).not.toContain(token);
    expect(JSON.stringify([...server.events, messages.map(({ user }) => user)])).not.toContain(token);
  });

  it("PWD-16 takes a form too", async () => {
    const server = await withAnn();
    const form = (path: string, fields: Record<string, string>): Promise<Response> =>
      server.send(path, {
        method: "POST",
        headers: { "content-type": "application/x-www-form-urlencoded" },
        body: `${new URLSearchParams(fields)}`,
      });
    expect((await form("/auth/password/forgot", { email: ANN.email })).status).toBe(200);
    const token = await server.inbox.token("reset");
    expect((await form("/auth/password/reset", { token, newPassword: NEW_PASSWORD })).status).toBe(200);
    expect(await server.signIn(NEW_PASSWORD)).toBe(200);
  });

  it("PWD-16 proves the mailbox: the first one removes the links and sessions of the person before", async () => {
    const inbox = openInbox();
    const server = openStubServer({ mail: inbox.mail });
    const attacker = server.browser();
    expect((await attacker.post("/auth/signup", ANN)).status).toBe(201);
    await linkAt(server.stub, attacker, {
      subject: "attacker",
      email: "eve@example.com",
      emailVerified: true,
    });
    const user = await server.auth.users.find(ANN);
    expect(await server.auth.users.accounts(user?.id ?? "")).toHaveLength(1);
    await server.browser().post("/auth/password/forgot", { email: ANN.email });
    const token = await inbox.token("reset");
    const answer = await server.browser().post("/auth/password/reset", { token, newPassword: NEW_PASSWORD });
    expect(answer.status).toBe(200);
    expect(await server.auth.users.accounts(user?.id ?? "")).toEqual([]);
    expect((await attacker.post("/auth/refresh")).status).toBe(401);
    expect(await server.auth.users.find(ANN)).toMatchObject({ emailVerified: true });
  });

  it("PWD-17 of an account that only signs in with a provider adds a password and keeps the links", async () => {
    const inbox = openInbox();
    const server = openStubServer({ mail: inbox.mail });
    await server.signIn(server.browser());
    const user = await server.auth.users.find(ANN);
    expect(user).toMatchObject({ emailVerified: true });
    await server.browser().post("/auth/password/forgot", { email: ANN.email });
    const token = await inbox.token("reset");
    await server.browser().post("/auth/password/reset", { token, newPassword: NEW_PASSWORD });
    expect(await server.auth.users.accounts(user?.id ?? "")).toHaveLength(1);
    const entered = await server.browser().post("/auth/login", { ...ANN, password: NEW_PASSWORD });
    expect(entered.status).toBe(200);
  });

  it("PWD-16 works for a user that failed sign-ins have locked out, also in the same network", async () => {
    const server = await withAnn({ rateLimit: {} });
    const here = { clientAddress: "203.0.113.7" };
    const post = async (path: string, body: unknown): Promise<number> =>
      (await server.auth.handle(requestTo(path, { method: "POST", body }), here)).status;
    for (let n = 0; n < 20; n++) await post("/auth/login", { ...ANN, password: "wrong password" });
    for (let n = 0; n < 90; n++) await server.signIn("wrong password");
    expect(await post("/auth/login", ANN)).toBe(429);
    expect(await server.signIn(ANN.password)).toBe(429);
    expect(await post("/auth/password/forgot", { email: ANN.email })).toBe(200);
    const token = await server.inbox.token("reset");
    expect(await post("/auth/password/reset", { token, newPassword: NEW_PASSWORD })).toBe(200);
  });

  it("PWD-16 makes every device cookie count for nothing", async () => {
    const server = await withAnn({ rateLimit: {} });
    const browser = server.browser();
    expect((await browser.post("/auth/login", ANN)).status).toBe(200);
    await reset(server, await server.resetToken());
    for (let n = 0; n < 100; n++) await server.signIn("wrong password");
    const answer = await browser.post("/auth/login", { ...ANN, password: NEW_PASSWORD });
    expect(answer.status).toBe(429);
  });
});

describe("a token that resets a password", () => {
  it("PWD-16 is valid once", async () => {
    const server = await withAnn();
    const token = await server.resetToken();
    expect(await reset(server, token)).toMatchObject({ status: 200 });
    const slot = Buffer.from(token, "base64url").subarray(0, 32).toString("base64url");
    expect(await server.store.tokens.readSlot(slot, 0)).toBeNull();
    expect(await reset(server, token, "yet another new one")).toMatchObject(INVALID);
    expect(await server.signIn(NEW_PASSWORD)).toBe(200);
  });

  it("PWD-16 has 256 secret bits, and the store has no part of them", async () => {
    const server = await withAnn();
    const { store, stored } = spied(server.store);
    const spying = openMailedServer({ store });
    const bytes = Buffer.from(await spying.resetToken(), "base64url");
    expect(bytes).toHaveLength(64);
    expect(stored).toHaveLength(1);
    expect(JSON.stringify(stored)).not.toContain(bytes.subarray(32).toString("base64url"));
  });

  it("PWD-16 expires after an hour", async () => {
    const server = await withAnn();
    const token = await server.resetToken();
    server.clock.advance(3_599);
    expect(await reset(server, token, "short")).toMatchObject({ status: 422 });
    server.clock.advance(1);
    expect(await reset(server, token)).toMatchObject(INVALID);
  });

  it("PWD-16 is not spent by a password that is refused", async () => {
    const server = await withAnn();
    const token = await server.resetToken();
    for (const weak of ["short", "password123", `${ANN.email}1`])
      expect(await reset(server, token, weak)).toMatchObject({ status: 422, code: "weak_password" });
    expect(await reset(server, token, "x".repeat(1_025))).toMatchObject({
      status: 400,
      code: "invalid_request",
    });
    expect(await reset(server, token)).toMatchObject({ status: 200 });
  });

  it("PWD-16 is replaced by a newer one", async () => {
    const server = await withAnn();
    const older = await server.resetToken();
    const newer = await server.resetToken();
    expect(await reset(server, older)).toMatchObject(INVALID);
    expect(await reset(server, newer)).toMatchObject({ status: 200 });
  });

  it.each<readonly [title: string, change: (server: MailedServer, id: string) => Promise<unknown>]>([
    [
      "a password change",
      ({ auth }, id) =>
        auth.users.changePassword(id, { currentPassword: ANN.password, newPassword: "changed in between" }),
    ],
    ["a new password by hand", ({ auth }, id) => auth.users.setPassword(id, "changed in between")],
    ["a change of the address", ({ store }, id) => store.users.changeEmail(id, "new@example.com", 0)],
    ["revokeAll", ({ auth }, id) => auth.sessions.revokeAll(id)],
    ["disable", ({ auth }, id) => auth.users.disable(id)],
    [
      "disable and enable",
      async ({ auth }, id) => {
        await auth.users.disable(id);
        await auth.users.enable(id);
      },
    ],
    ["delete", ({ auth }, id) => auth.users.delete(id)],
  ])("PWD-16 is refused after %s", async (_, change) => {
    const server = await withAnn();
    const token = await server.resetToken();
    await change(server, server.id);
    expect(await reset(server, token)).toMatchObject(INVALID);
    expect(await server.signIn(NEW_PASSWORD)).toBe(401);
  });

  it("PWD-16 is refused for a user whom a store of its own disabled without a new version", async () => {
    const server = await withAnn();
    const token = await server.resetToken();
    await server.store.users.update(server.id, { disabledAt: 1 }, { ifVersion: null, raiseVersion: false });
    expect(await reset(server, token)).toMatchObject(INVALID);
  });

  it("PWD-16 is not the one of another purpose", async () => {
    const server = await withAnn();
    const { store, stored } = spied(server.store);
    const spying = openMailedServer({ store });
    const token = await spying.resetToken();
    for (const purpose of ["verify", "change", "undo", "link", "invitation"]) {
      for (const sent of stored) await server.store.tokens.fillSlot({ ...sent, purpose });
      expect(await reset(server, token)).toMatchObject(INVALID);
    }
    for (const sent of stored) await server.store.tokens.fillSlot(sent);
    expect(await reset(server, token)).toMatchObject({ status: 200 });
  });

  it("PWD-16 is one answer, whatever is wrong with it", async () => {
    const server = await withAnn();
    const token = await server.resetToken();
    const forged = Buffer.from(token, "base64url");
    forged[63] = (forged[63] ?? 0) ^ 1;
    const texts = [
      "",
      "x",
      token.slice(1),
      `${token}A`,
      forged.toString("base64url"),
      "A".repeat(86),
      "é".repeat(86),
    ];
    const answers = [];
    for (const text of texts) answers.push(await reset(server, text));
    expect(new Set(answers.map(({ status, body }) => JSON.stringify([status, body]))).size).toBe(1);
    expect(answers[0]).toMatchObject(INVALID);
    for (const other of [null, 7, ["x"], { token }])
      expect(await reset(server, other)).toMatchObject({ status: 400, code: "invalid_request" });
    expect(await reset(server, token)).toMatchObject({ status: 200 });
  });

  it.each(["GET", "HEAD", "PUT", "DELETE"])(
    "PWD-16 is not spent by %s, as of a mail scanner",
    async (method) => {
      const server = await withAnn();
      const token = await server.resetToken();
      for (const path of ["/auth/password/reset", "/auth/password/forgot", "/auth/password/change"]) {
        const answer = await server.send(`${path}?token=${token}&newPassword=${NEW_PASSWORD}`, { method });
        expect({ status: answer.status, allow: answer.headers.get("allow") }).toEqual({
          status: 405,
          allow: "POST, OPTIONS",
        });
      }
      expect(await reset(server, token)).toMatchObject({ status: 200 });
    },
  );

  it("PWD-16 counts as a failed sign-in of the client's network if it is wrong, and only then", async () => {
    const server = await withAnn({ rateLimit: {} });
    const from = (token: string, newPassword: string): Promise<Response> =>
      server.auth.handle(
        requestTo("/auth/password/reset", { method: "POST", body: { token, newPassword } }),
        { clientAddress: "203.0.113.7" },
      );
    const token = await server.resetToken();
    for (let n = 0; n < 120; n++) expect((await from(token, "short")).status).toBe(422);
    const guesses = await Promise.all(Array.from({ length: 200 }, () => from("A".repeat(86), NEW_PASSWORD)));
    expect(guesses.filter(({ status }) => status === 400)).toHaveLength(100);
    expect((await from(token, NEW_PASSWORD)).status).toBe(429);
    expect(await reset(server, token)).toMatchObject({ status: 200 });
  });
});

describe("a request for a reset", () => {
  it("is not kept away by requests of other kinds, which send the user no message", async () => {
    const server = openMailedServer({ rateLimit: {} });
    await server.auth.users.create({ ...ANN, emailVerified: true });
    for (let time = 0; time < 6; time++) await server.ask("/email/verify/request", { email: ANN.email });
    expect(await server.inbox.messages()).toEqual([]);
    expect((await server.ask("/password/forgot", { email: ANN.email })).status).toBe(200);
    expect(await server.inbox.token("reset")).not.toBe("");
  });

  it("PWD-16 is limited by mailbox: of 200 at once, as many send a message as the rule says", async () => {
    const server = await withAnn({ rateLimit: {} });
    const counts = async (email: string) => {
      const answers = await Promise.all(
        Array.from({ length: 200 }, () =>
          server.send("/auth/password/forgot", { method: "POST", body: { email } }),
        ),
      );
      const refused = answers.filter(({ status }) => status === 429);
      return {
        sent: answers.filter(({ status }) => status === 200).length,
        refusals: [
          ...new Set(
            await Promise.all(
              refused.map(async (each) => `${await each.text()} ${JSON.stringify([...each.headers])}`),
            ),
          ),
        ],
      };
    };
    const known = await counts(ANN.email);
    expect(known).toMatchObject({ sent: 5, refusals: [expect.stringContaining("rate_limited")] });
    expect(await counts("unknown@example.com")).toEqual(known);
    expect((await server.inbox.messages()).filter(({ to }) => to === ANN.email)).toHaveLength(5);
    expect(countOf(server, "throttle.refused")).toBe(390);
  });

  it("PWD-16 of the owner's browser gets through when a stranger has used up the mailbox", async () => {
    const server = await withAnn({ rateLimit: {} });
    const owner = server.browser();
    expect((await owner.post("/auth/login", ANN)).status).toBe(200);
    for (let n = 0; n < 6; n++) await server.ask("/password/forgot", { email: ANN.email });
    expect((await server.ask("/password/forgot", { email: ANN.email })).status).toBe(429);
    await server.inbox.clear();
    for (let n = 0; n < 5; n++)
      expect((await owner.post("/auth/password/forgot", { email: ANN.email })).status).toBe(200);
    expect((await owner.post("/auth/password/forgot", { email: ANN.email })).status).toBe(429);
    expect(await server.inbox.messages()).toHaveLength(5);
    // The device of one user is none for another.
    expect((await owner.post("/auth/password/forgot", { email: BOB.email })).status).toBe(200);
  });

  it("PWD-16 is limited by client network", async () => {
    const server = openMailedServer({ rateLimit: {} });
    const from = (n: number): Promise<Response> =>
      server.auth.handle(
        requestTo("/auth/password/forgot", { method: "POST", body: { email: `user${n}@example.com` } }),
        { clientAddress: "203.0.113.7" },
      );
    const answers = await Promise.all(Array.from({ length: 30 }, (_, n) => from(n)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(20);
  });

  it("PWD-16 of another spelling of an address counts in the same mailbox, and the message goes to the account's", async () => {
    const server = await withAnn({ rateLimit: {} });
    for (const email of [
      "ANN@EXAMPLE.COM",
      " ann@example.com ",
      "\uff41nn@example.com",
      "ann@example.com",
      "Ann@example.com",
    ])
      expect(await server.ask("/password/forgot", { email })).toMatchObject({ status: 200 });
    expect(await server.ask("/password/forgot", { email: "aNN@example.com" })).toMatchObject({ status: 429 });
    expect(new Set((await server.inbox.messages()).map(({ to }) => to))).toEqual(new Set([ANN.email]));
  });

  it("PWD-17 of a disabled and of a deleted user sends no message", async () => {
    const server = await withAnn();
    await server.auth.users.disable(server.id);
    expect(await server.ask("/password/forgot", { email: ANN.email })).toMatchObject({ status: 200 });
    await server.auth.users.forgotPassword(ANN.email);
    await server.auth.users.delete(server.id);
    expect(await server.ask("/password/forgot", { email: ANN.email })).toMatchObject({ status: 200 });
    expect(await server.inbox.messages()).toEqual([]);
  });

  it("PWD-16 needs an address", async () => {
    const server = openMailedServer();
    for (const body of [
      undefined,
      {},
      { email: "ann" },
      { email: 7 },
      { email: ["ann@example.com"] },
      { email: `${"a".repeat(300)}@example.com` },
    ])
      expect(await server.ask("/password/forgot", body)).toMatchObject({
        status: 400,
        code: "invalid_request",
      });
    await expect(server.auth.users.forgotPassword("ann")).rejects.toMatchObject({ code: "invalid_request" });
  });

  it("PWD-16 cannot be kept from the owner by a thief that signs out other sessions again and again", async () => {
    const server = openMailedServer({ rateLimit: {} });
    const thief = await signUp(server, "bearer");
    const owner = await signIn(server, "bearer");
    const signOutOthers = (): Promise<Answer> =>
      server.ask("/logout", { scope: "others" }, withAccess("bearer", thief.access));
    for (let time = 0; time < 5; time++) {
      const token = await server.resetToken();
      expect(await signOutOthers()).toMatchObject({ status: 200 });
      expect(await endReasonOf(server, owner.sessionId)).toBe("logout");
      if (time === 0) expect(await reset(server, token)).toMatchObject(INVALID);
    }
    server.clock.advance(minutes(9));
    await server.auth.users.forgotPassword(ANN.email);
    const token = await server.inbox.token("reset");
    const late = await signIn(server, "bearer");
    expect(await signOutOthers()).toMatchObject({ status: 200 });
    expect(await endReasonOf(server, late.sessionId)).toBe("logout");
    expect(await reset(server, token)).toMatchObject({ status: 200 });
    expect(await endReasonOf(server, thief.sessionId)).toBe("password_changed");
  });

  it("PWD-16 is not found without the option mail, or without passwords", async () => {
    const unmailed = openMailedServer({ mail: undefined as never });
    expect(await unmailed.ask("/password/forgot", ANN)).toMatchObject({ status: 404, code: "not_found" });
    expect(await unmailed.ask("/password/reset", {})).toMatchObject({ status: 404, code: "not_found" });
    await expect(unmailed.auth.users.forgotPassword(ANN.email)).rejects.toBeInstanceOf(TypeError);
    const { ask } = openMailedServer({ providers: [magicLink()] });
    expect(await ask("/password/forgot", ANN)).toMatchObject({ status: 404, code: "not_found" });
    expect(await ask("/password/reset", {})).toMatchObject({ status: 404, code: "not_found" });
  });
});

describe("by hand", () => {
  it("forgotPassword sends the message, and resetPassword redeems its token", async () => {
    const server = await withAnn();
    await server.auth.users.forgotPassword(" ANN@example.com");
    await server.auth.users.forgotPassword("unknown@example.com");
    const token = await server.inbox.token("reset");
    await expect(server.auth.users.resetPassword(token, "short")).rejects.toMatchObject({
      code: "weak_password",
    });
    const user = await server.auth.users.resetPassword(token, NEW_PASSWORD);
    expect(user).toMatchObject({ id: server.id, emailVerified: true });
    expect(user).not.toHaveProperty("passwordHash", expect.any(String));
    await expect(server.auth.users.resetPassword(token, NEW_PASSWORD)).rejects.toMatchObject({
      code: "mail_token_invalid",
    });
    expect((await server.inbox.messages()).map(({ type }) => type)).toEqual(["reset", "password_changed"]);
  });
});
