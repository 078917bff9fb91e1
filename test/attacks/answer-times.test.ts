import { password, scryptHasher } from "@latchkey/core/password";
import { describe, expect, it } from "vitest";
import type { TestServer } from "../fixtures/server.ts";
import { ACCOUNTS, attempt, openForgot, openSignUp, type Probed, populate } from "./kinds-of-accounts.ts";
import { openAttackedServer, PASSWORD } from "./server.ts";

describe("the time of an answer", () => {
  // Heavy enough to stand out of the noise, cheap enough to be repeated.
  const hasher = scryptHasher({ cost: { ln: 10, r: 8, p: 1 } });
  const ROUNDS = 60;
  /** How many rounds the code is run before it is measured. */
  const WARM_UP = 10;

  /** A request whose answer is timed. */
  type Probe = Probed["probe"] & {
    /** Runs after each request, so that a message of one request does not slow the next one down. */
    readonly rest?: () => Promise<void>;
  };

  const signIn: Probe = {
    emails: ACCOUNTS,
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
    expect(await alwaysToldApart(server)).toEqual(ACCOUNTS.filter((email) => email !== "wrong@example.com"));
  });

  it("PWD-18 is the same for a known and an unknown address in a sign-up that must prove it", async () => {
    const { server, probe } = await openSignUp(hasher);
    expect(await alwaysToldApart(server, probe)).toEqual([]);
  });

  it("PWD-18 differs at a server that works four times for an unknown address, so the measure works", async () => {
    const { server, probe } = await openSignUp(hasher);
    const leaky: Probe = {
      ...probe,
      emails: [probe.known, "passwordless@example.com", "unknown@example.com"],
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
      for (let n = 0; n < 8; n++) await server.auth.users.forgotPassword("proven@example.com");
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
