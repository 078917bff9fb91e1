import { type PasswordHasher, password, scryptHasher } from "@latchkey/core/password";
import { describe, expect, it } from "vitest";
import { cheapHasher, countOf, type TestServer } from "../fixtures/server.ts";
import { openAttackedServer, PASSWORD } from "./server.ts";
import { type Answer, modes, read, signUp, whoAmI } from "./session.ts";

async function post(
  server: TestServer,
  path: string,
  secret: string,
  email = "ann@example.com",
): Promise<Pick<Answer, "status" | "code">> {
  const answer = await read(await server.send(path, { method: "POST", body: { email, password: secret } }));
  return { status: answer.status, code: answer.code };
}

/** A hasher that notes what reaches it. */
function noting(): { readonly hasher: PasswordHasher; readonly inputs: readonly string[] } {
  const inputs: string[] = [];
  const hasher: PasswordHasher = {
    ...cheapHasher,
    hash: (input, random) => cheapHasher.hash(note(input), random),
    verify: (input, stored) => cheapHasher.verify(note(input), stored),
  };
  const note = (input: string): string => {
    inputs.push(input);
    return input;
  };
  return { hasher, inputs };
}

describe("the length of a password", () => {
  it.each([
    [1, 422],
    [7, 422],
    [8, 201],
    [15, 201],
    [64, 201],
    [72, 201],
    [73, 201],
    [128, 201],
    [1_024, 201],
    [1_025, 400],
    [3_000, 400],
  ])("PWD-04 of %d code points gives %d at sign-up", async (length, status) => {
    for (const letter of ["x", "\u{1f600}"]) {
      expect({
        letter,
        status: (await post(openAttackedServer(), "/auth/signup", letter.repeat(length))).status,
      }).toEqual({ letter, status });
    }
  });

  it("PWD-04 above the limit never reaches the hasher", async () => {
    const { hasher, inputs } = noting();
    const server = openAttackedServer({ providers: [password({ hasher })] });
    for (const path of ["/auth/signup", "/auth/login"]) {
      expect(await post(server, path, "x".repeat(1_025))).toEqual({ status: 400, code: "invalid_request" });
      expect(await post(server, path, "x".repeat(1_000_000))).toEqual({
        status: 413,
        code: "payload_too_large",
      });
    }
    expect(inputs).toEqual([]);
  });

  it("PWD-05 is never truncated: not at 72 bytes, not at 64, not inside a character", async () => {
    for (const prefix of [
      "x".repeat(72),
      "x".repeat(64),
      "x".repeat(1_000),
      "é".repeat(36),
      "\u{1f600}".repeat(18),
      "x".repeat(71),
    ]) {
      const server = openAttackedServer();
      expect(await post(server, "/auth/signup", `${prefix}é1`)).toEqual({ status: 201, code: null });
      expect(await post(server, "/auth/login", `${prefix}é2`)).toEqual({
        status: 401,
        code: "invalid_credentials",
      });
      expect(await post(server, "/auth/login", `${prefix}è1`)).toEqual({
        status: 401,
        code: "invalid_credentials",
      });
      expect(await post(server, "/auth/login", prefix)).toEqual({ status: 401, code: "invalid_credentials" });
      expect(await post(server, "/auth/login", `${prefix}é1`)).toEqual({ status: 200, code: null });
    }
  });
});

describe("the characters of a password", () => {
  it.each([
    "correct\0horse",
    " correct horse ",
    "correct\thorse",
    "\u{1f600}correct horse",
    "\u202ecorrect horse",
    "correct\u200bhorse",
    "CORRECT horse battery",
    "correct  horse",
  ])("PWD-06 all count in %j", async (secret) => {
    const server = openAttackedServer();
    expect(await post(server, "/auth/signup", secret)).toEqual({ status: 201, code: null });
    expect(await post(server, "/auth/login", secret)).toEqual({ status: 200, code: null });
    for (const other of [
      secret.trim(),
      secret.replace("\0", ""),
      secret.split("\0")[0] ?? "",
      secret.toLowerCase(),
      secret.replace(/[^\x20-\x7e]/gu, ""),
      secret.replace("  ", " "),
    ]) {
      if (other === secret || other.length < 1) continue;
      const { status, code } = await post(server, "/auth/login", other);
      expect({ other, status, code }).toEqual({ other, status: 401, code: "invalid_credentials" });
    }
  });

  it("PWD-06 are normalised by NFC, and compatibility forms stay distinct", async () => {
    const server = openAttackedServer();
    expect(await post(server, "/auth/signup", "cafe\u0301 au lait")).toEqual({ status: 201, code: null });
    expect(await post(server, "/auth/login", "caf\u00e9 au lait")).toEqual({ status: 200, code: null });
    expect(await post(server, "/auth/login", "caf\u00e9 au \uff4cait")).toEqual({
      status: 401,
      code: "invalid_credentials",
    });
  });

  it.each(["password", "PASSWORD", "12345678", "password123", "trustno1"])(
    "PWD-10 are refused as common when set, and not at sign-in: %j",
    async (secret) => {
      const server = openAttackedServer();
      expect(await post(server, "/auth/signup", secret)).toEqual({ status: 422, code: "weak_password" });
      const { id } = await server.auth.users.create({ email: "ann@example.com" });
      await expect(server.auth.users.setPassword(id, secret)).rejects.toMatchObject({
        code: "weak_password",
      });
      const passwordHash = await cheapHasher.hash(secret, (length) =>
        crypto.getRandomValues(new Uint8Array(length)),
      );
      await server.store.users.update(id, { passwordHash }, { ifVersion: null, raiseVersion: false });
      expect(await post(server, "/auth/login", secret)).toEqual({ status: 200, code: null });
    },
  );
});

