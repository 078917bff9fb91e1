import { memory } from "@latchkey/core/memory";
import type { UserChange } from "@latchkey/core/store";
import { describe, expect, it } from "vitest";
import { bodyOf, expectError, memberOf } from "../fixtures/answers.ts";
import type { Browser } from "../fixtures/browser.ts";
import { openInbox } from "../fixtures/inbox.ts";
import {
  codeIn,
  type MailedOptions,
  type MailedServer,
  openMailedServer,
  provedAnn,
  recipientsOf,
} from "../fixtures/mailed-server.ts";
import { linkAt } from "../fixtures/oauth-server.ts";
import { ANN_THERE } from "../fixtures/providers/stub-provider.ts";
import { ANN, countOf, openServer } from "../fixtures/server.ts";
import { type Between, wrapped } from "../fixtures/wrapped-store.ts";

interface Method {
  readonly title: string;
  readonly amr: string;
  readonly type: "magic_link" | "code";
  /** Asks for a message. */
  ask(browser: Browser, email: string): Promise<Response>;
  /** Reads the newest message into the body that redeems it. */
  read(server: MailedServer, email: string): Promise<Readonly<Record<string, string>>>;
  confirm(browser: Browser, body: object): Promise<Response>;
  /** The same by hand. */
  byHand(server: MailedServer, body: Readonly<Record<string, string>>): Promise<{ readonly id: string }>;
}

const methods: readonly Method[] = [
  {
    title: "a link",
    amr: "link",
    type: "magic_link",
    ask: (browser, email) => browser.post("/auth/link", { email }),
    read: async ({ inbox }) => ({ token: await inbox.token("magic_link") }),
    confirm: (browser, body) => browser.post("/auth/link/confirm", body),
    byHand: ({ auth }, { token = "" }) => auth.users.redeemLink(token),
  },
  {
    title: "a code",
    amr: "otp",
    type: "code",
    ask: (browser, email) => browser.post("/auth/code", { email }),
    read: async ({ inbox }, email) => ({ email, code: await codeIn(inbox) }),
    confirm: (browser, body) => browser.post("/auth/code/confirm", body),
    byHand: ({ auth }, { email = "", code = "" }) => auth.users.redeemCode(email, code),
  },
];

