import type { DatabaseSync } from "node:sqlite";
import { describe, expect, test } from "vitest";
import { expectError } from "../fixtures/answers.ts";
import type { Browser } from "../fixtures/browser.ts";
import { ANN, BOB, openServer, type TestServer } from "../fixtures/server.ts";
import { counted } from "../fixtures/wrapped-store.ts";
import { migrated, open } from "../stores/files.ts";

/** A bad request, and the answer that it gets. */
interface Bad {
  readonly title: string;
  readonly path: string;
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly answer: readonly [status: number, code: string];
}

const INVALID = [400, "invalid_request"] as const;
const TYPE = [415, "unsupported_media_type"] as const;
const LONG = "x".repeat(20_000);

const bodies: readonly Omit<Bad, "path">[] = [
  { title: "no body", answer: INVALID },
  { title: "an empty object", body: {}, answer: INVALID },
  { title: "a list", body: [ANN], answer: INVALID },
  { title: "null", body: "null", answer: INVALID },
  { title: "a text", body: '"text"', answer: INVALID },
  { title: "broken JSON", body: '{"email":"ann@example.com",', answer: INVALID },
  { title: "two documents", body: "{}{}", answer: INVALID },
  { title: "a byte order mark", body: `\uFEFF${JSON.stringify(ANN)}`, answer: INVALID },
  { title: "10,000 brackets", body: "[".repeat(10_000), answer: INVALID },
  { title: "no password", body: { email: ANN.email }, answer: INVALID },
  { title: "no identifier", body: { password: ANN.password }, answer: INVALID },
  { title: "a password that is a list", body: { ...ANN, password: [ANN.password] }, answer: INVALID },
  { title: "a password that is a number", body: { ...ANN, password: 12_345_678 }, answer: INVALID },
  { title: "an identifier that is an object", body: { ...ANN, email: { a: 1 } }, answer: INVALID },
  {
    title: "a lone surrogate",
    body: '{"email":"ann@example.com","password":"\\ud800 long enough"}',
    answer: INVALID,
  },
  { title: "an address that is none", body: { ...ANN, email: "ann" }, answer: INVALID },
  { title: "two addresses", body: { ...ANN, email: "a@example.com,b@example.com" }, answer: INVALID },
  { title: "a line break in the address", body: { ...ANN, email: "a@example.com\r\nb" }, answer: INVALID },
  { title: "a password of 1,025 characters", body: { ...ANN, password: "y".repeat(1_025) }, answer: INVALID },
  { title: "a transport that is none", body: { ...ANN, transport: "pigeon" }, answer: INVALID },
  {
    title: "members of the prototype",
    body: '{"__proto__":{"email":"a@example.com","password":"long enough"}}',
    answer: INVALID,
  },
  { title: "a body of 20,000 characters", body: { ...ANN, more: LONG }, answer: [413, "payload_too_large"] },
  { title: "plain text", body: JSON.stringify(ANN), headers: { "content-type": "text/plain" }, answer: TYPE },
  {
    title: "JSON of another charset",
    body: JSON.stringify(ANN),
    headers: { "content-type": "application/json; charset=utf-16" },
    answer: TYPE,
  },
  {
    title: "a compressed body",
    body: JSON.stringify(ANN),
    headers: { "content-encoding": "gzip" },
    answer: TYPE,
  },
  {
    title: "a form with a field twice",
    body: "email=a%40example.com&email=b%40example.com&password=longenough",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    answer: INVALID,
  },
  {
    title: "a form with a broken escape",
    body: "email=%zz&password=longenough",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    answer: INVALID,
  },
];

const post = (path: string, title: string, body: unknown, answer: Bad["answer"]): Bad => {
  return { title, path, method: "POST", body, answer };
};

const requests: readonly Bad[] = [
  ...["/auth/login", "/auth/signup"].flatMap((path) =>
    bodies.map((bad) => ({ ...bad, path, method: "POST" })),
  ),
  post("/auth/signup", "a weak password", { ...ANN, password: "12345678" }, [422, "weak_password"]),
  post("/auth/signup", "a short password", { ...ANN, password: "1234567" }, [422, "weak_password"]),
  post("/auth/signup", "the address as password", { ...ANN, password: ANN.email }, [422, "weak_password"]),
  post("/auth/signup", "a known address", BOB, [409, "identifier_taken"]),
  post("/auth/signup", "a known address in other letters", { ...BOB, email: "ＢＯＢ@Example.COM" }, [
    409,
    "identifier_taken",
  ]),
  post("/auth/login", "a wrong password", { ...BOB, password: ANN.password }, [401, "invalid_credentials"]),
  post("/auth/refresh", "a token that is a number", { refresh_token: 7 }, INVALID),
  post("/auth/refresh", "a token beside the cookie", { refresh_token: "lkr_x" }, INVALID),
  post("/auth/refresh", "broken JSON", "{", INVALID),
  post("/auth/refresh", "a list", [], INVALID),
  post("/auth/logout", "a scope that is none", { scope: "galaxy" }, INVALID),
  post("/auth/logout", "a scope that is a list", { scope: ["all"] }, INVALID),
  post("/auth/logout", "broken JSON", "{", INVALID),
  {
    title: "an unknown session",
    path: "/auth/sessions/AAAAAAAAAAAAAAAAAAAAAA",
    method: "DELETE",
    answer: [404, "not_found"],
  },
  { title: "a malformed session", path: "/auth/sessions/7", method: "DELETE", answer: [404, "not_found"] },
  {
    title: "an encoded session",
    path: "/auth/sessions/%2e%2e",
    method: "DELETE",
    answer: [404, "not_found"],
  },
  { title: "an unknown route", path: "/auth/nothing", answer: [404, "not_found"] },
  { title: "no route", path: "/auth", answer: [404, "not_found"] },
  { title: "another path", path: "/elsewhere", answer: [404, "not_found"] },
  ...["/auth/login", "/auth/signup", "/auth/refresh", "/auth/logout"].map(
    (path): Bad => ({ title: "GET", path, answer: [405, "method_not_allowed"] }),
  ),
  { title: "PUT", path: "/auth/me", method: "PUT", answer: [405, "method_not_allowed"] },
];

