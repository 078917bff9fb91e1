import type { ImportedUser, ImportResult } from "@latchkey/core";
import { bcryptHashes, djangoHashes } from "@latchkey/core/legacy-hashes";
import { memory } from "@latchkey/core/memory";
import { password } from "@latchkey/core/password";
import type { Store } from "@latchkey/core/store";
import { describe, expect, it } from "vitest";
import { cheapHasher, countOf, openServer, type TestServer } from "../fixtures/server.ts";
import { wrapped } from "../fixtures/wrapped-store.ts";

const TYPED = "correct horse bäßtery";
// As bcrypt of Python and Django's make_password write them.
const BCRYPT = "$2b$04$nvo3tR5mkGta.iLITStzmO6y/ibdKaZUZXp9zMkaoTu9bnftGlH1W";
const DJANGO = "pbkdf2_sha256$20000$saltsaltsalt$KLwqShd8Ugfyqz8Ak6GUh2roSHdDSECW+lH0lcNesi8=";
const GOOGLE = { provider: "google", subject: "g-1" };
const ANN: ImportedUser = {
  id: "user_42",
  email: "Ann@Example.com",
  name: "Ann",
  emailVerified: true,
  passwordHash: BCRYPT,
  createdAt: 1_600_000_000,
  accounts: [GOOGLE],
};

function open(store: Store = memory()): TestServer {
  const legacy = [bcryptHashes({ like: BCRYPT }), djangoHashes({ like: DJANGO })];
  return openServer({ store, providers: [password({ hasher: cheapHasher, legacy })] });
}

async function statusesOf(results: Promise<readonly ImportResult[]>): Promise<readonly string[]> {
  return (await results).map(({ status }) => status);
}

async function login(server: TestServer, email: string, secret: string): Promise<number> {
  return (await server.send("/auth/login", { method: "POST", body: { email, password: secret } })).status;
}

