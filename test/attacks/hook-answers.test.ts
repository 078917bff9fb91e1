import { runInNewContext } from "node:vm";
import type { AuthEvent, Transport } from "@latchkey/core";
import { type PasswordHasher, password } from "@latchkey/core/password";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { requestTo } from "../fixtures/requests.ts";
import { cheapHasher, REFRESH, type TestServer } from "../fixtures/server.ts";
import { type Options, openAttackedServer, PASSWORD } from "./server.ts";
import { modes, present, read, signUp, whoAmI, withAccess } from "./session.ts";

class Row {
  readonly context = { role: "admin" };
}

/** A query as Prisma, Kysely, Knex and Drizzle make it: it runs once it is awaited. */
const query = (rows: unknown): object => ({
  // biome-ignore lint/suspicious/noThenProperty: this is what such a query is
  then: (done: (rows: unknown) => unknown, failed?: (error: unknown) => unknown) =>
    Promise.resolve(rows).then(done, failed),
});

const failingQuery = {
  // biome-ignore lint/suspicious/noThenProperty: this is what such a query is
  then: (done: () => unknown, failed?: (error: unknown) => unknown) =>
    Promise.reject(new Error("down")).then(done, failed),
};

/** Values that are no answer, and that no wait turns into one. Each is made for one call. */
const NO_ANSWERS: Readonly<Record<string, () => unknown>> = {
  true: () => true,
  "0": () => 0,
  "1": () => 1,
  NaN: () => Number.NaN,
  "an empty text": () => "",
  "a text": () => "false",
  null: () => null,
  "an empty list": () => [],
  "a list": () => [{ context: {} }],
  "a function": () => () => false,
  "a symbol": () => Symbol("no"),
  "a bigint": () => 0n,
  "a wrapped boolean": () => Object(false),
  "a date": () => new Date(0),
  "a map": () => new Map(),
  "a row of a class": () => new Row(),
  "an heir of an answer": () => Object.create({ context: {} }),
  "an error": () => new Error("no"),
  "an unknown member": () => ({ allow: false }),
  "an unknown member beside a known one": () => ({ context: {}, ok: false }),
  "a member under a symbol": () => ({ [Symbol("deny")]: true }),
  "a context that is a query": () => ({ context: query({}) }),
  "a context that is null": () => ({ context: null }),
  "a context that is a list": () => ({ context: [] }),
  "a context with a query in it": () => ({ context: { role: query("admin") } }),
};

/** Answers that come later: no answer where a hook is synchronous. */
const LATER: Readonly<Record<string, () => unknown>> = {
  "a promise": () => Promise.resolve(undefined),
  "a promise of a refusal": () => Promise.resolve(false),
  "a promise of another realm": () => runInNewContext("Promise.resolve(false)"),
  "a rejected promise": () => Promise.reject(new Error("the database is down")),
  "a rejected promise of another realm": () => runInNewContext("Promise.reject(new Error('down'))"),
  "a query": () => query([]),
  "a query that fails": () => failingQuery,
  "a query in a function": () => Object.assign(() => false, query(false)),
  "a query whose then throws": () => ({
    // biome-ignore lint/suspicious/noThenProperty: this is what such a query is
    then() {
      throw new Error("down");
    },
  }),
};

const unhandled: unknown[] = [];
const note = (reason: unknown): void => {
  unhandled.push(reason);
};
beforeEach(() => {
  unhandled.length = 0;
  process.on("unhandledRejection", note);
});
afterEach(async () => {
  await new Promise((resolve) => setTimeout(resolve, 5));
  process.off("unhandledRejection", note);
  expect(unhandled).toEqual([]);
});

/** Types are for the careful; an application without them returns anything. */
const loose = (options: object): Options => options;

function faults(server: TestServer): readonly string[] {
  return server.events.flatMap((event: AuthEvent) => (event.type === "internal_error" ? [event.error] : []));
}

/** The fault was told with the name of the callback, and with what to return. */
function expectTold(server: TestServer, callback: string): void {
  const told = faults(server);
  expect(told.length).toBeGreaterThan(0);
  for (const error of told)
    expect(error).toMatch(new RegExp(`^${callback.replace(/\W/g, "\\$&")} returned .+: `));
}

async function expectFault(server: TestServer, response: Response, callback: string): Promise<void> {
  const answer = await read(response);
  expect({
    status: answer.status,
    code: answer.code,
    access: answer.access,
    refresh: answer.refresh,
  }).toEqual({ status: 500, code: "internal_error", access: null, refresh: null });
  expect(JSON.stringify(answer.body)).not.toContain(callback);
  expectTold(server, callback);
}

const enter = (server: TestServer, mode: Transport, path: string): Promise<Response> =>
  server.send(path, {
    method: "POST",
    body: { email: "ann@example.com", password: PASSWORD, transport: mode },
  });

