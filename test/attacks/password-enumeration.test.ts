import { emailCode, magicLink } from "@latchkey/core";
import { type PasswordHasher, password, scryptHasher } from "@latchkey/core/password";
import { describe, expect, it } from "vitest";
import { countingHasher } from "../fixtures/counting-hasher.ts";
import { cheapHasher, countOf, type TestServer } from "../fixtures/server.ts";
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
  /** How many rounds the code is run before it is measured. */
  const WARM_UP = 10;

  /** Accounts, and the request whose answer is timed. */
  interface Probe {
    readonly emails: readonly string[];
    /** The one of them that the others are compared with. */
    readonly known: string;
    readonly send: (server: TestServer, email: string) => Promise<Response>;
    /** Runs after each request, so that a message of one request does not slow the next one down. */
    readonly rest?: () => Promise<void>;
  }

  const signIn: Probe = {
    emails: accounts,
    known: "wrong@example.com",
    send: (server, email) => attempt(server, email, "wrong password", "cookie"),
  };

  /** Times the answers to each account. */
  async function timesOf(
    server: TestServer,
    { emails, send, rest }: Probe = signIn,
    rounds = ROUNDS,
  ): Promise<ReadonlyMap<string, readonly number[]>> {
    const times = new Map<string, number[]>(emails.map((email) => [email, []]));
    // By turns, each round from another account on, so that whatever else the machine does hits all of them alike.
    for (let round = 0; round < rounds; round++) {
      const turn = round % emails.length;
      for (const email of [...emails.slice(turn), ...emails.slice(0, turn)]) {
        const begin = performance.now();
        await send(server, email);
        times.get(email)?.push(performance.now() - begin);
        await rest?.();
      }
    }
    return times;
  }

  function quantile(times: readonly number[], share: number): number {
    return times.toSorted((a, b) => a - b)[times.length * share] ?? 0;
  }

  /** How many of all pairs have the first time below the second (Mann and Whitney): a half where the two are alike. */
  function shareBelow(times: readonly number[], others: readonly number[]): number {
    const below = times.flatMap((time) =>
      others.map((other) => (time < other ? 1 : time === other ? 0.5 : 0)),
    );
    return below.reduce((sum: number, one) => sum + one, 0) / below.length;
  }

  /**
   * The accounts whose answers are told from those to a wrong password: faster or slower in rank and in the median.
   *
   * On a busy machine an answer takes one of two times, with and without a wait for a core. A median then falls on either,
   * so it alone tells groups apart that are alike. Where the two groups have the same distribution, whatever it is, the
   * share of pairs is 0.5 with a standard deviation of 0.053.
   */
  async function toldApart(server: TestServer, probe: Probe): Promise<readonly string[]> {
    const times = await timesOf(server, probe);
    const known = times.get(probe.known) ?? [];
    return probe.emails.filter((email) => {
      const found = times.get(email) ?? [];
      const ratio = quantile(found, 0.5) / quantile(known, 0.5);
      return Math.abs(shareBelow(found, known) - 0.5) > 0.25 && (ratio < 0.6 || ratio > 1.6);
    });
  }

  /** The accounts that each of three measures tells apart: noise does not repeat itself. */
  async function alwaysToldApart(server: TestServer, probe: Probe = signIn): Promise<readonly string[]> {
    await timesOf(server, probe, WARM_UP);
    let told = probe.emails;
    for (let n = 0; n < 3 && told.length > 0; n++) {
      const found = await toldApart(server, probe);
      told = told.filter((email) => found.includes(email));
    }
    return told;
  }

  it("PWD-01 is the same for all kinds of accounts", async () => {
    const server = openAttackedServer({ providers: [password({ hasher })] });
    await populate(server);
    expect(await alwaysToldApart(server)).toEqual([]);
  });

  it("PWD-01 differs at a server that hashes for existing users alone, so the measure works", async () => {
    const leaky = {
      ...hasher,
      verify: async (input: string, stored: string | null) => stored !== null && hasher.verify(input, stored),
    };
    const server = openAttackedServer({ providers: [password({ hasher: leaky })] });
    await populate(server);
    expect(await alwaysToldApart(server)).toEqual(accounts.filter((email) => email !== "wrong@example.com"));
  });

  it("PWD-18 is the same for a known and an unknown address in a sign-up that must prove it", async () => {
    const { server, probe } = await openSignUp(hasher);
    expect(await alwaysToldApart(server, probe)).toEqual([]);
  });

  it("PWD-18 differs at a server that works four times for an unknown address, so the measure works", async () => {
    const { server, probe } = await openSignUp(hasher);
    const leaky: Probe = {
      ...probe,
      send: async (of, email) => {
        for (let n = 0; n < 3 && email === "unknown@example.com"; n++) await probe.send(of, email);
        return probe.send(of, email);
      },
    };
    expect(await alwaysToldApart(server, leaky)).toEqual(["unknown@example.com"]);
  });

  const rest = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 3));

  it("PWD-17 is the same for all kinds of accounts in a request for a reset", async () => {
    const { server, probe } = await openForgot();
    expect(await alwaysToldApart(server, { ...probe, rest })).toEqual([]);
  });

  it("PWD-17 differs at a server that does more work for known addresses, so the measure works", async () => {
    const { server, probe } = await openForgot();
    const issue = async (): Promise<void> => {
      for (let n = 0; n < 20; n++) await server.auth.users.forgotPassword("proven@example.com");
    };
    const leaky: Probe = {
      ...probe,
      rest,
      send: async (of, email) => {
        const answer = await probe.send(of, email);
        if (email !== "unknown@example.com") await issue();
        return answer;
      },
    };
    expect(await alwaysToldApart(server, leaky)).toEqual(["unknown@example.com"]);
  });

  it.each([
    ["a request for a link", "/auth/link", {}],
    ["a request for a code", "/auth/code", {}],
    ["a guess of a code", "/auth/code/confirm", { code: "123456" }],
  ])("PWD-19 is the same for all kinds of accounts in %s", async (_, path, more) => {
    const { server, probe } = await openForgot(path, more);
    expect(await alwaysToldApart(server, { ...probe, rest })).toEqual([]);
  });

  it("PWD-01 is the same for the right password of an address that must be proved first", async () => {
    const { server } = await openSignUp(hasher);
    const emails = ["passwordless@example.com", "unproven@example.com"];
    const send: Probe["send"] = (of, email) => attempt(of, email, PASSWORD, "cookie");
    const answers = await Promise.all(
      emails.map(async (email) => {
        const answer = await send(server, email);
        return JSON.stringify([answer.status, await answer.text(), [...answer.headers]]);
      }),
    );
    expect(answers[0]).toBe(answers[1]);
    expect(answers[0]).toContain("[401,");
    expect(await alwaysToldApart(server, { emails, known: "passwordless@example.com", send })).toEqual([]);
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
    await timesOf(server, signIn, WARM_UP);
    // Here the work is done in two parts, and a busy machine keeps the second waiting; the fastest did not wait.
    const times = await timesOf(server);
    const fastest = (email: string): number => quantile(times.get(email) ?? [], 0);
    const ratio = fastest("wrong@example.com") / fastest("unknown@example.com");
    expect({ isNotFaster: ratio > 0.6, isNotSlower: ratio < 1.6 }).toEqual({
      isNotFaster: true,
      isNotSlower: true,
    });
  });
});

