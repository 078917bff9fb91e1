import { readFileSync } from "node:fs";
import { inspect } from "node:util";
import type { JsonObject, OnError, UserStore } from "@latchkey/core";
import { migrate, postgres } from "@latchkey/sql/postgres";
import { describeUsers } from "@latchkey/store-contract";
import type { Pool } from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { bodyOf, expectError, memberOf } from "../../../test/fixtures/answers.ts";
import type { Browser } from "../../../test/fixtures/browser.ts";
import { linkAt, signInAt } from "../../../test/fixtures/oauth-server.ts";
import { type StubProvider, stubProvider } from "../../../test/fixtures/providers/stub-provider.ts";
import { cheapPassword, openSecureServer, type TestServer } from "../../../test/fixtures/server.ts";
import { startPostgres, type TestPostgres } from "../../../test/stores/postgres-server.ts";
import type { Member } from "./kysely.ts";

const CONNECTIONS = 16;
const CROWD = 8;
const TABLES = readFileSync(new URL("../schema.sql", import.meta.url), "utf8");
const ANN = { email: "ann@example.com", username: "ann", password: "correct horse battery" };
const BY_NAME = { username: "ann", password: ANN.password };
const NEW = "a different staple";
const AT_STUB = { subject: "ann-there", email: null };

interface Application extends TestServer<JsonObject, Member> {
  readonly stub: StubProvider;
}

/** Runs the contract of users over a store on `schema.sql`, and the lives of some users in an application that uses it. */
export function describeOwnUsers(
  name: string,
  open: (pool: Pool, schema: string) => UserStore<Member> | Promise<UserStore<Member>>,
): void {
  describe(`users in a table of the application, by ${name}`, () => {
    let server: TestPostgres;
    let pool: Pool;
    let users: UserStore<Member>;
    const empty = async () => {
      await pool.query("TRUNCATE users, linked_accounts, latchkey_sessions RESTART IDENTITY");
      return { users };
    };
    beforeAll(async () => {
      server = await startPostgres();
      pool = server.pool(CONNECTIONS);
      await pool.query(TABLES);
      await migrate(postgres(pool));
      users = await open(pool, server.schema);
    });
    afterAll(() => server.stop());

    describeUsers({ describe, it }, name, empty);

    describe("an application", () => {
      beforeEach(empty);
      describeLives(
        () => pool,
        (onError) => openApplication(pool, users, onError),
      );
    });
  });
}

function openApplication(
  pool: Pool,
  users: UserStore<Member>,
  onError: OnError = () => undefined,
): Application {
  const stub = stubProvider();
  const server = openSecureServer<JsonObject, Member>({
    store: postgres(pool, { clock: "caller" }),
    users,
    providers: [cheapPassword("email-or-username"), stub.provider],
    revocation: "store",
    onError,
  });
  return { ...server, stub };
}

