import type { JsonObject, PublicUser, StandardSchema, User, UserStore, Validation } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import { describe, expect, it, vi } from "vitest";
import { nativeCode, VERIFIER } from "../fixtures/oauth-flow.ts";
import { openStubServer, type StubServer } from "../fixtures/oauth-server.ts";
import { ANN_THERE, stubProvider } from "../fixtures/providers/stub-provider.ts";
import { collectSecrets, printed, type Secrets } from "../fixtures/secrets.ts";
import { ANN, BOB, openServer, SECRET } from "../fixtures/server.ts";
import { stores } from "../fixtures/stores.ts";
import { type Between, wrapped } from "../fixtures/wrapped-store.ts";

/** A schema that takes every context. */
const ANY: StandardSchema<JsonObject> = {
  "~standard": { version: 1, vendor: "test", validate: (value) => ({ value: value as JsonObject }) },
};

/** The members of rows that never leave a store. */
const HIDDEN =
  /passwordHash|credentialsVersion|familyHash|rootHash|childHash|privateKey|"sealed"|codeChallenge/;
const KEPT = /"(?:\w*[hH]ash|privateKey|sealed)":"([^"]{8,})"/g;

/** A store that tells of everything that it keeps and must not show. */
function overheard(store: Parameters<typeof wrapped>[0], secrets: Secrets): ReturnType<typeof wrapped> {
  const between: Between = async (operation, call, given) => {
    const result = await call();
    const text = JSON.stringify([given, result ?? null]).replaceAll('\\"', '"');
    for (const [, kept = ""] of text.matchAll(KEPT)) {
      secrets.add(kept);
      for (const part of kept.split("$").filter((piece) => piece.length > 20)) secrets.add(part);
    }
    const [, sealed] = given;
    if (operation === "users.keepTokens" && typeof sealed === "string") secrets.add(sealed);
    return result;
  };
  return wrapped(store, between);
}

/** Hears every private key as it is exported. */
function hearPrivateKeys(secrets: Secrets): void {
  const exportKey = crypto.subtle.exportKey.bind(crypto.subtle);
  vi.spyOn(crypto.subtle, "exportKey").mockImplementation(async (format: string, key: CryptoKey) => {
    const exported = await exportKey(format as "jwk", key);
    if (exported.d !== undefined) secrets.add(exported.d);
    return exported as JsonWebKey & ArrayBuffer;
  });
}

async function nativeSignIn({ server, add }: Walk): Promise<void> {
  const code = await nativeCode(server.browser(), (location) => server.stub.agree(location, ANN_THERE));
  const answer = await server.send("/auth/oauth/exchange", {
    method: "POST",
    body: { code, code_verifier: VERIFIER },
  });
  expect(answer.status).toBe(200);
  await add(Promise.resolve(answer));
}

interface Walk {
  readonly server: StubServer;
  /** Keeps what a call returned, or why it failed. */
  readonly add: (work: Promise<unknown>) => Promise<unknown>;
}

async function visitRoutes({ server, add }: Walk): Promise<void> {
  const ann = server.browser();
  await add(ann.post("/auth/signup", ANN));
  await add(server.browser().post("/auth/signup", ANN));
  await add(server.browser().post("/auth/login", { ...ANN, transport: "bearer" }));
  await add(server.browser().post("/auth/login", { ...ANN, password: "wrong wrong wrong" }));
  for (const path of ["me", "session", "sessions", "jwks", ".well-known/jwks.json", "nothing"])
    await add(ann.get(`/auth/${path}`));
  await add(ann.post("/auth/refresh"));
  await add(server.signIn(server.browser(), { ...ANN_THERE, email: "there@example.com" }));
  await add(server.auth.validate(ann.request("/")));
  server.clock.advance(601);
  await add(server.auth.validate(ann.request("/"), { refresh: "never" }));
  await add(server.auth.validate(ann.request("/")));
  await add(server.auth.validate(ann.request("/", { method: "POST", headers: { origin: "null" } })));
  await add(ann.post("/auth/logout"));
}

async function callUsers({ server, add }: Walk): Promise<void> {
  const { users } = server.auth;
  await add(users.create(BOB));
  await add(users.create(BOB));
  const id = (await users.find({ email: BOB.email }))?.id ?? "";
  const there = (await users.find({ email: "there@example.com" }))?.id ?? "";
  await add(users.get(id));
  await add(users.find({ email: BOB.email }));
  await add(users.setPassword(id, "a third sentence"));
  await add(users.setPassword(id, "short"));
  await add(users.confirmEmail(id));
  await add(users.disable(id));
  await add(users.enable(id));
  await add(users.accounts(there));
  await add(users.providerTokens(there, "stub"));
  await add(users.unlink(there, "stub"));
  await add(users.delete(there));
}

async function callSessions({ server, add }: Walk): Promise<void> {
  const { sessions, users, keys } = server.auth;
  const id = (await users.find({ email: BOB.email }))?.id ?? "";
  const { session, accessToken, refreshToken } = await sessions.create(id);
  await add(sessions.create(id));
  await add(sessions.create("unknown"));
  await add(sessions.refresh(refreshToken ?? ""));
  await add(sessions.refresh("x"));
  await add(sessions.verify(accessToken));
  await add(sessions.verify("x"));
  await add(sessions.get(session.id));
  await add(sessions.list(id));
  await add(sessions.update(session.id, { context: {} }));
  await add(sessions.revoke(session.id));
  await add(sessions.get(session.id));
  await add(sessions.revokeAll(id));
  await add(sessions.prune());
  await add(keys.jwks());
  await add(keys.rotate());
  await add(keys.revoke((await keys.jwks()).keys[0]?.kid ?? ""));
}