describe.each(methods)("a sign-in by $title", (method) => {
  const { amr, type, ask, read, confirm, byHand } = method;

  it("starts a session, with a cookie or with tokens", async () => {
    const server = openMailedServer({ rateLimit: {}, clientAddress: () => "203.0.113.7" });
    const { id } = await provedAnn(server);
    const browser = server.browser();
    const asked = await ask(browser, ANN.email);
    expect({ status: asked.status, body: await asked.json() }).toEqual({ status: 200, body: {} });
    const body = await bodyOf(await confirm(browser, await read(server, ANN.email)));
    expect(body).toMatchObject({ user: { id }, session: { userId: id, amr: [amr] } });
    expect((await browser.get("/auth/me")).status).toBe(200);
    expect(browser.names().some((name) => name.includes("device"))).toBe(true);

    const app = server.browser();
    await ask(app, ANN.email);
    const tokens = await bodyOf(
      await confirm(app, { ...(await read(server, ANN.email)), transport: "bearer" }),
    );
    const headers = { authorization: `Bearer ${tokens["access_token"]}` };
    expect((await app.get("/auth/me", headers)).status).toBe(200);
    expect(app.names()).toEqual([]);
  });

  it("needs the newest message, and works once", async () => {
    const server = openMailedServer();
    await provedAnn(server);
    await ask(server.browser(), ANN.email);
    const first = await read(server, ANN.email);
    await ask(server.browser(), ANN.email);
    const second = await read(server, ANN.email);
    await expectError(await confirm(server.browser(), first), 400, "mail_token_invalid");
    expect((await confirm(server.browser(), second)).status).toBe(200);
    await expectError(await confirm(server.browser(), second), 400, "mail_token_invalid");
  });

  it("expires", async () => {
    const server = openMailedServer();
    await provedAnn(server);
    await ask(server.browser(), ANN.email);
    const body = await read(server, ANN.email);
    server.clock.advance(type === "code" ? 600 : 900);
    await expectError(await confirm(server.browser(), body), 400, "mail_token_invalid");
  });

  it("answers the same for a known, an unknown and a disabled address, and mails the known one only", async () => {
    const server = openMailedServer();
    await provedAnn(server);
    const { id } = await server.auth.users.create({ email: "disabled@example.com" });
    await server.auth.users.disable(id);
    const answers: unknown[] = [];
    for (const email of [ANN.email, "unknown@example.com", "disabled@example.com"]) {
      const response = await ask(server.browser(), email);
      answers.push([response.status, await response.text(), [...response.headers]]);
    }
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(recipientsOf(await server.inbox.messages(), type)).toEqual([ANN.email]);
  });

  it("keeps the password, the links and the sessions of a user whose address is proved", async () => {
    const server = openMailedServer();
    const { id, browser } = await provedAnn(server);
    await linkAt(server.stub, browser, ANN_THERE);
    await ask(server.browser(), ANN.email);
    expect((await confirm(server.browser(), await read(server, ANN.email))).status).toBe(200);
    expect(await server.auth.users.accounts(id)).toHaveLength(1);
    expect((await browser.get("/auth/me")).status).toBe(200);
    expect((await server.browser().post("/auth/login", ANN)).status).toBe(200);
    expect(countOf(server, "account.unlinked")).toBe(0);
  });

  it("is the first proof of an address: it removes the password, the links and the sessions of another person", async () => {
    const server = openMailedServer();
    const browser = await server.signedIn();
    await linkAt(server.stub, browser, {
      subject: "attacker",
      email: "eve@example.com",
      emailVerified: true,
    });
    const owner = server.browser();
    await ask(owner, ANN.email);
    const { user } = await bodyOf(await confirm(owner, await read(server, ANN.email)));
    const { id } = { id: "", ...(user as object) };
    expect(await server.auth.users.get(id)).toMatchObject({ emailVerified: true });
    expect(await server.auth.users.accounts(id)).toEqual([]);
    expect((await browser.get("/auth/me")).status).toBe(401);
    await expectError(await server.browser().post("/auth/login", ANN), 401, "invalid_credentials");
    expect((await owner.get("/auth/me")).status).toBe(200);
  });

  it("keeps everything at a first proof in a browser that is signed in as the user", async () => {
    const server = openMailedServer();
    const [browser, other] = [await server.signedIn(), await server.signedIn()];
    await linkAt(server.stub, browser, { subject: "ann", email: "other@example.com", emailVerified: true });
    await ask(browser, ANN.email);
    const { user } = await bodyOf(await confirm(browser, await read(server, ANN.email)));
    const { id } = { id: "", ...(user as object) };
    expect(await server.auth.users.get(id)).toMatchObject({ emailVerified: true });
    expect(await server.auth.users.accounts(id)).toHaveLength(1);
    expect((await other.get("/auth/me")).status).toBe(200);
    expect((await server.browser().post("/auth/login", ANN)).status).toBe(200);
  });

  it("removes everything at a first proof in a browser whose session has ended, or is of another user", async () => {
    for (const end of [true, false]) {
      const server = openMailedServer({ revocation: "none" });
      const browser = end
        ? await server.signedIn()
        : await server.signedIn({ ...ANN, email: "eve@example.com" });
      const user = await server.auth.users.find({ email: ANN.email });
      const id = user?.id ?? (await server.auth.users.create(ANN)).id;
      if (end) await server.auth.sessions.revokeAll(id);
      await ask(browser, ANN.email);
      expect((await confirm(browser, await read(server, ANN.email))).status).toBe(200);
      await expectError(await server.browser().post("/auth/login", ANN), 401, "invalid_credentials");
    }
  });

  it("is void after a change of credentials, for a deleted user and for a disabled one", async () => {
    for (const change of ["setPassword", "delete", "disable"] as const) {
      const server = openMailedServer();
      const { id } = await provedAnn(server);
      await ask(server.browser(), ANN.email);
      const body = await read(server, ANN.email);
      await server.auth.users[change](id, "another long password");
      if (change === "delete") await server.auth.users.create(ANN);
      await expectError(await confirm(server.browser(), body), 400, "mail_token_invalid");
    }
  });

  it("signs in by hand without a session", async () => {
    const server = openMailedServer();
    const { id } = await provedAnn(server);
    await ask(server.browser(), ANN.email);
    const body = await read(server, ANN.email);
    expect(await byHand(server, body)).toMatchObject({ id, email: ANN.email });
    await expect(byHand(server, body)).rejects.toMatchObject({ code: "mail_token_invalid" });
  });

  it("is by hand a first proof as from another person", async () => {
    const server = openMailedServer();
    const attacker = await server.signedIn();
    await ask(server.browser(), ANN.email);
    await byHand(server, await read(server, ANN.email));
    expect((await attacker.get("/auth/me")).status).toBe(401);
    await expectError(await server.browser().post("/auth/login", ANN), 401, "invalid_credentials");
  });

  it.each<[moment: string, isOwner: boolean, isMoment: (change: UserChange) => boolean]>([
    ["before the address is marked", false, (update) => update.emailVerified === true],
    ["before its own browser marks the address", true, (update) => update.emailVerified === true],
    ["after the links are removed", false, (update) => Object.keys(update).length === 0],
  ])("keeps a password that is set %s, and is refused", async (_, isOwner, isMoment) => {
    let change: (() => Promise<unknown>) | null = null;
    const store = wrapped(memory(), async (operation, call, [, update]) => {
      const act = operation === "users.update" && isMoment(update as UserChange) ? change : null;
      if (act !== null) change = null;
      await act?.();
      return call();
    });
    const server = openMailedServer({ store });
    const owner = await server.signedIn();
    const { id = "" } = (await server.auth.users.find(ANN)) ?? {};
    await store.users.link(id, { provider: server.stub.provider.id, subject: "mallory" });
    await ask(owner, ANN.email);
    const body = await read(server, ANN.email);
    const own = { ...ANN, password: "another long password" };
    change = () => server.auth.users.setPassword(id, own.password);
    const answer = await confirm(isOwner ? owner : server.browser(), body);
    await expectError(answer, 400, "mail_token_invalid");
    expect(change).toBeNull();
    expect(await server.auth.users.get(id)).toMatchObject({ emailVerified: false });
    expect((await server.browser().post("/auth/login", own)).status).toBe(200);
  });

  it("removes a link that comes while the links are removed", async () => {
    let more: (() => Promise<unknown>) | null = null;
    const store = wrapped(memory(), async (operation, call, [, update]) => {
      const isRaise = operation === "users.update" && Object.keys(update as UserChange).length === 0;
      const act = isRaise ? more : null;
      if (act !== null) more = null;
      await act?.();
      return call();
    });
    const server = openMailedServer({ store });
    const { id } = await server.auth.users.create(ANN);
    const provider = server.stub.provider.id;
    await store.users.link(id, { provider, subject: "mallory" });
    await ask(server.browser(), ANN.email);
    const body = await read(server, ANN.email);
    more = () => store.users.link(id, { provider, subject: "another of mallory" });
    expect((await confirm(server.browser(), body)).status).toBe(200);
    expect(more).toBeNull();
    expect(await server.auth.users.accounts(id)).toEqual([]);
  });

  it("keeps out a sign-in by a link that it removes, although that sign-in began before", async () => {
    let late: (() => Promise<void>) | null = null;
    const [reached, proved] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let isHeld = false;
    const store = wrapped(memory(), async (operation, call) => {
      // The version of the credentials has been raised once by now, and the link is still there.
      const begin = operation === "users.accounts" ? late : null;
      if (begin !== null) {
        [late, isHeld] = [null, true];
        await begin();
      } else if (operation === "sessions.create" && isHeld) {
        isHeld = false;
        reached.resolve();
        await proved.promise;
      }
      return call();
    });
    const server = openMailedServer({ store });
    const { id } = await server.auth.users.create(ANN);
    const mallory = { ...ANN_THERE, subject: "mallory", email: "mallory@example.com" };
    await store.users.link(id, { provider: server.stub.provider.id, subject: mallory.subject });
    await ask(server.browser(), ANN.email);
    const body = await read(server, ANN.email);
    const attacker = server.browser();
    let entering: Promise<Response> | null = null;
    late = () => {
      entering = server.signIn(attacker, mallory);
      return reached.promise;
    };
    expect((await confirm(server.browser(), body)).status).toBe(200);
    proved.resolve();
    expect(await entering).not.toBeNull();
    expect((await attacker.get("/auth/me")).status).toBe(401);
    expect(await server.auth.sessions.list(id)).toHaveLength(1);
  });

  it("leaves no user behind whose first sign-in the application refuses", async () => {
    const server = openMailedServer({ mailSignUp: true, hooks: { signedIn: () => false } });
    await ask(server.browser(), "new@example.com");
    const body = await read(server, "new@example.com");
    await expectError(await confirm(server.browser(), body), 403, "forbidden");
    expect(await server.auth.users.find({ email: "new@example.com" })).toBeNull();
    const { id } = await server.auth.users.create({ ...ANN, emailVerified: true });
    await ask(server.browser(), ANN.email);
    await expectError(await confirm(server.browser(), await read(server, ANN.email)), 403, "forbidden");
    expect(await server.auth.users.get(id)).not.toBeNull();
  });

  it("creates a user with a verified address if sign-up is on", async () => {
    const server = openMailedServer({ mailSignUp: true });
    const browser = server.browser();
    await ask(browser, "new@example.com");
    expect(await server.auth.users.find({ email: "new@example.com" })).toBeNull();
    const { user } = await bodyOf(await confirm(browser, await read(server, "new@example.com")));
    const { id } = { id: "", ...(user as object) };
    expect(await server.auth.users.get(id)).toMatchObject({ email: "new@example.com", emailVerified: true });
    expect(countOf(server, "user.created")).toBe(1);
  });

  it("is the first proof of an account that another person created after the message", async () => {
    const server = openMailedServer({ mailSignUp: true });
    const owner = server.browser();
    await ask(owner, ANN.email);
    const attacker = await server.signedIn();
    expect((await confirm(owner, await read(server, ANN.email))).status).toBe(200);
    expect((await attacker.get("/auth/me")).status).toBe(401);
    await expectError(await server.browser().post("/auth/login", ANN), 401, "invalid_credentials");
    expect(countOf(server, "user.created")).toBe(1);
  });

  it("refuses an account that was created after the message, once its credentials changed", async () => {
    const server = openMailedServer({ mailSignUp: true });
    await ask(server.browser(), ANN.email);
    const body = await read(server, ANN.email);
    const { id } = await server.auth.users.create(ANN);
    await server.auth.users.setPassword(id, "another long password");
    await expectError(await confirm(server.browser(), body), 400, "mail_token_invalid");
  });

  it("is the first proof of an account that another person creates while it is redeemed", async () => {
    let plant: (() => Promise<unknown>) | null = null;
    const store = wrapped(memory(), async (operation, call) => {
      const act = operation === "users.create" ? plant : null;
      if (act !== null) plant = null;
      await act?.();
      return call();
    });
    const server = openMailedServer({ store, mailSignUp: true });
    await ask(server.browser(), ANN.email);
    const body = await read(server, ANN.email);
    plant = () => server.auth.users.create(ANN);
    expect((await confirm(server.browser(), body)).status).toBe(200);
    expect(await server.auth.users.find(ANN)).toMatchObject({ emailVerified: true });
    await expectError(await server.browser().post("/auth/login", ANN), 401, "invalid_credentials");
  });

  it("keeps a password that is set while it is redeemed, and is refused", async () => {
    let change: (() => Promise<unknown>) | null = null;
    const store = wrapped(memory(), async (operation, call) => {
      const act = operation === "users.get" ? change : null;
      if (act !== null) change = null;
      await act?.();
      return call();
    });
    const server = openMailedServer({ store });
    const { id } = await server.auth.users.create(ANN);
    await ask(server.browser(), ANN.email);
    const body = await read(server, ANN.email);
    const own = { ...ANN, password: "another long password" };
    change = () => server.auth.users.setPassword(id, own.password);
    await expectError(await confirm(server.browser(), body), 400, "mail_token_invalid");
    expect(change).toBeNull();
    expect((await server.browser().post("/auth/login", own)).status).toBe(200);
  });

  it("is not found by hand without its provider", async () => {
    const server = { ...openMailedServer(), ...openServer({ mail: openInbox().mail }) };
    const { users } = server.auth;
    await users.create(ANN);
    const code = { code: "not_found" };
    await expect(
      type === "code" ? users.sendCode(ANN.email) : users.sendLink(ANN.email),
    ).rejects.toMatchObject(code);
    const body = { token: "a".repeat(86), email: ANN.email, code: "123456" };
    await expect(byHand(server, body)).rejects.toMatchObject(code);
  });

  it("answers 404 without its provider", async () => {
    const server = openServer({ mail: openInbox().mail });
    const browser = server.browser();
    for (const email of [ANN.email, "no address"])
      await expectError(await ask(browser, email), 404, "not_found");
    const body = { token: "a".repeat(86), email: ANN.email, code: "123456" };
    await expectError(await confirm(browser, body), 404, "not_found");
  });

  it("names the provider that is missing to a call by hand", async () => {
    const { users } = openServer().auth;
    const [call, provider] =
      amr === "link" ? [users.sendLink(ANN.email), "magicLink"] : [users.sendCode(ANN.email), "emailCode"];
    const message = `providers has no ${provider}(): add it`;
    await expect(call).rejects.toMatchObject({ code: "not_found", message });
  });

  it("refuses a body without its members, and an unknown transport", async () => {
    const server = openMailedServer();
    await provedAnn(server);
    await expectError(await ask(server.browser(), "no address"), 400, "invalid_request");
    await expectError(await confirm(server.browser(), {}), 400, "invalid_request");
    await ask(server.browser(), ANN.email);
    const body = await read(server, ANN.email);
    await expectError(
      await confirm(server.browser(), { ...body, transport: "pigeon" }),
      400,
      "invalid_request",
    );
    expect((await confirm(server.browser(), body)).status).toBe(200);
  });
});