function describeLives(poolOf: () => Pool, application: (onError?: OnError) => Application): void {
  it("a sign-up that the database refuses puts no password hash into the log", async () => {
    const faults: unknown[] = [];
    const { browser } = application((error) => void faults.push(error));
    await poolOf().query("ALTER TABLE users RENAME COLUMN password_hash TO password_hash_2");
    try {
      await expectError(await browser().post("/auth/signup", ANN), 503, "store_unavailable");
    } finally {
      await poolOf().query("ALTER TABLE users RENAME COLUMN password_hash_2 TO password_hash");
    }
    expect(faults.length).toBe(1);
    expect(inspect(faults, { depth: 10 })).not.toContain("$scrypt$");
  });

  it("a person signs up, signs in by username, links an account, changes the password and leaves", async () => {
    const { auth, browser, stub } = application();
    const laptop = browser();
    expect((await laptop.post("/auth/signup", ANN)).status).toBe(201);
    const { rows } = await poolOf().query("SELECT id, email, handle, plan FROM users");
    expect(rows).toEqual([{ id: 1, email: "ann@example.com", handle: "ann", plan: "free" }]);

    const phone = browser();
    expect(await idAt(phone, "/auth/login", { ...BY_NAME, username: "Ann" })).toBe("1");
    expect((await linkAt(stub, phone, AT_STUB)).status).toBe(303);
    expect(await auth.users.accounts("1")).toEqual([{ provider: "stub", subject: "ann-there" }]);
    const tablet = browser();
    await signInAt(stub, tablet, AT_STUB);
    expect(await bodyOf(await tablet.get("/auth/me"))).toMatchObject({ id: "1" });
    expect((await auth.sessions.list("1")).length).toBe(3);

    const change = { currentPassword: ANN.password, newPassword: NEW };
    expect((await phone.post("/auth/password/change", change)).status).toBe(200);
    expect((await phone.get("/auth/me")).status).toBe(200);
    for (const other of [laptop, tablet]) expect((await other.get("/auth/me")).status).toBe(401);
    await expectError(await laptop.post("/auth/login", BY_NAME), 401, "invalid_credentials");
    expect(await idAt(laptop, "/auth/login", { ...BY_NAME, password: NEW })).toBe("1");

    expect((await phone.send("/auth/account", { method: "DELETE" })).status).toBe(204);
    expect((await laptop.get("/auth/me")).status).toBe(401);
    expect(
      (await poolOf().query("SELECT id FROM users UNION ALL SELECT id FROM linked_accounts")).rows,
    ).toEqual([]);
    expect(await auth.users.create({ email: ANN.email })).toMatchObject({ id: "2" });
  });

  it("people sign up at once with one address or one username, and one gets it", async () => {
    const { browser } = application();
    const signUp = (body: object) => browser().post("/auth/signup", { password: NEW, ...body });
    const crowd = Array.from({ length: CROWD }, (_, n) => n);
    const byEmail = crowd.map((n) => signUp({ email: ANN.email, username: `u${n}` }));
    const byName = crowd.map((n) => signUp({ email: `u${n}@example.com`, username: "bob" }));
    for (const answers of [await Promise.all(byEmail), await Promise.all(byName)]) {
      const statuses = answers.map(({ status }) => status).sort();
      expect(statuses).toEqual([201, ...Array.from({ length: CROWD - 1 }, () => 409)]);
    }
  });

  it("the application changes a plan, an address and a name, and blocks a user", async () => {
    const { auth, browser } = application();
    const laptop = browser();
    await laptop.post("/auth/signup", ANN);
    await auth.users.create({ email: "bob@example.com" });
    expect(await auth.users.update("1", { plan: "gold", name: "Ann" })).toMatchObject({
      plan: "gold",
      name: "Ann",
    });
    expect(await auth.users.get("1")).toMatchObject({ plan: "gold", username: "ann" });
    const taken = auth.users.update("1", { email: "bob@example.com" });
    await expect(taken).rejects.toMatchObject({ code: "identifier_taken" });
    await auth.users.update("1", { email: "ann@example.org", emailVerified: true });
    expect(await auth.users.find({ email: "Ann@example.org" })).toMatchObject({
      id: "1",
      emailVerified: true,
    });
    expect(await auth.users.disable("1")).toBe(true);
    expect((await laptop.get("/auth/me")).status).toBe(401);
    for (const id of ["7", "01", "1.0", " 1", "ann", "2147483648", ""]) {
      expect(await auth.users.get(id)).toBeNull();
      expect(await auth.users.delete(id)).toBe(false);
    }
  });

  it("the application lists every user once, and finds users by how their address begins", async () => {
    const { auth } = application();
    for (let n = 1; n <= 12; n++) {
      await auth.users.create({
        email: `${n % 2 === 0 ? "even" : "odd"}_${n}@example.com`,
        username: `e${n}`,
      });
    }
    const ids = (users: readonly { readonly id: string }[]) => users.map(({ id }) => Number(id));
    const { users, next } = await auth.users.list({ limit: 10 });
    expect(ids(users)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    const rest = await auth.users.list({ limit: 10, after: next ?? "" });
    expect({ ids: ids(rest.users), next: rest.next }).toEqual({ ids: [11, 12], next: null });
    expect(ids((await auth.users.list({ query: "odd_1" })).users)).toEqual([11, 1]);
    expect(ids((await auth.users.list({ query: "e1", limit: 2 })).users)).toEqual([1, 10]);
    expect((await auth.users.list({ query: "%" })).users).toEqual([]);
  });
}

async function idAt(browser: Browser, path: string, body: object): Promise<unknown> {
  return memberOf(await bodyOf(await browser.post(path, body)), "user")["id"];
}
