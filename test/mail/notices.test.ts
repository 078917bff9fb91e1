import type { JsonObject, User } from "@latchkey/core";
import { minutes } from "@latchkey/core";
import { describe, expect, it } from "vitest";
import type { Inbox } from "../fixtures/inbox.ts";
import { openInbox } from "../fixtures/inbox.ts";
import { openStubServer } from "../fixtures/oauth-server.ts";
import { ANN, openSecureServer, type ServerOptions, type TestServer } from "../fixtures/server.ts";

interface Told extends TestServer {
  readonly inbox: Inbox;
  /** The types of the messages since the last call. */
  types(): Promise<readonly string[]>;
}

/** A server with limits and messages, and Ann, whose address is proved. */
async function openTold(options: ServerOptions<JsonObject, User> = {}): Promise<Told> {
  const inbox = openInbox();
  const server = openSecureServer({
    mail: inbox.mail,
    rateLimit: {},
    clientAddress: () => "192.0.2.1",
    ...options,
  });
  await server.auth.users.create({ ...ANN, emailVerified: true });
  server.clock.advance(minutes(1));
  const types = async (): Promise<readonly string[]> => {
    const messages = await inbox.messages();
    await inbox.clear();
    return messages.map(({ type }) => type);
  };
  return { ...server, inbox, types };
}

describe("the notice of a new device", () => {
  it("is sent after a sign-in in a browser that is new to the user, and not after the next one there", async () => {
    const server = await openTold();
    const browser = server.browser();
    const answer = await browser.post("/auth/login", ANN, { "accept-language": "de-CH, en;q=0.5" });
    expect(answer.status).toBe(200);
    const [message] = await server.inbox.messages();
    expect(message).toMatchObject({
      type: "new_device",
      to: ANN.email,
      user: { email: ANN.email },
      locale: "de-CH",
      at: Math.floor(server.clock.now() / 1_000),
      device: { userAgent: "browser" },
    });
    expect(message?.user).not.toHaveProperty("passwordHash");
    await server.inbox.clear();
    await browser.post("/auth/logout");
    await browser.post("/auth/login", ANN);
    expect(await server.types()).toEqual([]);
    await server.browser().post("/auth/login", ANN);
    expect(await server.types()).toEqual(["new_device"]);
  });

  it("is sent for an app, which has no device cookie", async () => {
    const server = await openTold();
    const answer = await server.send("/auth/login", {
      method: "POST",
      body: { ...ANN, transport: "bearer" },
    });
    expect(answer.status).toBe(200);
    expect(await server.types()).toEqual(["new_device"]);
  });

  it("is sent after a sign-in with a provider", async () => {
    const inbox = openInbox();
    const server = openStubServer({ mail: inbox.mail, rateLimit: {}, clientAddress: () => "192.0.2.1" });
    expect((await server.signIn(server.browser())).status).toBe(303);
    expect(await inbox.messages()).toEqual([]);
    server.clock.advance(minutes(1));
    expect((await server.signIn(server.browser())).status).toBe(303);
    expect((await inbox.messages()).map(({ type }) => type)).toEqual(["new_device"]);
  });

  it("is not sent for a failed sign-in", async () => {
    const server = await openTold();
    await server.browser().post("/auth/login", { ...ANN, password: "wrong horse battery" });
    expect(await server.types()).toEqual([]);
  });

  it("is not sent after the password of the session is proved again", async () => {
    const server = await openTold();
    const browser = await server.signedIn();
    await server.types();
    expect((await browser.post("/auth/reauthenticate", { password: ANN.password })).status).toBe(200);
    expect(await server.types()).toEqual([]);
  });

  it("is not the second message of a changed password", async () => {
    const server = await openTold();
    const browser = await server.signedIn();
    await server.types();
    const passwords = { currentPassword: ANN.password, newPassword: "another horse battery" };
    expect((await browser.post("/auth/password/change", passwords)).status).toBe(200);
    expect(await server.types()).toEqual(["password_changed"]);
  });

  it.each<[string, ServerOptions<JsonObject, User>]>([["without limits", { rateLimit: false }]])(
    "is not sent %s, because no cookie then remembers a browser",
    async (_, options) => {
      const server = await openTold(options);
      await server.signedIn();
      expect(await server.types()).toEqual([]);
    },
  );

  it("is not sent to an address that is not proved", async () => {
    const inbox = openInbox();
    const server = openSecureServer({ mail: inbox.mail, rateLimit: {}, clientAddress: () => "192.0.2.1" });
    await server.auth.users.create(ANN);
    server.clock.advance(minutes(1));
    await server.signedIn();
    expect(await inbox.messages()).toEqual([]);
  });
});

describe("the notice of a refresh token that was used twice", () => {
  /** A browser whose first refresh token is stale: a thief has a copy of it. */
  async function stolen(server: Told): Promise<{ thief: ReturnType<TestServer["browser"]> }> {
    const browser = await server.signedIn();
    const thief = browser.copy();
    for (let index = 0; index < 2; index++) {
      server.clock.advance(minutes(10));
      expect((await browser.post("/auth/refresh")).status).toBe(200);
    }
    server.clock.advance(minutes(10));
    await server.types();
    return { thief };
  }

  it("is sent for a refresh by the route, once however often it is used", async () => {
    const server = await openTold();
    const { thief } = await stolen(server);
    const answers = await Promise.all(Array.from({ length: 20 }, () => thief.copy().post("/auth/refresh")));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]));
    const messages = await server.inbox.messages();
    expect(messages).toMatchObject([
      { type: "session_ended_by_reuse", to: ANN.email, device: { userAgent: "browser" } },
    ]);
  });

  it("is sent for a refresh in validate, and waitUntil gets it", async () => {
    const server = await openTold();
    const { thief } = await stolen(server);
    const waited: Promise<unknown>[] = [];
    const host = { waitUntil: (work: Promise<unknown>) => void waited.push(work) };
    const found = await server.auth.validate(thief.request("/page"), host);
    expect(found.ok).toBe(false);
    await Promise.all(waited);
    expect(await server.types()).toEqual(["session_ended_by_reuse"]);
    expect(waited.length).toBeGreaterThan(0);
  });

  it("is sent for a refresh by hand, without a device", async () => {
    const server = await openTold();
    const { thief } = await stolen(server);
    expect(await server.auth.sessions.refresh(thief.cookie("refresh"))).toMatchObject({ ok: false });
    const messages = await server.inbox.messages();
    expect(messages).toMatchObject([
      { type: "session_ended_by_reuse", device: { userAgent: null, address: null } },
    ]);
  });

  it("is not sent to an address that is not proved, and nothing is read before the answer", async () => {
    const inbox = openInbox();
    const server = openSecureServer({ mail: inbox.mail, clientAddress: () => "192.0.2.1" });
    await server.auth.users.create(ANN);
    const told = { ...server, inbox, types: async () => [] };
    const { thief } = await stolen(told);
    let isAnswered = false;
    const { get } = server.store.users;
    const reads: boolean[] = [];
    Object.assign(server.store.users, {
      get: (id: string) => {
        reads.push(isAnswered);
        return get(id);
      },
    });
    expect((await thief.post("/auth/refresh")).status).toBe(401);
    isAnswered = true;
    expect(await inbox.messages()).toEqual([]);
    expect(reads).toEqual([true]);
  });
});
