import { magicLink } from "@latchkey/core";
import { password } from "@latchkey/core/password";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { countingHasher } from "../fixtures/counting-hasher.ts";
import { openStubServer } from "../fixtures/oauth-server.ts";
import { ACCESS, ANN, countOf } from "../fixtures/server.ts";
import { type MailedServer, NEW_PASSWORD, openMailedServer } from "./reset-scene.ts";
import { type Holder, modes, present, read, signIn, signUp, whoAmI, withAccess } from "./session.ts";

const schema = v.object({ tenant: v.string() });
const RIGHT = { currentPassword: ANN.password, newPassword: NEW_PASSWORD };
const WRONG = { ...RIGHT, currentPassword: "a wrong password" };

function change(server: MailedServer, { mode, access }: Holder, body: unknown = RIGHT) {
  return server.ask("/password/change", body, withAccess(mode, access));
}

describe.each(modes)("a change of the password (%s)", (mode) => {
  it("PWD-15 ends every session, and starts a new one for the client that asked", async () => {
    const server = openMailedServer();
    const [owner, thief] = [await signUp(server, mode), await signIn(server, mode)];
    const answer = await change(server, owner);
    expect(answer).toMatchObject({
      status: 200,
      body: { user: { email: ANN.email }, session: { amr: ["pwd"] } },
    });
    for (const { refresh } of [owner, thief])
      expect(await present(server, mode, refresh)).toMatchObject({ status: 401, code: "session_revoked" });
    expect(await whoAmI(server, mode, answer.access ?? "")).toMatchObject({ status: 200 });
    expect(await present(server, mode, answer.refresh ?? "")).toMatchObject({ status: 200 });
    expect(await server.auth.sessions.list(owner.userId)).toHaveLength(1);
    expect(await server.signIn(ANN.password)).toBe(401);
    expect(await server.signIn(NEW_PASSWORD)).toBe(200);
    expect(countOf(server, "user.password_changed")).toBe(1);
  });

  it("PWD-15 gives the new session the context of the old one, whatever the hook of validations shows", async () => {
    const server = openMailedServer({
      sessions: { context: { schema, from: () => ({ tenant: "of a new sign-in" }) } },
      hooks: { validated: () => ({ context: { tenant: "of the hook" } }) },
    });
    const owner = await signUp(server, mode);
    await server.auth.sessions.update(owner.sessionId, { context: { tenant: "chosen since" } });
    await change(server, owner);
    const [session] = await server.auth.sessions.list(owner.userId);
    expect(session?.context).toEqual({ tenant: "chosen since" });
  });

  it("PWD-15 is refused for a session that ends during the request, and keeps the password", async () => {
    let end = (): void => undefined;
    const server = openMailedServer({ hooks: { validated: () => end() } });
    const owner = await signUp(server, mode);
    const now = Math.floor(server.clock.now() / 1_000);
    end = () => void server.store.sessions.end(owner.sessionId, null, { reason: "logout", now });
    expect(await change(server, owner)).toMatchObject({ status: 401, code: "unauthenticated" });
    expect(await server.signIn(ANN.password)).toBe(200);
  });

  it("PWD-15 refuses a new password that is the address of the user", async () => {
    const server = openMailedServer();
    const answer = await change(server, await signUp(server, mode), { ...RIGHT, newPassword: ANN.email });
    expect(answer).toMatchObject({ status: 422, code: "weak_password" });
    expect(await server.signIn(ANN.password)).toBe(200);
  });

  it("PWD-15 is refused for a wrong current password, and changes nothing", async () => {
    const server = openMailedServer();
    const owner = await signUp(server, mode);
    const answer = await change(server, owner, WRONG);
    expect(answer).toMatchObject({ status: 401, code: "invalid_credentials", access: null, refresh: null });
    expect(answer.headers.get("www-authenticate")).not.toContain("invalid_token");
    expect(await server.signIn(ANN.password)).toBe(200);
    expect(await present(server, mode, owner.refresh)).toMatchObject({ status: 200 });
  });

  it("PWD-15 is refused without a session, and with one that has ended", async () => {
    const server = openMailedServer();
    const owner = await signUp(server, mode);
    expect(await server.ask("/password/change", RIGHT)).toMatchObject({
      status: 401,
      code: "unauthenticated",
    });
    await server.auth.sessions.revoke(owner.sessionId);
    expect(await change(server, owner)).toMatchObject({ status: 401, code: "session_revoked" });
    expect(await server.signIn(ANN.password)).toBe(200);
  });

  it("PWD-15 ends the tokens that reset the password", async () => {
    const server = openMailedServer();
    const owner = await signUp(server, mode);
    const token = await server.resetToken();
    await change(server, owner);
    const answer = await server.ask("/password/reset", { token, newPassword: "of the thief's choice" });
    expect(answer).toMatchObject({ status: 400, code: "mail_token_invalid" });
  });
});