describe("the stored hash of a password", () => {
  it.each([
    "",
    "x",
    "$scrypt$",
    "$scrypt$ln=30,r=8,p=1$c2FsdHNhbHQ$a2V5",
    "$scrypt$ln=15,r=8,p=999999$c2FsdHNhbHQ$a2V5",
    "$argon2id$v=19$m=4194304,t=3,p=1$c2FsdHNhbHQ$a2V5",
    "$2b$31$abcdefghijklmnopqrstuv",
    "correct horse battery",
    "$scrypt$ln=-1,r=8,p=1$c2FsdHNhbHQ$a2V5",
  ])("PWD-11 signs no user in where it is %j, and is not computed", async (passwordHash) => {
    const server = openAttackedServer();
    const { id } = await server.auth.users.create({ email: "ann@example.com" });
    await server.store.users.update(id, { passwordHash }, { ifVersion: null, raiseVersion: false });
    const begin = performance.now();
    expect(await post(server, "/auth/login", PASSWORD)).toEqual({ status: 401, code: "invalid_credentials" });
    expect(performance.now() - begin).toBeLessThan(1_000);
  });

  it("PWD-12 a hasher that fails starts no session", async () => {
    const failing: PasswordHasher = {
      ...cheapHasher,
      verify: () => Promise.reject(new Error(`broken: ${PASSWORD}`)),
    };
    const server = openAttackedServer({ providers: [password({ hasher: failing })] });
    await signUp(server, "cookie");
    expect(await post(server, "/auth/login", PASSWORD)).toEqual({ status: 500, code: "internal_error" });
    expect(JSON.stringify(server.events)).not.toContain(PASSWORD);
  });

  it("PWD-13 of a hundred simultaneous sign-ins, two hash at a time, and other requests are served", async () => {
    let [running, most] = [0, 0];
    const native = {
      scrypt: (
        _secret: unknown,
        _salt: unknown,
        length: number,
        _options: unknown,
        done: (error: Error | null, key: Uint8Array) => void,
      ): void => {
        most = Math.max(most, ++running);
        setTimeout(() => {
          running -= 1;
          done(null, new Uint8Array(length));
        }, 2);
      },
    };
    const server = openAttackedServer({
      providers: [password({ hasher: scryptHasher({ native, concurrency: 2, queue: 100 }) })],
    });
    const ann = await signUp(server, "bearer");
    let pending = 100;
    const attempts = Array.from({ length: 100 }, async () => {
      await post(server, "/auth/login", "wrong password", "nobody@example.com");
      pending -= 1;
    });
    expect((await whoAmI(server, "bearer", ann.access)).status).toBe(200);
    expect(pending).toBeGreaterThan(50);
    await Promise.all(attempts);
    expect(most).toBe(2);
  });

  it.each(modes)(
    "KEY-17 of lower cost is renewed once at sign-in, also by twenty at once (%s)",
    async (mode) => {
      const server = openAttackedServer();
      const ann = await signUp(server, mode);
      const better = openAttackedServer({
        store: server.store,
        providers: [password({ hasher: scryptHasher({ cost: { ln: 6, r: 8, p: 1 } }) })],
      });
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => post(better, "/auth/login", PASSWORD)),
      );
      expect(answers).toEqual(Array(20).fill({ status: 200, code: null }));
      expect((await server.store.users.get(ann.userId))?.passwordHash).toMatch(/^\$scrypt\$ln=6,r=8,p=1\$/);
      const renewed = countOf(better, "user.password_rehashed");
      expect(await post(better, "/auth/login", PASSWORD)).toEqual({ status: 200, code: null });
      expect(await post(better, "/auth/login", "wrong password")).toEqual({
        status: 401,
        code: "invalid_credentials",
      });
      expect(countOf(better, "user.password_rehashed")).toBe(renewed);
    },
  );
});
