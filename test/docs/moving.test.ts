import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import PgAdapter from "@auth/pg-adapter";
import { createAuth } from "@latchkey/core";
import { betterAuthHashes, djangoHashes } from "@latchkey/core/legacy-hashes";
import { memory } from "@latchkey/core/memory";
import { password } from "@latchkey/core/password";
import { BetterSqlite3Adapter } from "@lucia-auth/adapter-sqlite";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import Sqlite from "better-sqlite3";
import express from "express";
import expressSession from "express-session";
import { Lucia, Scrypt } from "lucia";
import { afterAll, expect, it } from "vitest";
import { openLocalServer } from "../fixtures/local-server.ts";
import { cheapHasher } from "../fixtures/server.ts";
import { startPostgres } from "../stores/postgres-server.ts";
import { writeModules } from "./project.ts";
import { needPython, PYTHON } from "./python.ts";

const PAGE = "docs/moving.md";
const PASSWORD = "correct horse battery";
const run = promisify(execFile);
const page = readFileSync(fileURLToPath(new URL(`../../${PAGE}`, import.meta.url)), "utf8");
const project = writeModules(new Map([[PAGE, page]]));
const folder = mkdtempSync(join(tmpdir(), "latchkey-moving-"));
afterAll(() => {
  project.remove();
  rmSync(folder, { recursive: true });
});

/** A function that a module of the page exports. */
async function load(name: string, member: string) {
  const module = project.modules.find((each) => each.name === name);
  if (module === undefined) throw new Error(`${PAGE} has no module ${name}`);
  return (await import(pathToFileURL(project.fileOf(module)).href))[member];
}

function openAuth() {
  const legacy = [betterAuthHashes(), djangoHashes()];
  const identifier = "email-or-username";
  return createAuth({ store: memory(), providers: [password({ hasher: cheapHasher, legacy, identifier })] });
}
type TestAuth = ReturnType<typeof openAuth>;

async function signIn(auth: TestAuth, identifier: string, given = PASSWORD): Promise<number> {
  const body = JSON.stringify({ identifier, password: given });
  const headers = { "content-type": "application/json" };
  return (await auth.handle(new Request("http://localhost/auth/login", { method: "POST", headers, body })))
    .status;
}

/** Opens a page with the cookies of the old library, twice: the second time its session is over. */
async function carriedOver(auth: TestAuth, headers: HeadersInit, endOld: unknown): Promise<unknown[]> {
  const carryOver = await load("carry-over.ts", "carryOver");
  const asked = async () => {
    const request = navigation(headers);
    return carryOver(request, await auth.validate(request), auth, endOld);
  };
  return [(await asked())?.session.userId, await asked()];
}

function navigation(headers: HeadersInit): Request {
  const request = new Request("http://localhost/", { headers });
  request.headers.set("sec-fetch-mode", "navigate");
  return request;
}

it("brings the users and the sessions of better-auth along", async () => {
  const file = join(folder, "better-auth.db");
  const options = {
    database: new DatabaseSync(file),
    baseURL: "http://localhost",
    secret: "of the old library, of at least 32 characters",
    emailAndPassword: { enabled: true },
    telemetry: { enabled: false },
    session: { cookieCache: { enabled: true } },
  };
  const old = betterAuth(options);
  await (await getMigrations(options)).runMigrations();
  const body = { email: "ada@example.com", password: PASSWORD, name: "Ada" };
  const { headers, response } = await old.api.signUpEmail({ body, returnHeaders: true });
  options.database
    .prepare(
      "INSERT INTO account (id, userId, providerId, accountId, createdAt, updatedAt) VALUES (?, ?, ?, ?, ?, ?)",
    )
    .run("1", response.user.id, "github", "583231", new Date().toISOString(), new Date().toISOString());

  const auth = openAuth();
  const importUsers = await load("from-better-auth.ts", "importFromBetterAuth");
  await importUsers(options.database, auth);
  await importUsers(options.database, auth);
  const user = await auth.users.find({ email: "ada@example.com" });
  expect(user).toMatchObject({ id: response.user.id, name: "Ada", emailVerified: false });
  expect(await auth.users.accounts(response.user.id)).toEqual([{ provider: "github", subject: "583231" }]);
  expect(await signIn(auth, "ada@example.com")).toBe(200);
  expect(await signIn(auth, "ada@example.com", "another password")).toBe(401);

  const cookie = headers
    .getSetCookie()
    .map((line) => line.split(";", 1)[0])
    .join("; ");
  const endOld = async ({ headers: sent }: Request) => {
    const found = await old.api.getSession({ headers: sent, query: { disableCookieCache: true } });
    if (found !== null) await old.api.signOut({ headers: sent });
    return found?.user.id ?? null;
  };
  expect(await carriedOver(auth, { cookie }, endOld)).toEqual([response.user.id, null]);
});

it("brings the users of Auth.js along", async () => {
  const server = await startPostgres();
  try {
    const pool = server.pool();
    await pool.query(AUTH_JS_TABLES);
    const old = PgAdapter(pool);
    const created = await old.createUser?.({
      id: "",
      email: "bob@example.com",
      emailVerified: new Date(),
      name: "Bob",
      image: "https://example.com/bob.png",
    });
    const userId = String(created?.id);
    const account = { type: "oauth", provider: "github", providerAccountId: "42" } as const;
    await old.linkAccount?.({ ...account, userId });

    const auth = openAuth();
    await (await load("from-auth-js.ts", "importFromAuthJs"))(pool, auth);
    const expected = { id: userId, name: "Bob", picture: "https://example.com/bob.png", emailVerified: true };
    expect(await auth.users.find({ email: "bob@example.com" })).toMatchObject(expected);
    expect(await auth.users.accounts(userId)).toEqual([{ provider: "github", subject: "42" }]);
  } finally {
    await server.stop();
  }
});