describe("a wrong current password", () => {
  it("PWD-15 counts as a failed sign-in of the account, also after 200 at once", async () => {
    const { hasher, hashed } = countingHasher();
    const server = openMailedServer({ rateLimit: {}, providers: [password({ hasher })] });
    const thief = await signUp(server, "bearer");
    const before = hashed();
    const answers = await Promise.all(Array.from({ length: 200 }, () => change(server, thief, WRONG)));
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(100);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(100);
    expect(hashed() - before).toBe(100);
    expect(await server.signIn(ANN.password)).toBe(429);
    expect(await change(server, thief)).toMatchObject({ status: 429 });
  });

  it("PWD-15 of the user's own browser counts in its own bucket: no one else can lock it out", async () => {
    const server = openMailedServer({ rateLimit: {} });
    const browser = server.browser();
    expect((await browser.post("/auth/signup", ANN)).status).toBe(201);
    for (let n = 0; n < 100; n++) await server.signIn("wrong password");
    expect(await server.signIn(ANN.password)).toBe(429);
    for (let n = 0; n < 9; n++) expect((await browser.post("/auth/password/change", WRONG)).status).toBe(401);
    expect((await browser.post("/auth/password/change", RIGHT)).status).toBe(200);
  });

  it("PWD-15 is not told from the right one by a new password that is weak, and that is no failure", async () => {
    const { hasher, hashed } = countingHasher();
    const server = openMailedServer({ rateLimit: {}, providers: [password({ hasher })] });
    const owner = await signUp(server, "bearer");
    const before = hashed();
    const weak = [];
    for (let n = 0; n < 101; n++) {
      for (const passwords of [RIGHT, WRONG]) {
        const { status, body } = await change(server, owner, { ...passwords, newPassword: "short" });
        weak.push(JSON.stringify([status, body]));
      }
    }
    expect(new Set(weak).size).toBe(1);
    expect(weak[0]).toContain("weak_password");
    expect(hashed() - before).toBe(0);
    expect(await change(server, owner)).toMatchObject({ status: 200 });
  });

  it("PWD-15 is the answer for a user without a password, after the same work", async () => {
    const { hasher, hashed } = countingHasher();
    const server = openStubServer({});
    const browser = server.browser();
    await server.signIn(browser);
    const other = openMailedServer({
      store: server.store,
      clock: server.clock,
      providers: [password({ hasher })],
    } as never);
    const access = browser.cookie("access");
    const before = hashed();
    const answer = await other.ask("/password/change", RIGHT, { cookie: `${ACCESS}=${access}` });
    expect(answer).toMatchObject({ status: 401, code: "invalid_credentials" });
    expect(hashed() - before).toBe(1);
  });
});