describe.each(modes)("hooks.validated by %s", (mode) => {
  it.each(Object.entries({ ...NO_ANSWERS, ...LATER }))(
    "lets no request pass where it returns %s",
    async (_, make) => {
      let answers = (): unknown => undefined;
      const server = openAttackedServer(loose({ hooks: { validated: () => answers() } }));
      const ann = await signUp(server, mode);
      answers = make;
      const headers = withAccess(mode, ann.access);
      for (const refresh of ["auto", "never"] as const) {
        const found = await server.auth.validate(requestTo("/", { headers }), { refresh });
        expect(found).toMatchObject({ ok: false, code: "internal_error", status: 500 });
      }
      expect(await server.auth.sessions.verify(ann.access)).toMatchObject({
        ok: false,
        code: "internal_error",
      });
      expect((await whoAmI(server, mode, ann.access)).status).toBe(500);
      expect(faults(server)).toHaveLength(4);
      expectTold(server, "hooks.validated");
      // The fault ends no session.
      answers = () => undefined;
      expect((await whoAmI(server, mode, ann.access)).status).toBe(200);
    },
  );

  it.each([
    ["undefined", undefined, "ok"],
    ["false", false, "unauthenticated"],
    ["an empty object", {}, "ok"],
    ["an object without prototype", Object.create(null), "ok"],
    ["an object of another realm", runInNewContext("({ context: { role: 'x' }, claims: { a: 1 } })"), "ok"],
    ["a context", { context: { role: "x" } }, "ok"],
    ["a context that is absent", { context: undefined }, "ok"],
    ["claims", { claims: { a: 1 } }, "ok"],
  ])("may return %s", async (_, answer, code) => {
    const server = openAttackedServer(loose({ hooks: { validated: () => answer } }));
    const { accessToken } = await server.auth.sessions.create(
      (await server.auth.users.create({ email: "ann@example.com" })).id,
      { transport: mode },
    );
    const found = await server.auth.validate(requestTo("/", { headers: withAccess(mode, accessToken) }));
    expect(found.ok ? "ok" : found.code).toBe(code);
    expect(faults(server)).toEqual([]);
  });
});

describe.each(modes)("hooks.signedIn and hooks.refreshed by %s", (mode) => {
  const made = Object.entries(NO_ANSWERS).flatMap(([title, make]) => [
    [title, make] as const,
    [`a promise of ${title}`, async () => make()] as const,
    [`a query for ${title}`, () => query(make())] as const,
  ]);

  it.each(made)("start no session where they return %s", async (_, make) => {
    const server = openAttackedServer(loose({ hooks: { signedIn: make } }));
    await expectFault(server, await enter(server, mode, "/auth/signup"), "hooks.signedIn");
    expect(await server.auth.users.find({ email: "ann@example.com" })).toBeNull();
    expect(server.events.some(({ type }) => type === "session.started")).toBe(false);
  });

  it.each(made)("refresh nothing where they return %s", async (_, make) => {
    let answers = (): unknown => undefined;
    const server = openAttackedServer(loose({ hooks: { refreshed: () => answers() } }));
    const ann = await signUp(server, mode);
    answers = make;
    const refused = await present(server, mode, ann.refresh);
    expect({
      status: refused.status,
      code: refused.code,
      access: refused.access,
      refresh: refused.refresh,
    }).toEqual({ status: 500, code: "internal_error", access: null, refresh: null });
    expectTold(server, "hooks.refreshed");
    await expect(server.auth.sessions.refresh(ann.refresh)).rejects.toMatchObject({ code: "internal_error" });
    // The fault ends no session.
    answers = () => undefined;
    expect((await present(server, mode, ann.refresh)).status).toBe(200);
  });

  it("may return a query, which is awaited", async () => {
    const server = openAttackedServer(
      loose({ hooks: { signedIn: () => query({ context: { role: "x" } }) } }),
    );
    const { body } = await read(await enter(server, mode, "/auth/signup"));
    expect(body["session"]).toMatchObject({ context: { role: "x" } });
    const refusing = openAttackedServer(loose({ hooks: { signedIn: () => query(false) } }));
    expect((await enter(refusing, mode, "/auth/signup")).status).toBe(403);
  });
});

const NO_RECORDS: Readonly<Record<string, () => unknown>> = {
  ...LATER,
  undefined: () => undefined,
  false: () => false,
  ...Object.fromEntries(Object.entries(NO_ANSWERS).filter(([title]) => !/member|context/.test(title))),
  "a query as a member": () => ({ role: query("admin") }),
  "a promise as a member": () => ({ role: Promise.resolve("admin") }),
};