it("J2 each handler of a message, mounted on any path, answers as its route does", async () => {
  const server = openMailedServer();
  const { handlers } = server.auth;
  await server.auth.users.create({ ...ANN, emailVerified: true });
  const ann = server.browser();
  const send = async (handler: (typeof handlers)["sendLink"], body: object): Promise<number> => {
    const answer = await handler(ann.request("/anywhere", { method: "POST", body }));
    ann.take(answer.headers);
    return answer.status;
  };
  expect(await send(handlers.sendLink, { email: ANN.email })).toBe(200);
  expect(await send(handlers.confirmLink, { token: await server.inbox.token("magic_link") })).toBe(200);
  expect(await send(handlers.sendCode, { email: ANN.email })).toBe(200);
  const code = await codeIn(server.inbox);
  expect(await send(handlers.confirmCode, { email: ANN.email, code })).toBe(200);
  expect(await send(handlers.changeEmail, { email: "ann@new.example" })).toBe(200);
  const token = await server.inbox.token("change");
  expect(await send(handlers.confirmEmailChange, { token })).toBe(200);
  const undo = await server.inbox.token("changed_notice");
  expect(await send(handlers.undoEmailChange, { token: undo })).toBe(200);
  expect(await send(handlers.sendLink, { email: ANN.email })).toBe(200);
  expect(await send(handlers.confirmLink, { token: await server.inbox.token("magic_link") })).toBe(200);
  const deleted = await handlers.deleteAccount(ann.request("/anywhere", { method: "DELETE" }));
  expect(deleted.status).toBe(204);
  expect(await server.auth.users.find(ANN)).toBeNull();
});