describe("the request", () => {
  it("PWD-15 needs both passwords as text, and takes a form", async () => {
    const server = openMailedServer();
    const owner = await signUp(server, "cookie");
    for (const body of [
      null,
      {},
      { newPassword: NEW_PASSWORD },
      { currentPassword: ANN.password },
      { ...RIGHT, newPassword: 7 },
      { ...RIGHT, currentPassword: ["x"] },
      { ...RIGHT, currentPassword: "x".repeat(2_000) },
    ])
      expect(await change(server, owner, body)).toMatchObject({ status: 400, code: "invalid_request" });
    const headers = {
      ...withAccess("cookie", owner.access),
      "content-type": "application/x-www-form-urlencoded",
    };
    const body = `${new URLSearchParams(RIGHT)}`;
    expect(
      (await read(await server.send("/auth/password/change", { method: "POST", headers, body }))).status,
    ).toBe(200);
  });

  it("PWD-15 from another site is refused", async () => {
    const server = openMailedServer();
    const browser = server.browser();
    await browser.post("/auth/signup", ANN);
    const answer = await browser.post("/auth/password/change", RIGHT, {
      origin: "https://evil.example",
      "sec-fetch-site": "cross-site",
    });
    expect(answer.status).toBe(403);
    expect(await server.signIn(ANN.password)).toBe(200);
  });

  it("PWD-15 tells the user, and an address that is not proved no more often than the mailbox rule says", async () => {
    const server = openMailedServer({ rateLimit: {} });
    const browser = server.browser();
    await browser.post("/auth/signup", ANN);
    let current = ANN.password;
    for (let n = 0; n < 7; n++) {
      const passwords = { currentPassword: current, newPassword: `the password of turn ${n}` };
      expect((await browser.post("/auth/password/change", passwords)).status).toBe(200);
      current = passwords.newPassword;
    }
    const told = await server.inbox.messages();
    expect(told).toHaveLength(5);
    expect(told[0]).toMatchObject({
      type: "password_changed",
      to: ANN.email,
      device: { userAgent: "browser" },
    });
    const user = await server.auth.users.find(ANN);
    await server.store.users.update(
      user?.id ?? "",
      { emailVerified: true },
      { ifVersion: null, raiseVersion: false },
    );
    await browser.post("/auth/password/change", { currentPassword: current, newPassword: NEW_PASSWORD });
    expect(await server.inbox.messages()).toHaveLength(6);
  });

  it("PWD-15 starts no session if the hook refuses the user, and no earlier one lives", async () => {
    let isRefused = false;
    const server = openMailedServer({ hooks: { signedIn: () => (isRefused ? false : undefined) } });
    const owner = await signUp(server, "cookie");
    isRefused = true;
    expect(await change(server, owner)).toMatchObject({ status: 403, code: "forbidden", access: null });
    expect(await server.auth.sessions.list(owner.userId)).toEqual([]);
    isRefused = false;
    expect(await server.signIn(NEW_PASSWORD)).toBe(200);
  });

  it("PWD-15 is not found without passwords", async () => {
    const server = openMailedServer();
    const owner = await signUp(server, "bearer");
    const other = openMailedServer({ store: server.store, providers: [magicLink()] });
    expect(await change(other, owner)).toMatchObject({ status: 404, code: "not_found" });
  });
});

describe("by hand", () => {
  it("PWD-15 changePassword checks the current password, ends every session, and starts none", async () => {
    const server = openMailedServer();
    const { userId } = await signUp(server, "bearer");
    const { users, sessions } = server.auth;
    await expect(users.changePassword(userId, WRONG)).rejects.toMatchObject({ code: "invalid_credentials" });
    await expect(users.changePassword("unknown", RIGHT)).rejects.toMatchObject({ code: "not_found" });
    expect(await sessions.list(userId)).toHaveLength(1);
    expect(await users.changePassword(userId, RIGHT)).toMatchObject({ id: userId });
    expect(await sessions.list(userId)).toEqual([]);
    expect(await server.signIn(NEW_PASSWORD)).toBe(200);
    await users.disable(userId);
    const again = { currentPassword: NEW_PASSWORD, newPassword: "another of the kind" };
    await expect(users.changePassword(userId, again)).rejects.toMatchObject({ code: "invalid_credentials" });
    expect((await server.inbox.messages()).map(({ type }) => type)).toEqual(["password_changed"]);
  });
});