/** Accounts in every state that a sign-up must not tell apart, if it must prove its address. */
const KINDS = ["proven", "unproven", "disabled", "passwordless", "pending", "unknown"] as const;

describe('sign-up with verifyEmail: "required"', () => {
  it("PWD-18 answers a known and an unknown address with the same status, body, headers and form of the cookie", async () => {
    const { server, probe } = await openSignUp();
    const answers = new Set<string>();
    for (const email of probe.emails) {
      for (let n = 0; n < 2; n++) {
        const answer = await probe.send(server, email);
        const cookies = answer.headers.getSetCookie().map((line) => line.replace(/=[\w-]{43};/, "=…;"));
        const headers = [...answer.headers].filter(([name]) => name !== "set-cookie");
        answers.add(JSON.stringify([answer.status, await answer.text(), headers, cookies]));
      }
    }
    expect([...answers]).toHaveLength(1);
    expect([...answers][0]).toContain('[202,"{}"');
    expect(countOf(server, "session.started")).toBe(0);
    expect(await server.auth.users.find({ email: "unknown@example.com" })).toBeNull();
  });

  it("PWD-18 hashes once for every address", async () => {
    const { hasher, hashed } = countingHasher();
    const { server, probe } = await openSignUp(hasher);
    for (const email of probe.emails) {
      const before = hashed();
      await probe.send(server, email);
      expect({ email, hashed: hashed() - before }).toEqual({ email, hashed: 1 });
    }
  });
});

/** Opens a server with an address of each kind, and returns it with the sign-up of an address. */
async function openSignUp(hasher: PasswordHasher = cheapHasher): Promise<{
  readonly server: TestServer;
  readonly probe: {
    readonly emails: readonly string[];
    readonly known: string;
    readonly send: (server: TestServer, email: string) => Promise<Response>;
  };
}> {
  const mail = { send: () => undefined };
  const server = openAttackedServer({ mail, providers: [password({ hasher, verifyEmail: "required" })] });
  const send = (of: TestServer, email: string): Promise<Response> =>
    of.send("/auth/signup", { method: "POST", body: { email, password: "another long password" } });
  await populateKinds(server);
  await send(server, "pending@example.com");
  const emails = KINDS.map((kind) => `${kind}@example.com`);
  return { server, probe: { emails, known: "proven@example.com", send } };
}

async function populateKinds({ auth }: TestServer): Promise<void> {
  for (const kind of KINDS.slice(0, 4)) {
    const email = `${kind}@example.com`;
    const secret = kind === "passwordless" ? {} : { password: PASSWORD };
    const { id } = await auth.users.create({ email, emailVerified: kind === "proven", ...secret });
    if (kind === "disabled") await auth.users.disable(id);
  }
}

/** Opens a server with an address of each kind, and returns it with a request for a message to an address. */
async function openForgot(path = "/auth/password/forgot", more = {}): ReturnType<typeof openSignUp> {
  const providers = [password(), magicLink(), emailCode()];
  const server = openAttackedServer({ mail: { send: () => undefined }, providers });
  const send = (of: TestServer, email: string): Promise<Response> =>
    of.send(path, { method: "POST", body: { email, ...more } });
  await populateKinds(server);
  const emails = KINDS.filter((kind) => kind !== "pending").map((kind) => `${kind}@example.com`);
  return { server, probe: { emails, known: "proven@example.com", send } };
}

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
