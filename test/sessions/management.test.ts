import { createAuth, type JsonObject } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { memberOf } from "../fixtures/answers.ts";
import { ANN, BOB, openServer, type TestServer, typesOf } from "../fixtures/server.ts";
import { stores } from "../fixtures/stores.ts";
import { sidOf } from "../fixtures/tokens.ts";
import { wrapped } from "../fixtures/wrapped-store.ts";

const schema = v.object({ tenant: v.string(), role: v.picklist(["reader", "editor"]) });
type Context = v.InferOutput<typeof schema>;
const EDITOR: Context = { tenant: "acme", role: "editor" };
const withContext = {
  sessions: { context: { schema, from: (): Context => ({ tenant: "acme", role: "reader" }) } },
} as const;

async function annOf<C>({ auth }: TestServer<C>): Promise<string> {
  return (await auth.users.create(ANN)).id;
}

async function liveOf<C>({ auth }: TestServer<C>, userId: string): Promise<readonly string[]> {
  return (await auth.sessions.list(userId)).map(({ id }) => id);
}

for (const { name, make } of stores) {
  describe(name, () => {
    test("A1 several sessions per user, each with its own context and device", async () => {
      const server = openServer<Context>({ store: await make(), ...withContext });
      const { auth } = server;
      const user = await annOf(server);
      const device = { userAgent: "tractor", address: "192.0.2.7" };
      const made = await auth.sessions.create(user, { context: EDITOR, device, transport: "bearer" });
      const browser = server.browser();
      await browser.post("/auth/login", ANN);
      expect(await auth.sessions.list(user)).toMatchObject([
        { context: { tenant: "acme", role: "reader" }, device: { userAgent: "browser", address: null } },
        { id: made.session.id, context: EDITOR, device, transport: "bearer" },
      ]);
      expect(await auth.sessions.verify(made.accessToken)).toMatchObject({
        ok: true,
        session: { context: EDITOR },
      });
      const found = await auth.validate(browser.request("/page"));
      expect(found.ok && found.session.context.role).toBe("reader");
    });

    test("A1 a context that the schema refuses starts no session, and nothing in a body reaches it", async () => {
      const server = openServer<Context>({ store: await make(), ...withContext });
      const user = await annOf(server);
      const wrong = { tenant: "acme", role: "admin" } as unknown;
      const create = server.auth.sessions.create(user, { context: wrong as Context });
      await expect(create).rejects.toMatchObject({
        code: expect.stringMatching(/^(invalid_request|internal_error)$/),
      });
      expect(await liveOf(server, user)).toEqual([]);
      const browser = server.browser();
      await browser.post("/auth/login", { ...ANN, context: EDITOR, sessions: { context: EDITOR } });
      const found = await server.auth.validate(browser.request("/page"));
      expect(found.ok && found.session.context).toEqual({ tenant: "acme", role: "reader" });
    });

    test("A2 with a limit, a new session ends the oldest", async () => {
      const server = openServer({ store: await make(), sessions: { limit: 2 } });
      const { auth, clock, events } = server;
      const user = await annOf(server);
      const bob = await auth.sessions.create((await auth.users.create(BOB)).id);
      const ids: string[] = [];
      for (let n = 0; n < 4; n++) {
        ids.push((await auth.sessions.create(user)).session.id);
        clock.advance(1);
      }
      expect(await liveOf(server, user)).toEqual([ids[3], ids[2]]);
      expect(await auth.sessions.get(ids[0] ?? "")).toMatchObject({ endReason: "limit" });
      const ended = events.filter((event) => event.type === "session.ended");
      expect(ended.map(({ sessionId, reason }) => [sessionId, reason])).toEqual([
        [ids[0], "limit"],
        [ids[1], "limit"],
      ]);
      expect(await auth.sessions.get(bob.session.id)).toMatchObject({ endedAt: null });
    });

    test("A2 limit 1 is single sign-in, also when 10 sign in at once", async () => {
      const server = openServer({ store: await make(), sessions: { limit: 1 } });
      const user = await annOf(server);
      await Promise.all(Array.from({ length: 10 }, () => server.browser().post("/auth/login", ANN)));
      expect((await liveOf(server, user)).length).toBe(1);
    });

    test("A3 refreshing has a least interval and a greatest age", async () => {
      const refreshToken = { lease: 30, lifetime: 3_600, maxLifetime: 7_200 };
      const server = openServer({ store: await make(), refreshToken });
      const ann = await server.signedIn();
      const issued = async (): Promise<number> =>
        (await ann.post("/auth/refresh")).headers.getSetCookie().length;
      expect(await issued()).toBe(2);
      server.clock.advance(29);
      expect(await issued()).toBe(1);
      server.clock.advance(1);
      expect(await issued()).toBe(2);
      for (const wait of [3_000, 3_000]) {
        server.clock.advance(wait);
        expect(await issued()).toBe(2);
      }
      const token = ann.cookie("refresh");
      server.clock.advance(7_200 - 6_030);
      expect(await server.auth.sessions.refresh(token)).toEqual({ ok: false, code: "session_expired" });
    });

    test("A7 ended sessions are forgotten by prune, once their last access token is over", async () => {
      const server = openServer({ store: await make() });
      const { auth, clock } = server;
      const user = await annOf(server);
      const { session } = await auth.sessions.create(user);
      const kept = await auth.sessions.create(user);
      await auth.sessions.revoke(session.id);
      expect(await auth.sessions.prune()).toBe(0);
      clock.advance(600);
      expect(await auth.sessions.prune()).toBe(1);
      expect(await auth.sessions.get(session.id)).toBeNull();
      expect(await liveOf(server, user)).toEqual([kept.session.id]);
    });

    test("A7 keepEnded keeps them for audit, marked", async () => {
      const server = openServer({ store: await make(), sessions: { keepEnded: true } });
      const { auth, clock } = server;
      const { session } = await auth.sessions.create(await annOf(server));
      clock.advance(15 * 86_400);
      expect(await auth.sessions.prune()).toBe(1);
      expect(await auth.sessions.get(session.id)).toMatchObject({ id: session.id, endReason: "expired" });
    });

    test("A8 revoke one, all of a user, all but one, and prune by user", async () => {
      const server = openServer({ store: await make() });
      const { auth, clock, events } = server;
      const [ann, bob] = [await annOf(server), (await auth.users.create(BOB)).id];
      const create = async (user: string): Promise<string> => (await auth.sessions.create(user)).session.id;
      const [one, two, three, other] = [
        await create(ann),
        await create(ann),
        await create(ann),
        await create(bob),
      ];
      expect([await auth.sessions.revoke(one), await auth.sessions.revoke(one)]).toEqual([true, false]);
      expect(await auth.sessions.revoke("no such session")).toBe(false);
      expect(await auth.sessions.revokeAll(ann, { except: three })).toBe(1);
      expect(await auth.sessions.get(two)).toMatchObject({ endReason: "revoked" });
      expect(await liveOf(server, ann)).toEqual([three]);
      expect(await auth.sessions.revokeAll(ann)).toBe(1);
      expect(await liveOf(server, bob)).toEqual([other]);
      expect(events.filter(({ type }) => type === "session.ended").length).toBe(3);
      await auth.sessions.revokeAll(bob);
      clock.advance(601);
      expect(await auth.sessions.prune({ userId: ann })).toBe(3);
      expect(await auth.sessions.prune()).toBe(1);
    });

    test("A12 the context is changed by hand, and tokens tell of it from the next refresh on", async () => {
      const server = openServer<Context>({ store: await make(), ...withContext });
      const ann = await server.signedIn();
      const { sessions } = server.auth;
      const id = sidOf(ann.cookie("access"));
      expect(await sessions.update(id, { context: EDITOR })).toMatchObject({ id, context: EDITOR });
      const role = async (): Promise<unknown> => {
        const found = await server.auth.validate(ann.request("/page"));
        return found.ok && found.session.context.role;
      };
      expect(await role()).toBe("reader");
      await ann.post("/auth/refresh");
      expect(await role()).toBe("editor");
      await sessions.revoke(id);
      expect(await sessions.update(id, { context: EDITOR })).toBeNull();
      expect(await sessions.update("nonsense", { context: EDITOR })).toBeNull();
      const user = String((await server.auth.users.find(ANN))?.id);
      const later = await sessions.create(user, { context: EDITOR });
      server.clock.advance(14 * 86_400);
      expect(await sessions.update(later.session.id, { context: EDITOR })).toBeNull();
    });

    test("A15 a changed device or address is an event with old and new, and is kept", async () => {
      const clientAddress = (request: Request): string | null => request.headers.get("x-real-ip");
      const server = openServer({ store: await make(), clientAddress });
      const { auth, clock, events, browser } = server;
      const ann = browser();
      await ann.post("/auth/signup", ANN, { "x-real-ip": "192.0.2.1" });
      const id = sidOf(ann.cookie("access"));
      await ann.post("/auth/refresh", undefined, { "x-real-ip": "192.0.2.1" });
      expect(typesOf(events)).not.toContain("session.device_changed");
      clock.advance(60);
      await ann.post("/auth/refresh", undefined, { "x-real-ip": "203.0.113.9", "user-agent": "toaster" });
      const before = { userAgent: "browser", address: "192.0.2.1" };
      const after = { userAgent: "toaster", address: "203.0.113.9" };
      const changes = events.filter(({ type }) => type === "session.device_changed");
      expect(changes).toEqual([expect.objectContaining({ sessionId: id, before, after })]);
      expect(await auth.sessions.get(id)).toMatchObject({ device: after });
      expect((await auth.validate(ann.request("/page"))).ok).toBe(true);
    });

    test("A15 a store that cannot keep the new device fails no refresh; the next refresh reports it", async () => {
      let isDown = true;
      const store = wrapped(await make(), (operation, call) =>
        isDown && operation === "sessions.update" ? Promise.reject(new Error("down")) : call(),
      );
      const { clock, events, signedIn } = openServer({ store });
      const ann = await signedIn();
      const toaster = { "user-agent": "toaster" };
      expect((await ann.post("/auth/refresh", undefined, toaster)).headers.getSetCookie().length).toBe(2);
      expect(typesOf(events)).not.toContain("session.device_changed");
      isDown = false;
      clock.advance(60);
      await ann.post("/auth/refresh", undefined, toaster);
      expect(typesOf(events)).toContain("session.device_changed");
    });
  });
}