describe("a sign-up that the owner of the mailbox overtakes with a link", () => {
  /** The owner asks for a link before the attacker signs up, and confirms it when `overtake` is called. */
  async function scene(
    options: MailedOptions,
  ): Promise<{ server: MailedServer; overtake: () => Promise<void> }> {
    const server = openMailedServer({ mailSignUp: true, ...options });
    await server.browser().post("/auth/link", { email: ANN.email });
    const token = await server.inbox.token("magic_link");
    const overtake = async (): Promise<void> => {
      expect((await server.browser().post("/auth/link/confirm", { token })).status).toBe(200);
    };
    return { server, overtake };
  }

  async function expectOwned({ auth, browser }: MailedServer): Promise<void> {
    const user = await auth.users.find(ANN);
    expect(user).toMatchObject({ emailVerified: true });
    const sessions = await auth.sessions.list(user?.id ?? "");
    expect(sessions.map(({ amr }) => amr)).toEqual([["link"]]);
    await expectError(await browser().post("/auth/login", ANN), 401, "invalid_credentials");
  }

  it("gets no session, if that happens before the new user is read back", async () => {
    let next: (() => Promise<void>) | null = null;
    const between: Between = async (operation, call) => {
      const result = await call();
      const act = operation === "users.create" ? next : null;
      if (act !== null) next = null;
      await act?.();
      return result;
    };
    const { server, overtake } = await scene({ store: wrapped(memory(), between) });
    next = overtake;
    await expectError(await server.browser().post("/auth/signup", ANN), 409, "identifier_taken");
    await expectOwned(server);
  });

  it("is deleted as a whole, if that happens once its deletion has begun", async () => {
    let next: (() => Promise<number>) | null = null;
    const answers: number[] = [];
    const between: Between = async (operation, call) => {
      const act = operation === "users.delete" ? next : null;
      if (act !== null) next = null;
      if (act !== null) answers.push(await act());
      return call();
    };
    const server = openMailedServer({
      mailSignUp: true,
      store: wrapped(memory(), between),
      hooks: { signedIn: ({ session }) => (session.amr[0] === "pwd" ? false : undefined) },
    });
    await server.browser().post("/auth/link", { email: ANN.email });
    const token = await server.inbox.token("magic_link");
    next = async () => (await server.browser().post("/auth/link/confirm", { token })).status;
    await expectError(await server.browser().post("/auth/signup", ANN), 403, "forbidden");
    // The owner is not told of an account that is about to be deleted.
    expect(answers).toEqual([400]);
    expect(await server.auth.users.find(ANN)).toBeNull();
  });

  it("fails without a deletion of the user, if that happens before its session starts", async () => {
    let next: (() => Promise<void>) | null = null;
    const { server, overtake } = await scene({
      hooks: {
        signedIn: async ({ session }) => {
          if (session.amr[0] === "pwd") await next?.();
        },
      },
    });
    next = overtake;
    await expectError(await server.browser().post("/auth/signup", ANN), 403, "forbidden");
    await expectOwned(server);
  });
});