describe.each(modes)("callbacks that return a plain object, by %s", (mode) => {
  it.each(Object.entries(NO_RECORDS))("make no token with claims that are %s", async (_, make) => {
    const server = openAttackedServer(loose({ accessToken: { claims: make } }));
    await expectFault(server, await enter(server, mode, "/auth/signup"), "accessToken.claims");
  });

  it.each(Object.entries(NO_RECORDS))(
    "do not show a user whom user.serialize returns as %s",
    async (_, make) => {
      const server = openAttackedServer(loose({ user: { serialize: make } }));
      await expectFault(server, await enter(server, mode, "/auth/signup"), "user.serialize");
      const { id } = await server.auth.users.create({ email: "bob@example.com" });
      const { accessToken } = await server.auth.sessions.create(id, { transport: mode });
      for (const path of ["/auth/me", "/auth/session"]) {
        expect((await server.send(path, { headers: withAccess(mode, accessToken) })).status).toBe(500);
      }
    },
  );

  const schema = { "~standard": { version: 1, vendor: "test", validate: (value: unknown) => ({ value }) } };
  const noContexts = Object.entries(NO_RECORDS).filter(
    ([title]) => !/date|map|class|heir|an error|wrapped/.test(title),
  );
  it.each(noContexts)("start no session with a context that is %s", async (_, make) => {
    const server = openAttackedServer(loose({ sessions: { context: { schema, from: make } } }));
    await expectFault(server, await enter(server, mode, "/auth/signup"), "sessions.context.from");
  });

  it.each(Object.entries(LATER))("set no context from a schema whose value is %s", async (_, make) => {
    const later = { "~standard": { ...schema["~standard"], validate: () => ({ value: make() }) } };
    const server = openAttackedServer(loose({ sessions: { context: { schema: later, from: () => ({}) } } }));
    const answer = await read(await enter(server, mode, "/auth/signup"));
    expect({ status: answer.status, code: answer.code }).toEqual({ status: 500, code: "internal_error" });
    expect(faults(server)[0]).toMatch(/^sessions\.context/);
  });
});

describe("clientAddress", () => {
  const noAddresses = Object.entries({ ...NO_ANSWERS, ...LATER, undefined: () => undefined }).filter(
    ([title]) => !/^null$|text$/.test(title),
  );
  it.each(noAddresses)(
    "refuses %s as an address, because no limit would count the client",
    async (_, make) => {
      const server = openAttackedServer(loose({ clientAddress: make }));
      await expectFault(server, await enter(server, "cookie", "/auth/signup"), "clientAddress");
      const refreshing = requestTo("/", { headers: { cookie: `${REFRESH}=lkr_x` } });
      expect(await server.auth.validate(refreshing)).toMatchObject({ ok: false, code: "internal_error" });
      // A request that starts nothing is not asked for its address.
      expect(await server.auth.validate(requestTo("/"))).toMatchObject({
        ok: false,
        code: "unauthenticated",
      });
    },
  );

  it.each([null, "", "192.0.2.1", "no address"])("accepts %j", async (address) => {
    const server = openAttackedServer({ clientAddress: () => address });
    expect((await enter(server, "cookie", "/auth/signup")).status).toBe(201);
  });
});

describe.each(modes)("a hasher of the application, by %s", (mode) => {
  const opened = async (changes: object): Promise<TestServer> => {
    let broken = false;
    const names = Object.keys(changes);
    const hasher = new Proxy(cheapHasher, {
      get: (target, name, self) =>
        Reflect.get(broken && names.includes(String(name)) ? changes : target, name, self),
    }) as PasswordHasher;
    const server = openAttackedServer({ providers: [password({ hasher })] });
    await signUp(server, mode);
    broken = true;
    return server;
  };
  const noFlags = Object.entries({ ...NO_ANSWERS, undefined: () => undefined }).filter(
    ([title]) => title !== "true",
  );

  it.each([...noFlags, ["a query that finds nothing", () => query([])] as const])(
    "does not sign in where verify returns %s",
    async (_, make) => {
      const server = await opened({ verify: make });
      await expectFault(server, await enter(server, mode, "/auth/login"), "hasher.verify");
    },
  );

  it.each([...noFlags, ...Object.entries(LATER)])(
    "does not sign in where needsRehash returns %s",
    async (_, make) => {
      const server = await opened({ needsRehash: make });
      await expectFault(server, await enter(server, mode, "/auth/login"), "hasher.needsRehash");
    },
  );

  const noTexts = Object.entries({ ...NO_ANSWERS, true: () => true }).filter(([title]) => title !== "a text");
  it.each(noTexts)("does not store %s as a hash", async (_, make) => {
    const server = openAttackedServer({
      providers: [password({ hasher: { ...cheapHasher, hash: make } as unknown as PasswordHasher })],
    });
    await expectFault(server, await enter(server, mode, "/auth/signup"), "hasher.hash");
    expect(await server.auth.users.find({ email: "ann@example.com" })).toBeNull();
  });

  it("may return true and false", async () => {
    const server = await opened({ verify: () => true, needsRehash: () => false });
    expect((await enter(server, mode, "/auth/login")).status).toBe(200);
    const refusing = await opened({ verify: async () => false });
    expect((await enter(refusing, mode, "/auth/login")).status).toBe(401);
  });
});

describe("onEvent", () => {
  it.each(Object.entries({ ...NO_ANSWERS, ...LATER }))("may return %s without effect", async (_, make) => {
    const server = openAttackedServer({ onEvent: make });
    expect((await enter(server, "cookie", "/auth/signup")).status).toBe(201);
  });
});