test("A11 the context of a session is there to be judged, by a route or a hook", async () => {
  const refuse = ({ session }: { readonly session: { readonly context: Context } }): false | undefined =>
    session.context.role === "editor" ? undefined : false;
  const store = memory();
  const open = openServer<Context>({ store, ...withContext });
  const guarded = openServer<Context>({
    store,
    clock: open.clock,
    ...withContext,
    hooks: { validated: refuse },
  });
  const reader = await open.signedIn();
  const found = await open.auth.validate(reader.request("/page"));
  expect(found.ok && found.session.context.role === "reader").toBe(true);
  expect(await guarded.auth.validate(reader.request("/page"))).toMatchObject({ ok: false, status: 401 });
  const user = await open.auth.users.find({ email: ANN.email });
  const { accessToken } = await open.auth.sessions.create(user?.id ?? "", { context: EDITOR });
  expect((await guarded.auth.sessions.verify(accessToken)).ok).toBe(true);
});

test("A16 a key that the schema does not have is dropped before it is kept", async () => {
  const server = openServer<Context>(withContext);
  const extra: Context & JsonObject = { ...EDITOR, unknown: "key" };
  const { session } = await server.auth.sessions.create(await annOf(server), { context: extra });
  expect(session.context).toEqual(EDITOR);
});

test("A16 createAuth takes the type of the context from the schema", async () => {
  const auth = createAuth({ store: memory(), ...withContext });
  const user = await auth.users.create({ email: ANN.email });
  const { session } = await auth.sessions.create(user.id, { context: EDITOR });
  const role: "reader" | "editor" = session.context.role;
  expect(role).toBe("editor");
  expect(memberOf({ context: session.context }, "context")).toEqual(EDITOR);
});
