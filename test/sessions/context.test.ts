import { createAuth, type JsonObject } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { memberOf } from "../fixtures/answers.ts";
import { ANN, openServer, type TestServer } from "../fixtures/server.ts";
import { stores } from "../fixtures/stores.ts";
import { sidOf } from "../fixtures/tokens.ts";

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
    test("A1 several sessions of a user each have their own context and device", async () => {
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

    test("A1 a context that the schema refuses starts no session, and no member of a body reaches it", async () => {
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

    test("A12 sessions.update changes the context, and the next request after a read of the list has it", async () => {
      const server = openServer<Context>({ store: await make(), ...withContext });
      const ann = await server.signedIn();
      const { sessions } = server.auth;
      const id = sidOf(ann.cookie("access"));
      const role = async (): Promise<unknown> => {
        const found = await server.auth.validate(ann.request("/page"));
        return found.ok && found.session.context.role;
      };
      expect(await role()).toBe("reader");
      expect(await sessions.update(id, { context: EDITOR })).toMatchObject({ id, context: EDITOR });
      expect(await role()).toBe("reader");
      server.clock.advance(31);
      expect(await role()).toBe("editor");
      await sessions.revoke(id);
      expect(await sessions.update(id, { context: EDITOR })).toBeNull();
      expect(await sessions.update("nonsense", { context: EDITOR })).toBeNull();
      const user = String((await server.auth.users.find(ANN))?.id);
      const later = await sessions.create(user, { context: EDITOR });
      server.clock.advance(14 * 86_400);
      expect(await sessions.update(later.session.id, { context: EDITOR })).toBeNull();
    });
  });
}

test("A11 a route or a hook can check the context of a session", async () => {
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

test("A16 a key that the schema does not have is not stored", async () => {
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
