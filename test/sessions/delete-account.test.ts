import { memory } from "@latchkey/core/memory";
import { describe, expect, it } from "vitest";
import { clearedIn, expectError } from "../fixtures/answers.ts";
import type { Browser } from "../fixtures/browser.ts";
import { codeIn, type MailedServer, openMailedServer, provedAnn } from "../fixtures/mailed-server.ts";
import { linkAt } from "../fixtures/oauth-server.ts";
import { ACCESS, ANN, BOB, countOf, REFRESH } from "../fixtures/server.ts";
import { counted, wrapped } from "../fixtures/wrapped-store.ts";

const remove = (browser: Browser): Promise<Response> => browser.send("/auth/account", { method: "DELETE" });

describe("the deletion of an account", () => {
  it("deletes the user with sessions and links, and clears the cookies", async () => {
    const server = openMailedServer();
    const { auth, stub } = server;
    const { id, browser } = await provedAnn(server);
    await linkAt(stub, browser);
    const other = await server.signedIn();
    const answer = await remove(browser);
    expect({ status: answer.status, body: await answer.text() }).toEqual({ status: 204, body: "" });
    expect(clearedIn(answer.headers).map((line) => line.split("=")[0])).toEqual([ACCESS, REFRESH]);
    expect(browser.names().filter((name) => name === ACCESS || name === REFRESH)).toEqual([]);
    expect(await auth.users.get(id)).toBeNull();
    expect(await auth.users.accounts(id)).toEqual([]);
    expect(await auth.sessions.list(id)).toEqual([]);
    expect((await other.get("/auth/me")).status).toBe(401);
    expect((await other.post("/auth/refresh")).status).toBe(401);
    await expectError(await server.browser().post("/auth/login", ANN), 401, "invalid_credentials");
    expect(countOf(server, "user.deleted")).toBe(1);
    expect((await server.browser().post("/auth/signup", ANN)).status).toBe(201);
  });

  it("deletes the tokens of the user's messages, and leaves those of other users", async () => {
    const server = openMailedServer();
    const { auth, inbox, store } = server;
    const { browser } = await provedAnn(server);
    const bob = await server.signedIn(BOB);
    const digests = new Set<string>();
    for (const each of [BOB.email, ANN.email]) {
      await server.browser().post("/auth/link", { email: each });
      await server.browser().post("/auth/code", { email: each });
      await auth.users.forgotPassword(each);
    }
    const link = await inbox.token("magic_link");
    const code = await codeIn(inbox);
    await bob.post("/auth/email/change", { email: "bob@new.example" });
    const change = await inbox.token("change");
    await browser.post("/auth/email/change", { email: "ann@new.example" });
    digests
      .add(link)
      .add(await inbox.token("reset"))
      .add(await inbox.token("change"));
    expect((await remove(browser)).status).toBe(204);
    for (const token of digests) {
      const slot = Buffer.from(token, "base64url").subarray(0, 32).toString("base64url");
      expect(await store.tokens.readSlot(slot, Math.floor(server.clock.now() / 1_000))).toBeNull();
    }
    // An account that is created at the address gets nothing of the old one.
    await auth.users.create(ANN);
    await expectError(await browser.post("/auth/link/confirm", { token: link }), 400, "mail_token_invalid");
    const body = { email: ANN.email, code };
    await expectError(await browser.post("/auth/code/confirm", body), 400, "mail_token_invalid");
    expect((await bob.post("/auth/email/change/confirm", { token: change })).status).toBe(200);
  });

  it("leaves nothing in any slot of the user, by the route and by hand", async () => {
    for (const isByHand of [false, true]) {
      const slots: string[] = [];
      const store = wrapped(memory(), async (operation, call, [token]) => {
        if (operation === "tokens.fillSlot") slots.push((token as { slot: string }).slot);
        return call();
      });
      const server = openMailedServer({ store });
      const { users } = server.auth;
      const { id } = await users.create({ ...ANN, emailVerified: true });
      await users.changeEmail(id, "ann@new.example");
      await users.confirmEmailChange(await server.inbox.token("change"));
      await store.users.update(id, { emailVerified: false }, { ifVersion: null, raiseVersion: false });
      const email = "ann@new.example";
      await users.changeEmail(id, ANN.email);
      await users.requestEmailVerification(email);
      await users.forgotPassword(email);
      await users.sendLink(email);
      await users.sendCode(email);
      const browser = await server.signedIn({ ...ANN, email });
      if (isByHand) await users.delete(id);
      else expect((await remove(browser)).status).toBe(204);
      expect(new Set(slots).size).toBe(6);
      for (const slot of slots) expect(await store.tokens.readSlot(slot, 0)).toBeNull();
    }
  });

  it("leaves the token of a new account that has the address by then", async () => {
    const server: MailedServer = openMailedServer({
      store: wrapped(memory(), async (operation, call) => {
        const result = await call();
        if (operation === "users.delete") {
          await server.auth.users.create({ ...ANN, emailVerified: true });
          await server.auth.users.sendLink(ANN.email);
        }
        return result;
      }),
    });
    const { browser } = await provedAnn(server);
    expect((await remove(browser)).status).toBe(204);
    const token = await server.inbox.token("magic_link");
    expect((await server.browser().post("/auth/link/confirm", { token })).status).toBe(200);
  });

  it("makes the undo of an earlier change void", async () => {
    const server = openMailedServer();
    const { browser } = await provedAnn(server);
    await browser.post("/auth/email/change", { email: "ann@new.example" });
    const token = await server.inbox.token("change");
    await browser.post("/auth/email/change/confirm", { token });
    const undo = await server.inbox.token("changed_notice");
    await remove(browser);
    const answer = await server.browser().post("/auth/email/change/undo", { token: undo });
    await expectError(answer, 400, "mail_token_invalid");
  });

  it("needs a sign-in of the last 15 minutes, and deletes nothing without it", async () => {
    const calls = counted(memory());
    const server = openMailedServer({ store: calls.store });
    const { id, browser } = await provedAnn(server);
    server.clock.advance(15 * 60 + 1);
    await browser.post("/auth/refresh");
    calls.calls.length = 0;
    const answer = await remove(browser);
    expect(answer.headers.get("www-authenticate")).toContain("insufficient_user_authentication");
    await expectError(answer, 401, "insufficient_user_authentication");
    expect(calls.calls.filter((call) => /delete|endAll|unlink|Slot/.test(call))).toEqual([]);
    expect(await server.auth.users.get(id)).not.toBeNull();
    expect((await browser.get("/auth/me")).status).toBe(200);
  });

  it("needs a live session", async () => {
    const server = openMailedServer();
    const { id, browser } = await provedAnn(server);
    await expectError(await remove(server.browser()), 401, "unauthenticated");
    await server.auth.sessions.revokeAll(id);
    expect((await remove(browser)).status).toBe(401);
    expect(await server.auth.users.get(id)).not.toBeNull();
  });

  it("succeeds although the tokens cannot be deleted, which onError gets", async () => {
    const errors: unknown[] = [];
    const store = memory();
    const readSlot = (): Promise<never> => Promise.reject(new Error("the tokens are away"));
    const server = openMailedServer({
      store: { ...store, tokens: { ...store.tokens, readSlot } },
      onError: (error) => errors.push(error),
    });
    const { id, browser } = await provedAnn(server);
    expect((await remove(browser)).status).toBe(204);
    expect(await server.auth.users.get(id)).toBeNull();
    expect(errors).toHaveLength(1);
  });

  it("works with a bearer token, and then sets no cookie", async () => {
    const server = openMailedServer();
    await provedAnn(server);
    const app = server.browser();
    const { access_token: token } = await (
      await app.post("/auth/login", { ...ANN, transport: "bearer" })
    ).json();
    const headers = { authorization: `Bearer ${token}` };
    const answer = await app.send("/auth/account", { method: "DELETE", headers });
    expect({ status: answer.status, cookies: answer.headers.getSetCookie() }).toEqual({
      status: 204,
      cookies: [],
    });
    expect(await server.auth.users.find({ email: ANN.email })).toBeNull();
  });
});