async function textOf(value: unknown): Promise<string> {
  if (value instanceof Response) return `${printed([...value.headers])}\n${await value.clone().text()}`;
  const found = value as Partial<Validation> | null;
  const response = typeof value === "object" && found?.ok === false && "response" in found;
  return response ? `${printed(value)}\n${await textOf(found.response?.())}` : printed(value);
}

describe.each(stores)("every public value on $name", ({ make }) => {
  it.each([
    ["with a secret", { secret: SECRET }],
    ["with HS256", { secret: SECRET, accessToken: { algorithm: "HS256" } }],
  ] as const)("holds no hash, digest, sealed text or private key, %s", async (_, options) => {
    const secrets = collectSecrets();
    hearPrivateKeys(secrets);
    const said: string[] = [];
    const tell = (value: unknown): void => void said.push(printed(value));
    const server = openStubServer({
      store: overheard(await make(), secrets),
      stubs: [stubProvider({ storeTokens: true })],
      trustedOrigins: ["com.example.app://"],
      ...options,
      accessToken: {
        ...("accessToken" in options ? options.accessToken : {}),
        claims: (...given) => {
          tell(given);
          return {};
        },
      },
      // The application may return what it got.
      user: { serialize: (user) => ({ ...user }) },
      hooks: { signedIn: tell, refreshed: tell, validated: tell },
      sessions: { context: { schema: ANY, from: (_request, user) => ({ ...user }) } },
      onError: (...given) => tell(given),
    });
    const add = async (work: Promise<unknown>): Promise<unknown> => {
      const value = await work.catch((error: unknown) => error);
      said.push(await textOf(value));
      return value;
    };
    const walk: Walk = { server, add };
    await visitRoutes(walk);
    await nativeSignIn(walk);
    await callUsers(walk);
    await callSessions(walk);
    tell([server.auth, server.events]);
    vi.restoreAllMocks();
    const text = said.join("\n");
    expect(secrets.size()).toBeGreaterThan(60);
    expect(text).toContain(ANN.email);
    expect(secrets.foundIn(text)).toEqual([]);
    expect(HIDDEN.exec(text)?.[0]).toBeUndefined();
  });
});

/** A row as an object mapper makes it: members on the object, and more on its class. */
class Member implements User {
  readonly id: string;
  readonly email: string | null;
  readonly username: string | null;
  readonly name: string | null;
  readonly picture: string | null;
  readonly emailVerified: boolean;
  readonly credentialsVersion: number;
  readonly createdAt: number;
  readonly disabledAt: number | null;
  readonly plan = "gold";
  readonly hash: string | null;

  constructor(user: User) {
    const { id, email, username, name, picture, emailVerified, credentialsVersion, createdAt, disabledAt } =
      user;
    this.id = id;
    this.email = email;
    this.username = username;
    this.name = name;
    this.picture = picture;
    this.emailVerified = emailVerified;
    this.credentialsVersion = credentialsVersion;
    this.createdAt = createdAt;
    this.disabledAt = disabledAt;
    this.hash = null;
  }

  get passwordHash(): string | null {
    return `$of-${this.id}`;
  }

  get label(): string {
    return `${this.email} (${this.plan})`;
  }
}

describe("users of the application's own store", () => {
  const own = (member: (user: User) => User): UserStore => {
    const { users } = memory();
    const read = async (found: Promise<User | null>): Promise<User | null> => {
      const user = await found;
      return user === null ? null : member(user);
    };
    return {
      ...users,
      get: (id) => read(users.get(id)),
      find: (identifier) => read(users.find(identifier)),
      update: (...args) => read(users.update(...args)),
    };
  };

  it("keep the members that only they have", async () => {
    const users = own((user) => ({ ...user, plan: "gold" }) as User);
    const seen: PublicUser[] = [];
    const server = openServer({
      users,
      hooks: {
        signedIn: ({ user }) => void seen.push(user),
      },
    });
    const created = await server.auth.users.create(ANN);
    await server.signedIn();
    for (const user of [created, ...seen]) {
      expect(user).toMatchObject({ email: ANN.email, plan: "gold" });
      expect(Object.keys(user)).not.toContain("passwordHash");
      expect(Object.keys(user)).not.toContain("credentialsVersion");
    }
    expect(seen).toHaveLength(1);
  });

  it("keep their class, which shows no hash", async () => {
    const server = openServer({ users: own((user) => new Member(user)) });
    const user = await server.auth.users.create({ email: ANN.email });
    expect(user).toBeInstanceOf(Member);
    expect(user).toMatchObject({ plan: "gold", label: `${ANN.email} (gold)` });
    expect("passwordHash" in user ? user.passwordHash : undefined).toBeUndefined();
    expect(printed(user)).not.toContain("$of-");
    expect(JSON.stringify(user)).not.toMatch(HIDDEN);
  });
});