describe("a user that a link creates", () => {
  it("stays although its first sign-in is refused, if a code has signed in by then", async () => {
    const email = "new@example.com";
    const server: MailedServer = openMailedServer({
      mailSignUp: true,
      hooks: {
        signedIn: async ({ session }) => {
          if (session.amr[0] !== "link") return undefined;
          const code = await codeIn(server.inbox);
          expect((await server.browser().post("/auth/code/confirm", { email, code })).status).toBe(200);
          return false;
        },
      },
    });
    await server.browser().post("/auth/code", { email });
    await server.browser().post("/auth/link", { email });
    const token = await server.inbox.token("magic_link");
    await expectError(await server.browser().post("/auth/link/confirm", { token }), 403, "forbidden");
    const user = await server.auth.users.find({ email });
    expect(await server.auth.sessions.list(user?.id ?? "")).toHaveLength(1);
  });
});

describe("a code", () => {
  it("has six digits, also if the first are zeros", async () => {
    const zero = openMailedServer({ env: { random: (length) => new Uint8Array(length) } });
    await zero.auth.users.create({ ...ANN, emailVerified: true });
    await zero.browser().post("/auth/code", { email: ANN.email });
    expect(await codeIn(zero.inbox)).toBe("000000");
    const body = { email: ANN.email, code: "000000" };
    expect((await zero.browser().post("/auth/code/confirm", body)).status).toBe(200);
  });

  it.each([
    ["spaces", (code: string) => ` ${code.slice(0, 3)} ${code.slice(3)} `],
    ["a hyphen", (code: string) => `${code.slice(0, 3)}-${code.slice(3)}`],
    [
      "full-width digits",
      (code: string) => code.replace(/./g, (digit) => String.fromCodePoint(0xff10 + +digit)),
    ],
  ])("is accepted with %s", async (_, spell) => {
    const server = openMailedServer();
    await provedAnn(server);
    await server.browser().post("/auth/code", { email: ANN.email });
    const body = { email: ANN.email, code: spell(await codeIn(server.inbox)) };
    expect((await server.browser().post("/auth/code/confirm", body)).status).toBe(200);
  });

  it("takes no try for a text that is no code", async () => {
    const server = openMailedServer();
    await provedAnn(server);
    await server.browser().post("/auth/code", { email: ANN.email });
    const confirm = (code: string): Promise<Response> =>
      server.browser().post("/auth/code/confirm", { email: ANN.email, code });
    for (const wrong of [
      "",
      "12345",
      "1234567",
      "abcdef",
      "1e5",
      "123456".repeat(100),
      "\u0661\u0662\u0663\u0664\u0665\u0666",
    ]) {
      for (let time = 0; time < 5; time++) await expectError(await confirm(wrong), 400, "mail_token_invalid");
    }
    expect((await confirm(await codeIn(server.inbox))).status).toBe(200);
  });

  it("has five tries, and signs in at the fifth", async () => {
    for (const wrongs of [4, 5]) {
      const server = openMailedServer();
      await provedAnn(server);
      await server.browser().post("/auth/code", { email: ANN.email });
      const code = await codeIn(server.inbox);
      const wrong = code === "111111" ? "222222" : "111111";
      const confirm = (of: string): Promise<Response> =>
        server.browser().post("/auth/code/confirm", { email: ANN.email, code: of });
      for (let time = 0; time < wrongs; time++)
        await expectError(await confirm(wrong), 400, "mail_token_invalid");
      expect((await confirm(code)).status).toBe(wrongs === 4 ? 200 : 400);
    }
  });

  it("of another address does not sign in", async () => {
    const server = openMailedServer();
    await provedAnn(server);
    const eve = await server.auth.users.create({ email: "eve@example.com", emailVerified: true });
    await server.browser().post("/auth/code", { email: "eve@example.com" });
    const code = await codeIn(server.inbox);
    await server.browser().post("/auth/code", { email: ANN.email });
    if ((await codeIn(server.inbox)) === code) return;
    await expectError(
      await server.browser().post("/auth/code/confirm", { email: ANN.email, code }),
      400,
      "mail_token_invalid",
    );
    const own = await server.browser().post("/auth/code/confirm", { email: "EVE@example.com", code });
    expect(memberOf(await bodyOf(own), "user")).toMatchObject({ id: eve.id });
  });
});
