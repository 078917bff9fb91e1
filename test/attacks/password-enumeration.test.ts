import { password, scryptHasher } from "@latchkey/core/password";
import { describe, expect, it } from "vitest";
import { countOf, type TestServer } from "../fixtures/server.ts";
import { openAttackedServer, PASSWORD } from "./server.ts";
import { modes, read, signUp } from "./session.ts";

/** Accounts in every state that a stranger must not be able to tell apart. */
const accounts = [
  "unknown@example.com",
  "wrong@example.com",
  "disabled@example.com",
  "passwordless@example.com",
  "deleted@example.com",
] as const;

async function populate(server: TestServer): Promise<void> {
  for (const email of accounts.slice(1)) {
    const name = email === "passwordless@example.com" ? {} : { password: PASSWORD };
    const { id } = await server.auth.users.create({ email, ...name });
    if (email.startsWith("disabled")) await server.auth.users.disable(id);
    if (email.startsWith("deleted")) await server.auth.users.delete(id);
  }
}

function attempt(server: TestServer, email: string, secret: string, transport: string): Promise<Response> {
  return server.send("/auth/login", { method: "POST", body: { email, password: secret, transport } });
}

describe.each(modes)("whether an account exists (%s)", (mode) => {
  it("PWD-01 is not visible: unknown, wrong, disabled, deleted or without a password, all answers are equal bytes", async () => {
    const server = openAttackedServer();
    await populate(server);
    const answers: unknown[] = [];
    for (const email of accounts) {
      // Those whose password is right must not be told from those where it is wrong, either.
      for (const secret of email.startsWith("disabled") || email.startsWith("deleted")
        ? [PASSWORD, "wrong password"]
        : ["wrong password"]) {
        const response = await attempt(server, email, secret, mode);
        answers.push({
          status: response.status,
          body: await response.text(),
          headers: [...response.headers],
        });
      }
    }
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(answers[0]).toMatchObject({
      status: 401,
      body: expect.stringContaining("invalid_credentials"),
      headers: expect.anything(),
    });
    expect(countOf(server, "session.started")).toBe(0);
  });

  it("PWD-01 is visible with the right password, or the other test would prove nothing", async () => {
    const server = openAttackedServer();
    await populate(server);
    expect((await attempt(server, "wrong@example.com", PASSWORD, mode)).status).toBe(200);
  });
});

describe("the time of an answer", () => {
  // Heavy enough to stand out of the noise, cheap enough to be repeated.
  const hasher = scryptHasher({ cost: { ln: 10, r: 8, p: 1 } });
  const ROUNDS = 60;

  /** Times the answers to each account; returns what a share of them stayed below. */
  async function quantiles(server: TestServer, share: number): Promise<ReadonlyMap<string, number>> {
    const times = new Map<string, number[]>(accounts.map((email) => [email, []]));
    // By turns, so that whatever else the machine does hits all of them alike.
    for (let round = 0; round < ROUNDS; round++) {
      for (const [email, spent] of times) {
        const begin = performance.now();
        await attempt(server, email, "wrong password", "cookie");
        spent.push(performance.now() - begin);
      }
    }
    return new Map(
      [...times].map(([email, spent]) => [email, spent.toSorted((a, b) => a - b)[ROUNDS * share] ?? 0]),
    );
  }
  const medians = (server: TestServer) => quantiles(server, 0.5);
  const fastest = (server: TestServer) => quantiles(server, 0);

  it("PWD-01 has the same median for all kinds of accounts", async () => {
    const server = openAttackedServer({ providers: [password({ hasher })] });
    await populate(server);
    await medians(server);
    const found = await medians(server);
    const known = found.get("wrong@example.com") ?? 0;
    // An answer without a hash takes a tenth.
    for (const [email, median] of found)
      expect({ email, isNotFaster: median / known > 0.6, isNotSlower: median / known < 1.6 }).toEqual({
        email,
        isNotFaster: true,
        isNotSlower: true,
      });
  });

  it("PWD-01 differs at a server that hashes for existing users alone, so the measure works", async () => {
    const leaky = {
      ...hasher,
      verify: async (input: string, stored: string | null) => stored !== null && hasher.verify(input, stored),
    };
    const server = openAttackedServer({ providers: [password({ hasher: leaky })] });
    await populate(server);
    const found = await medians(server);
    expect((found.get("unknown@example.com") ?? 1) / (found.get("wrong@example.com") ?? 1)).toBeLessThan(0.6);
  });

  it("PWD-02 is the same where the stored hash is old and cheap", async () => {
    const server = openAttackedServer({ providers: [password({ hasher })] });
    await populate(server);
    const old = await scryptHasher({ cost: { ln: 4, r: 8, p: 1 } }).hash(PASSWORD, (length) =>
      crypto.getRandomValues(new Uint8Array(length)),
    );
    const user = await server.auth.users.find({ email: "wrong@example.com" });
    await server.store.users.update(
      user?.id ?? "",
      { passwordHash: old },
      { ifVersion: null, raiseVersion: false },
    );
    await fastest(server);
    // Here the work is done in two parts, and a busy machine keeps the second waiting; the fastest did not wait.
    const found = await fastest(server);
    const ratio = (found.get("wrong@example.com") ?? 0) / (found.get("unknown@example.com") ?? 1);
    expect({ isNotFaster: ratio > 0.6, isNotSlower: ratio < 1.6 }).toEqual({
      isNotFaster: true,
      isNotSlower: true,
    });
  });
});

describe("sign-up", () => {
  it("PWD-03 with a taken address is refused, in every spelling, and changes nothing", async () => {
    const server = openAttackedServer();
    const ann = await signUp(server, "cookie");
    const before = await server.auth.users.get(ann.userId);
    for (const email of ["ann@example.com", "ANN@EXAMPLE.COM", " ann@example.com ", "\uff41nn@example.com"]) {
      const answer = await read(
        await server.send("/auth/signup", {
          method: "POST",
          body: { email, password: "another long password" },
        }),
      );
      expect({ status: answer.status, code: answer.code, cookies: answer.headers.getSetCookie() }).toEqual({
        status: 409,
        code: "identifier_taken",
        cookies: [],
      });
    }
    expect(await server.auth.users.get(ann.userId)).toEqual(before);
  });
});
