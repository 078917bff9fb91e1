import { describe, expect, it } from "vitest";
import { bodyOf, expectError } from "../fixtures/answers.ts";
import { changeTo, openMailedServer, provedAnn, recipientsOf } from "../fixtures/mailed-server.ts";
import { ANN, BOB, countOf, openServer } from "../fixtures/server.ts";

const NEW = "ann@new.example";

describe("a change of address", () => {
  it("counts only when the new mailbox is proved, and keeps the sessions", async () => {
    const server = openMailedServer();
    const { auth, inbox } = server;
    const { id, browser } = await provedAnn(server);
    const answer = await browser.post("/auth/email/change", { email: NEW });
    expect({ status: answer.status, body: await answer.json() }).toEqual({ status: 200, body: {} });
    expect(await auth.users.get(id)).toMatchObject({ email: ANN.email, emailVerified: true });
    expect(recipientsOf(await inbox.messages(), "change")).toEqual([NEW]);
    const other = await server.signedIn();
    const token = await inbox.token("change");
    const confirmed = await browser.post("/auth/email/change/confirm", { token });
    expect({ status: confirmed.status, body: await confirmed.json() }).toEqual({ status: 200, body: {} });
    expect(await auth.users.get(id)).toMatchObject({ email: NEW, emailVerified: true });
    expect(await auth.users.find({ email: ANN.email })).toBeNull();
    for (const each of [browser, other]) expect((await each.get("/auth/me")).status).toBe(200);
    expect(countOf(server, "user.email_changed")).toBe(1);
    expect(JSON.stringify(server.events)).not.toContain("@");
  });

  it("is told to the former mailbox, which can undo it for 7 days", async () => {
    const server = openMailedServer();
    const { id, browser } = await provedAnn(server);
    await changeTo(server, browser, NEW);
    const [notice] = (await server.inbox.messages()).filter(({ type }) => type === "changed_notice");
    const expiresAt = server.clock.now() / 1_000 + 7 * 86_400;
    expect(notice).toMatchObject({ to: ANN.email, newEmail: NEW, expiresAt, user: { id } });
    server.clock.advance(7 * 86_400 - 1);
    const token = await server.inbox.token("changed_notice");
    expect((await server.browser().post("/auth/email/change/undo", { token })).status).toBe(200);
    expect(await server.auth.users.get(id)).toMatchObject({ email: ANN.email, emailVerified: true });
    await expectError(await server.browser().post("/auth/login", ANN), 401, "invalid_credentials");
    expect((await browser.get("/auth/me")).status).toBe(401);
    expect(countOf(server, "user.email_changed")).toBe(2);
  });

  it("cannot be undone after 7 days, nor twice", async () => {
    const server = openMailedServer();
    const { browser } = await provedAnn(server);
    await changeTo(server, browser, NEW);
    const token = await server.inbox.token("changed_notice");
    server.clock.advance(7 * 86_400);
    const late = await server.browser().post("/auth/email/change/undo", { token });
    await expectError(late, 400, "mail_token_invalid");
    const again = openMailedServer();
    const { browser: other } = await provedAnn(again);
    await changeTo(again, other, NEW);
    const body = { token: await again.inbox.token("changed_notice") };
    expect((await again.browser().post("/auth/email/change/undo", body)).status).toBe(200);
    await expectError(await again.browser().post("/auth/email/change/undo", body), 400, "mail_token_invalid");
  });

  it("tells a former address that was never proved nothing, and gives it no undo", async () => {
    const server = openMailedServer();
    const browser = await server.signedIn();
    await changeTo(server, browser, NEW);
    expect(recipientsOf(await server.inbox.messages(), "changed_notice")).toEqual([]);
  });

  it("adds a first address to a user that has a user name only", async () => {
    const server = openMailedServer();
    const { id } = await server.auth.users.create({ username: "ann" });
    await server.auth.users.changeEmail(id, NEW);
    const token = await server.inbox.token("change");
    expect(await server.auth.users.confirmEmailChange(token)).toMatchObject({
      id,
      email: NEW,
      username: "ann",
    });
    expect(recipientsOf(await server.inbox.messages(), "changed_notice")).toEqual([]);
  });

  it("answers the same for a taken address, with the same calls, and sends it nothing", async () => {
    const server = openMailedServer();
    const { browser } = await provedAnn(server);
    await server.auth.users.create({ ...BOB, emailVerified: true });
    const answers: unknown[] = [];
    for (const email of [BOB.email, "free@example.com", BOB.email.toUpperCase(), "\uff42ob@example.com"]) {
      const response = await browser.post("/auth/email/change", { email });
      answers.push([response.status, await response.text(), [...response.headers]]);
    }
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(recipientsOf(await server.inbox.messages(), "change")).toEqual(["free@example.com"]);
  });

  it.each(["ANN@New.Example", " ann@new.example ", "\uff41nn@new.example"])(
    "brings %j into normal form",
    async (spelling) => {
      const server = openMailedServer();
      const { id, browser } = await provedAnn(server);
      await changeTo(server, browser, spelling);
      expect(await server.auth.users.get(id)).toMatchObject({ email: NEW });
    },
  );

  it.each([ANN.email, "ANN@EXAMPLE.COM", "no address", ""])("refuses %j", async (email) => {
    const server = openMailedServer();
    const { browser } = await provedAnn(server);
    await expectError(await browser.post("/auth/email/change", { email }), 400, "invalid_request");
    expect(await server.inbox.messages()).toEqual([]);
  });

  it("is void once the address has another account, and leaves the token for later", async () => {
    const server = openMailedServer();
    const { id, browser } = await provedAnn(server);
    await browser.post("/auth/email/change", { email: NEW });
    const token = await server.inbox.token("change");
    const bob = await server.auth.users.create({ ...BOB, email: NEW });
    const confirm = (): Promise<Response> => browser.post("/auth/email/change/confirm", { token });
    await expectError(await confirm(), 409, "identifier_taken");
    await server.auth.users.delete(bob.id);
    expect((await confirm()).status).toBe(200);
    expect(await server.auth.users.get(id)).toMatchObject({ email: NEW });
  });

  it("confirms the newest of two requests only", async () => {
    const server = openMailedServer();
    const { id, browser } = await provedAnn(server);
    await browser.post("/auth/email/change", { email: "first@new.example" });
    const first = await server.inbox.token("change");
    await browser.post("/auth/email/change", { email: NEW });
    await expectError(
      await browser.post("/auth/email/change/confirm", { token: first }),
      400,
      "mail_token_invalid",
    );
    const token = await server.inbox.token("change");
    expect((await browser.post("/auth/email/change/confirm", { token })).status).toBe(200);
    expect(await server.auth.users.get(id)).toMatchObject({ email: NEW });
  });

  it("needs the session of the user that asked, and does not spend the token without it", async () => {
    const server = openMailedServer();
    const { id, browser } = await provedAnn(server);
    await browser.post("/auth/email/change", { email: NEW });
    const body = { token: await server.inbox.token("change") };
    const stranger = await server.signedIn(BOB);
    const confirm = "/auth/email/change/confirm";
    await expectError(await server.browser().post(confirm, body), 401, "unauthenticated");
    // A 401 would make the client of the stranger sign out, although its session is live.
    await expectError(await stranger.post(confirm, body), 403, "forbidden");
    expect((await stranger.get("/auth/me")).status).toBe(200);
    expect(await server.auth.users.get(id)).toMatchObject({ email: ANN.email });
    expect((await browser.post("/auth/email/change/confirm", body)).status).toBe(200);
  });

  it("needs a sign-in of the last 15 minutes", async () => {
    const server = openMailedServer();
    const { browser } = await provedAnn(server);
    server.clock.advance(15 * 60 + 1);
    await browser.post("/auth/refresh");
    const answer = await browser.post("/auth/email/change", { email: NEW });
    expect(answer.headers.get("www-authenticate")).toContain("insufficient_user_authentication");
    await expectError(answer, 401, "insufficient_user_authentication");
    expect(await server.inbox.messages()).toEqual([]);
  });

  it("expires after a day", async () => {
    const server = openMailedServer();
    const { browser } = await provedAnn(server);
    await browser.post("/auth/email/change", { email: NEW });
    const token = await server.inbox.token("change");
    server.clock.advance(86_400);
    await browser.post("/auth/refresh");
    await expectError(await browser.post("/auth/email/change/confirm", { token }), 400, "mail_token_invalid");
  });

  it("ends a link to sign in that was sent to the former address", async () => {
    const server = openMailedServer();
    const { browser } = await provedAnn(server);
    await server.browser().post("/auth/link", { email: ANN.email });
    const link = await server.inbox.token("magic_link");
    await changeTo(server, browser, NEW);
    await expectError(
      await server.browser().post("/auth/link/confirm", { token: link }),
      400,
      "mail_token_invalid",
    );
  });

  it("reads forms", async () => {
    const server = openMailedServer();
    const { id, browser } = await provedAnn(server);
    const form = { "content-type": "application/x-www-form-urlencoded" };
    expect((await browser.post("/auth/email/change", "email=ann%40new.example", form)).status).toBe(200);
    const token = await server.inbox.token("change");
    expect((await browser.post("/auth/email/change/confirm", `token=${token}`, form)).status).toBe(200);
    expect(await server.auth.users.get(id)).toMatchObject({ email: NEW });
    const undo = `token=${await server.inbox.token("changed_notice")}`;
    expect((await server.browser().post("/auth/email/change/undo", undo, form)).status).toBe(200);
  });

  it.each(["/email/change", "/email/change/confirm", "/email/change/undo"])(
    "answers 404 at %s without the option mail",
    async (path) => {
      const server = openServer();
      const browser = await server.signedIn();
      const body = { email: NEW, token: "a".repeat(86) };
      await expectError(await browser.post(`/auth${path}`, body), 404, "not_found");
    },
  );

  it.each(["", "short", "a".repeat(86), "!".repeat(86), "a".repeat(1_000)])(
    "refuses the token %j",
    async (token) => {
      const server = openMailedServer();
      const { browser } = await provedAnn(server);
      for (const path of ["/auth/email/change/confirm", "/auth/email/change/undo"]) {
        await expectError(await browser.post(path, { token }), 400, "mail_token_invalid");
      }
    },
  );

  it("has no token in an answer, an event or an error", async () => {
    const errors: unknown[] = [];
    const server = openMailedServer({ onError: (error) => errors.push(error) });
    const { browser } = await provedAnn(server);
    await browser.post("/auth/email/change", { email: NEW });
    const token = await server.inbox.token("change");
    const wrong = `${token.slice(0, 60)}${token.slice(60).replaceAll(/./g, "A")}`;
    const answer = await bodyOf(await browser.post("/auth/email/change/confirm", { token: wrong }));
    await changeTo(server, browser, NEW);
    const told = JSON.stringify([answer, server.events, errors.map(String)]);
    expect(told).not.toContain(token.slice(43));
    expect(told).not.toContain(wrong.slice(0, 60));
  });
});

describe("a squatter at the former address", () => {
  it("keeps the undo away until the owner of the mailbox takes that account over", async () => {
    const server = openMailedServer();
    const { auth, inbox } = server;
    const { id, browser } = await provedAnn(server);
    await changeTo(server, browser, NEW);
    const body = { token: await inbox.token("changed_notice") };
    const squatter = await server.browser().post("/auth/signup", { ...BOB, email: ANN.email });
    expect(squatter.status).toBe(201);
    const undo = (): Promise<Response> => server.browser().post("/auth/email/change/undo", body);
    await expectError(await undo(), 409, "identifier_taken");
    const owner = server.browser();
    await owner.post("/auth/link", { email: ANN.email });
    const token = await inbox.token("magic_link");
    expect((await owner.post("/auth/link/confirm", { token })).status).toBe(200);
    expect((await owner.send("/auth/account", { method: "DELETE" })).status).toBe(204);
    expect((await undo()).status).toBe(200);
    expect(await auth.users.get(id)).toMatchObject({ email: ANN.email });
  });
});