describe("users of another system", () => {
  it("sign in with the password that they had, and get a current hash by it", async () => {
    const server = open();
    const { auth, store } = server;
    const rows = [ANN, { email: "bob@example.com", passwordHash: DJANGO }];
    expect(await statusesOf(auth.users.import(rows))).toEqual(["created", "created"]);
    for (const email of ["ann@example.com", "bob@example.com"]) {
      expect(await login(server, email, "another password")).toBe(401);
      expect(await login(server, email, TYPED)).toBe(200);
      expect((await store.users.find({ email }))?.passwordHash).toMatch(/^\$scrypt\$ln=4/);
      expect(await login(server, email, TYPED)).toBe(200);
      expect(await login(server, email, "another password")).toBe(401);
    }
    expect(countOf(server, "user.password_rehashed")).toBe(2);
  });

  it("keep their id, their times, their proof and their accounts, without the hash in the result", async () => {
    const { auth } = open();
    const results = await auth.users.import([ANN, { email: "bob@example.com", disabledAt: 5 }]);
    expect(results[0]).toEqual({
      status: "created",
      user: {
        id: "user_42",
        email: "ann@example.com",
        username: null,
        name: "Ann",
        picture: null,
        emailVerified: true,
        createdAt: 1_600_000_000,
        disabledAt: null,
      },
    });
    expect(results[1]).toMatchObject({ user: { emailVerified: false, disabledAt: 5 } });
    expect(await auth.users.accounts("user_42")).toEqual([GOOGLE]);
  });

  it("are taken over once if the import is repeated, also with the address in another case", async () => {
    const server = open();
    const { auth, store } = server;
    await auth.users.import([ANN]);
    const before = await store.users.get("user_42");
    expect(await statusesOf(auth.users.import([ANN, { ...ANN, email: "ANN@EXAMPLE.COM" }]))).toEqual([
      "exists",
      "exists",
    ]);
    expect(
      await auth.users.import([{ email: "ANN@example.com" }, { id: "8", username: "x", accounts: [GOOGLE] }]),
    ).toEqual([
      { status: "taken", by: "email" },
      { status: "taken", by: "account" },
    ]);
    expect(await store.users.get("user_42")).toEqual(before);
    expect(await auth.users.get("8")).toBeNull();
    // The row is never a user, not even until its link fails.
    expect(countOf(server, "user.created")).toBe(1);
  });

  it("get the link that a crash kept them from, once the import is repeated", async () => {
    const store = memory();
    const users = { ...store.users, link: async () => Promise.reject(new Error("the process was killed")) };
    await expect(open({ ...store, users }).auth.users.import([ANN])).rejects.toThrow();
    const { auth } = open(store);
    expect(await auth.users.accounts("user_42")).toEqual([]);
    expect(await statusesOf(auth.users.import([ANN]))).toEqual(["exists"]);
    expect(await auth.users.accounts("user_42")).toEqual([GOOGLE]);
  });

  it("get no link back that they removed, if the import is repeated", async () => {
    const { auth } = open();
    await auth.users.import([ANN]);
    await auth.users.unlink("user_42", "google");
    expect(await statusesOf(auth.users.import([ANN]))).toEqual(["exists"]);
    expect(await auth.users.accounts("user_42")).toEqual([]);
  });

  it("never join a user who signed up with their address, nor get half of an account", async () => {
    const { auth, store } = open();
    const { id } = await auth.users.create({
      email: "ann@example.com",
      password: "the password of an attacker",
    });
    expect(await auth.users.import([ANN])).toEqual([{ status: "taken", by: "email" }]);
    expect(await auth.users.accounts(id)).toEqual([]);
    // Another request takes the account between the check and the link.
    const users = { ...store.users, link: async () => false };
    const racing = open({ ...store, users });
    expect(await racing.auth.users.import([{ ...ANN, email: "b@example.com" }])).toEqual([
      { status: "taken", by: "account" },
    ]);
    expect(await auth.users.get("user_42")).toBeNull();
  });

  it("are all refused, before one is written, if a hash has a format that nothing reads", async () => {
    const { auth } = open();
    const argon2 = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
    await expect(
      auth.users.import([ANN, { email: "b@example.com", passwordHash: argon2 }]),
    ).rejects.toMatchObject({
      code: "invalid_request",
      message: expect.stringMatching(
        /row 1: add argon2Hashes\(\) of @latchkey\/core\/legacy-hashes to legacy/,
      ),
    });
    expect(await auth.users.get("user_42")).toBeNull();
  });

  it("are invalid one by one, with the reason", async () => {
    const { auth } = open();
    const rows = [
      { email: "no address" },
      { email: "b@example.com", passwordHash: BCRYPT.replace("$04$", "$31$") },
      ANN,
    ];
    expect(await auth.users.import(rows)).toMatchObject([
      { status: "invalid", reason: "The e-mail is malformed." },
      { status: "invalid", reason: expect.stringContaining("bcryptHashes: the cost 31") },
      { status: "created" },
    ]);
  });

  it.each(["users.update", "sessions.create"])(
    "keep a password that is set before %s of a sign-in with the old one, which fails",
    async (at) => {
      let isAwaited = false;
      const store = wrapped(memory(), async (operation, call) => {
        if (operation === at && isAwaited) {
          isAwaited = false;
          await server.auth.users.setPassword("user_42", "another correct horse");
        }
        return call();
      });
      const server = open(store);
      await server.auth.users.import([ANN]);
      isAwaited = true;
      expect(await login(server, "ann@example.com", TYPED)).toBe(401);
      expect(isAwaited).toBe(false);
      expect(await server.auth.sessions.list("user_42")).toEqual([]);
      expect(await login(server, "ann@example.com", TYPED)).toBe(401);
      expect(await login(server, "ann@example.com", "another correct horse")).toBe(200);
    },
  );

  it("have no proof of an address that is stored in another spelling, whose mailbox may be that of a victim", async () => {
    const { auth } = open();
    const longS = "\u017fam@example.com";
    expect(
      await auth.users.import([
        { email: longS, emailVerified: true },
        { email: "Sam@EXAMPLE.com ", emailVerified: true },
      ]),
    ).toMatchObject([
      { status: "invalid", reason: expect.stringContaining("emailVerified is true") },
      { status: "created", user: { email: "sam@example.com", emailVerified: true } },
    ]);
    const { id } = await auth.users.create({ username: "thief" });
    const [created, updated] = [
      auth.users.create({ email: longS.replace("am", "im"), emailVerified: true }),
      auth.users.update(id, { email: longS.replace("am", "im"), emailVerified: true }),
    ];
    for (const call of [created, updated]) {
      const message = expect.stringContaining("emailVerified is true");
      await expect(call).rejects.toMatchObject({ code: "invalid_request", message });
    }
    expect(await auth.users.update(id, { email: longS.replace("am", "im") })).toMatchObject({
      email: "sim@example.com",
      emailVerified: false,
    });
  });

  it("come a thousand at a time, as a list", async () => {
    const { auth } = open();
    const rows = Array.from({ length: 1_001 }, (_, n) => ({ username: `user${n}` }));
    await expect(auth.users.import(rows)).rejects.toMatchObject({ code: "invalid_request" });
    await expect(auth.users.import(ANN as never)).rejects.toThrow("rows is an object, but it must be a list");
    expect(await auth.users.list()).toEqual({ users: [], next: null });
  });
});
