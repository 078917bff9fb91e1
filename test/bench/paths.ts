import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import type { PasswordHasher } from "@latchkey/core/password";
import type { Store } from "@latchkey/core/store";
import type { Path } from "./rounds.ts";

/** The public entries of one checkout of this repository. */
interface Tree {
  readonly core: typeof import("@latchkey/core");
  readonly memory: typeof import("@latchkey/core/memory");
  readonly password: typeof import("@latchkey/core/password");
  readonly validator: typeof import("@latchkey/core/validator");
  readonly sqlite: typeof import("@latchkey/sql/sqlite");
}

const ORIGIN = "http://localhost";
const CREDENTIALS = { email: "a@example.com", password: "correct horse battery" };
// Stores keep ended sessions, and look at all of a user's when one starts.
const SIGN_INS_PER_USER = 50;
// Longer than the lease of a rotation, so that every refresh rotates.
const STEP = 61_000;

/** Hashes nothing: the bench measures what surrounds a hash, which takes a hundred times as long. */
const hasher: PasswordHasher = {
  hash: async (text) => `$plain$${text}`,
  verify: async (text, stored) => stored === `$plain$${text}`,
  needsRehash: () => false,
};

/** The paths of the checkout in `folder`, in the same order for every checkout. It must be installed there. */
export async function pathsOf(folder: string): Promise<readonly Path[]> {
  const tree = await load(folder);
  const openMemory = async (): Promise<Store> => tree.memory.memory();
  const openSqlite = async (): Promise<Store> => {
    const store = tree.sqlite.sqlite(new DatabaseSync(":memory:"));
    await tree.sqlite.migrate(store);
    return store;
  };
  return [
    await validatorPath(tree),
    ...(await storePaths(tree, "memory", openMemory)),
    ...(await storePaths(tree, "sqlite", openSqlite)),
  ];
}

async function load(folder: string): Promise<Tree> {
  const { resolve: entry } = createRequire(join(resolve(folder), "package.json"));
  const open = (name: string) => import(pathToFileURL(entry(name)).href);
  return {
    core: await open("@latchkey/core"),
    memory: await open("@latchkey/core/memory"),
    password: await open("@latchkey/core/password"),
    validator: await open("@latchkey/core/validator"),
    sqlite: await open("@latchkey/sql/sqlite"),
  };
}

async function validatorPath({ core, memory, validator }: Tree): Promise<Path> {
  const auth = core.createAuth({ store: memory.memory(), baseURL: ORIGIN });
  const { id } = await auth.users.create({ email: CREDENTIALS.email });
  const { accessToken } = await auth.sessions.create(id, { transport: "bearer" });
  const jwks = await auth.keys.jwks();
  const { validate } = validator.createValidator({ jwks, issuer: ORIGIN });
  const request = new Request(ORIGIN, { headers: { authorization: `Bearer ${accessToken}` } });
  return { name: "validator: validate of a live token", run: async () => expectOk(await validate(request)) };
}

async function storePaths(tree: Tree, name: string, open: () => Promise<Store>): Promise<readonly Path[]> {
  const paths = {
    ...(await livePath(await openServer(tree, open))),
    ...(await refreshPaths(await openServer(tree, open))),
    ...(await handlePaths(await openServer(tree, open))),
  };
  return Object.entries(paths).map(([path, run]) => ({ name: `${name}: ${path}`, run }));
}

/** A server with a store and a clock of its own, so that no path moves the time of another. */
async function openServer({ core, password }: Tree, open: () => Promise<Store>) {
  let now = Date.now();
  const auth = core.createAuth({
    store: await open(),
    providers: [password.password({ hasher })],
    rateLimit: false,
    env: { clock: () => now },
  });
  const { id } = await auth.users.create(CREDENTIALS);
  const wait = (): void => {
    now += STEP;
  };
  return { auth, id, wait };
}

type Server = Awaited<ReturnType<typeof openServer>>;
type Runs = Readonly<Record<string, Path["run"]>>;

async function livePath({ auth, id }: Server): Promise<Runs> {
  const { headers } = await auth.sessions.create(id);
  const request = new Request(ORIGIN, { headers: { cookie: cookieOf(headers) } });
  return { "validate of a live token": async () => expectOk(await auth.validate(request)) };
}

async function refreshPaths({ auth, id, wait }: Server): Promise<Runs> {
  let { refreshToken: token } = await auth.sessions.create(id, { transport: "bearer" });
  return {
    "refresh with a rotation": async () => {
      wait();
      const result = await auth.sessions.refresh(token ?? "");
      if (!result.ok) throw new Error(result.code);
      token = result.refreshToken;
    },
    "access-only answer": async () => expectOk(await auth.sessions.refresh(token ?? "")),
  };
}

async function handlePaths({ auth, id, wait }: Server): Promise<Runs> {
  const post = async (path: string, body: object, token?: string): Promise<Response> => {
    const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const headers = { "content-type": "application/json", ...authorization };
    const request = { method: "POST", headers, body: JSON.stringify(body) };
    const response = await auth.handle(new Request(`${ORIGIN}/auth/${path}`, request));
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
    return response;
  };
  let { refreshToken: token } = await auth.sessions.create(id, { transport: "bearer" });
  let signIns = 0;
  return {
    "sign-in and sign-out by handle": async () => {
      const user = { ...CREDENTIALS, email: `${Math.floor(signIns / SIGN_INS_PER_USER)}@example.com` };
      if (signIns++ % SIGN_INS_PER_USER === 0) await auth.users.create(user);
      const { access_token } = await (await post("login", { ...user, transport: "bearer" })).json();
      await post("logout", {}, access_token);
    },
    "refresh with a rotation by handle": async () => {
      wait();
      token = (await (await post("refresh", { refresh_token: token })).json()).refresh_token;
    },
  };
}

function cookieOf(headers: Headers): string {
  return headers
    .getSetCookie()
    .map((line) => line.split(";")[0])
    .join("; ");
}

function expectOk({ ok }: { readonly ok: boolean }): void {
  if (!ok) throw new Error("a call of the bench was refused");
}