it("leaves no session of the old library to a user who is signed in, and ends none if the store is down", async () => {
  const auth = openAuth();
  await auth.users.import([{ id: "7", email: "kim@example.com" }]);
  const { headers } = await auth.sessions.create("7");
  const cookie = headers
    .getSetCookie()
    .map((line) => line.split(";", 1)[0])
    .join("; ");
  const request = navigation({ cookie });
  const carryOver = await load("carry-over.ts", "carryOver");
  let ended = 0;
  const endOld = async () => {
    ended++;
    return "7";
  };
  expect(await carryOver(request, await auth.validate(request), auth, endOld)).toBeNull();
  expect(ended).toBe(1);
  for (const code of ["store_unavailable", "session_revoked", "refresh_token_reused"])
    expect(await carryOver(request, { ok: false, code }, auth, endOld)).toBeNull();
  expect(ended).toBe(1);
});

it("brings the passwords and the sessions of Lucia along", async () => {
  const database = new Sqlite(join(folder, "lucia.db"));
  database.exec("CREATE TABLE user (id TEXT PRIMARY KEY)");
  database.exec(
    "CREATE TABLE session (id TEXT PRIMARY KEY, expires_at INTEGER NOT NULL, user_id TEXT NOT NULL)",
  );
  database.prepare("INSERT INTO user VALUES (?)").run("eve");
  const lucia = new Lucia(new BetterSqlite3Adapter(database, { user: "user", session: "session" }));
  const session = await lucia.createSession("eve", {});

  const auth = openAuth();
  const passwordHash = await new Scrypt().hash(PASSWORD);
  await auth.users.import([{ id: "eve", email: "eve@example.com", passwordHash }]);
  expect(await signIn(auth, "eve@example.com")).toBe(200);
  const cookie = lucia.createSessionCookie(session.id).serialize().split(";", 1)[0] ?? "";
  const endOld = (await load("lucia-session.ts", "endLucia"))(lucia);
  expect(await carriedOver(auth, { cookie }, endOld)).toEqual(["eve", null]);

  await auth.users.disable("eve");
  const left = await lucia.createSession("eve", {});
  const sent = { cookie: lucia.createSessionCookie(left.id).serialize().split(";", 1)[0] ?? "" };
  expect(await carriedOver(auth, sent, endOld)).toEqual([undefined, null]);
  expect((await lucia.validateSession(left.id)).session).toBeNull();
  database.close();
});

it("brings the sessions of express-session along", async () => {
  const auth = openAuth();
  await auth.users.import([{ id: "7", email: "kim@example.com" }]);
  const endExpressSession = await load("express-session.ts", "endExpressSession");
  const carryOver = await load("carry-over.ts", "carryOver");
  const app = express();
  app.use(expressSession({ secret: "old", resave: false, saveUninitialized: false }));
  app.get("/old-login", (request, response) => {
    Object.assign(request.session, { userId: "7" });
    response.end();
  });
  app.get("/", async (request, response) => {
    const asked = navigation({});
    const carried = await carryOver(asked, await auth.validate(asked), auth, endExpressSession(request));
    response.json(carried?.session.userId ?? null);
  });
  const server = await openLocalServer();
  server.listen(app);
  try {
    const login = await fetch(`${server.origin}/old-login`);
    const headers = { cookie: login.headers.getSetCookie()[0]?.split(";", 1)[0] ?? "" };
    const ask = async () => (await fetch(server.origin, { headers })).json();
    expect([await ask(), await ask()]).toEqual(["7", null]);
  } finally {
    await server.close();
  }
});

it("brings the users and the refresh tokens of Django and SimpleJWT along", async (context) => {
  needPython(context, "rest_framework_simplejwt", "python3-djangorestframework-simplejwt");
  const file = join(folder, "django.db");
  const { stdout } = await run(PYTHON, ["-c", DJANGO, file, PASSWORD]);
  const token = stdout.trim();
  const auth = openAuth();
  await (await load("from-django.ts", "importFromDjango"))(new DatabaseSync(file), auth);
  expect(await signIn(auth, "lee@example.com")).toBe(200);
  expect(await signIn(auth, "lee")).toBe(200);
  expect(await signIn(auth, "gone")).toBe(401);
  const exchange = await load("simple-jwt.ts", "exchange");
  expect((await exchange(token, "django-key-of-at-least-32-characters", auth)).session.userId).toBe("1");
  await expect(exchange(token, "another key of at least 32 characters", auth)).rejects.toThrow();
});

const AUTH_JS_TABLES = `
  CREATE TABLE users (id SERIAL PRIMARY KEY, name VARCHAR(255), email VARCHAR(255), "emailVerified" TIMESTAMPTZ, image TEXT);
  CREATE TABLE accounts (id SERIAL PRIMARY KEY, "userId" INTEGER NOT NULL, type VARCHAR(255) NOT NULL,
    provider VARCHAR(255) NOT NULL, "providerAccountId" VARCHAR(255) NOT NULL, refresh_token TEXT, access_token TEXT,
    expires_at BIGINT, id_token TEXT, scope TEXT, session_state TEXT, token_type TEXT);`;

const DJANGO = `
import sys
import django
from django.conf import settings
settings.configure(
    SECRET_KEY="django-key-of-at-least-32-characters",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": sys.argv[1]}},
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "rest_framework_simplejwt"],
    USE_TZ=True,
)
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from django.contrib.auth.models import User
lee = User.objects.create_user("lee", "lee@example.com", sys.argv[2])
gone = User.objects.create_user("gone", "", sys.argv[2])
gone.is_active = False
gone.save()
from rest_framework_simplejwt.tokens import RefreshToken
print(RefreshToken.for_user(lee))
`;