interface Setting {
  readonly server: TestServer;
  readonly bob: Browser;
  readonly database: DatabaseSync;
  readonly calls: string[];
}

async function setting(): Promise<Setting> {
  const database = open(":memory:");
  const { store, calls } = counted(await migrated(database));
  const server = openServer({ store });
  const bob = await server.signedIn(BOB);
  return { server, bob, database, calls };
}

const TABLES = ["latchkey_sessions", "latchkey_users", "latchkey_documents"] as const;

function contentsOf(database: DatabaseSync): readonly unknown[] {
  return TABLES.map((table) => database.prepare(`SELECT * FROM ${table} ORDER BY 1`).all());
}

describe("bad input gets an error code, and leaves the store as it was", () => {
  for (const { title, path, method = "GET", body, headers = {}, answer } of requests) {
    test(`${method} ${path}: ${title}`, async () => {
      const { bob, database, calls, server } = await setting();
      const before = contentsOf(database);
      const jar = { access: bob.cookie("access"), refresh: bob.cookie("refresh") };
      calls.length = 0;
      const response = await bob.send(path, { method, headers, ...(body === undefined ? {} : { body }) });
      if (answer[0] === 405) expect(response.headers.get("allow")).toContain("OPTIONS");
      expect(response.headers.getSetCookie()).toEqual([]);
      await expectError(response, ...answer);
      expect(contentsOf(database)).toEqual(before);
      // The unique index is what finds a taken identifier: that attempt is the one write there may be.
      const mayWrite = answer[1] === "identifier_taken" ? /^users\.create$/ : /^$/;
      expect(calls.filter((call) => !/\.(get|find|load|list)$/.test(call) && !mayWrite.test(call))).toEqual(
        [],
      );
      expect({ access: bob.cookie("access"), refresh: bob.cookie("refresh") }).toEqual(jar);
      expect((await server.auth.validate(bob.request("/page"))).ok).toBe(true);
    });
  }
});

test("an unknown member is never stored, under any name", async () => {
  const { server, database } = await setting();
  const more = {
    id: "mine",
    role: "admin",
    emailVerified: true,
    picture: "https://evil.example/eve.png",
    context: { a: 1 },
    userId: "x",
  };
  const ann = server.browser();
  expect((await ann.post("/auth/signup", { ...more, ...ANN })).status).toBe(201);
  const user = await server.auth.users.find(ANN);
  expect(user).toMatchObject({ emailVerified: false, picture: null });
  expect(user?.id).not.toBe("mine");
  const dump = JSON.stringify(contentsOf(database));
  for (const trace of ["admin", "evil", '"a":1']) expect(dump).not.toContain(trace);
});

test("a store that is down causes 503 on every route that needs it, clears cookies at logout only, and works afterwards", async () => {
  const server = openServer();
  const ann = await server.signedIn();
  const down = openServer({
    clock: server.clock,
    store: {
      sessions: failing(server.store.sessions),
      users: failing(server.store.users),
      keys: server.store.keys,
      tokens: failing(server.store.tokens),
      throttle: failing(server.store.throttle),
    },
  });
  const requestsThatNeedIt = [
    () => ann.copy(down.auth).post("/auth/refresh"),
    () => ann.copy(down.auth).post("/auth/login", ANN),
    () => ann.copy(down.auth).post("/auth/signup", BOB),
    () => ann.copy(down.auth).get("/auth/me"),
    () => ann.copy(down.auth).get("/auth/sessions"),
  ];
  for (const request of requestsThatNeedIt) {
    const answer = await request();
    expect(answer.headers.getSetCookie()).toEqual([]);
    await expectError(answer, 503, "store_unavailable");
  }
  expect(await down.auth.validate(ann.request("/page"), { fresh: true })).toMatchObject({
    code: "store_unavailable",
    status: 503,
  });
  expect((await down.auth.validate(ann.request("/page"))).ok).toBe(true);
  const leaving = ann.copy(down.auth);
  const left = await leaving.post("/auth/logout");
  await expectError(left, 503, "store_unavailable");
  expect(leaving.names()).toEqual([]);
  expect((await ann.post("/auth/refresh")).status).toBe(200);
});

function failing<T extends object>(part: T): T {
  return new Proxy(part, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name);
      return typeof member === "function" ? () => Promise.reject(new Error("down")) : member;
    },
  });
}
