import { type NodeRedisClient, redis } from "@latchkey/redis";
import { createClient, type RedisClientType } from "redis";
import { afterAll, beforeAll, expect, it } from "vitest";
import { expectError } from "../fixtures/answers.ts";
import {
  changeTo,
  codeIn,
  type MailedServer,
  openMailedServer,
  provedAnn,
} from "../fixtures/mailed-server.ts";
import { expectSentTo, whoIs } from "../fixtures/oauth-answers.ts";
import { begin, beginLink, comeBack } from "../fixtures/oauth-flow.ts";
import { ANN_THERE, type Person } from "../fixtures/providers/stub-provider.ts";
import { ANN, countOf } from "../fixtures/server.ts";
import { describeRedis, startRedis } from "./redis-server.ts";

const run = `latchkey-slow-${process.pid}:`;

/** A text of the script that writes a row after its claim. */
const WRITES = {
  user: "'HSET', KEYS[1], unpack(ARGV, 2)",
  link: "'ZADD', KEYS[2], 'NX'",
  address: "'HSET', KEYS[1], 'email'",
};
const CLAIM = "local claim = string.format";

/** A client that holds one write back. */
interface SlowClient {
  readonly client: NodeRedisClient;
  /** Holds the next script with this text back, until so many claims of others are refused. */
  hold(text: string, refusals: number): { readonly reached: Promise<void>; readonly letGo: () => void };
}

function slow(client: NodeRedisClient): SlowClient {
  let held: { text: string; reach: () => void; released: Promise<void> } | null = null;
  let refused = (): void => undefined;
  return {
    client: {
      evalSha: async () => {
        throw new Error("NOSCRIPT");
      },
      eval: async (script, options) => {
        if (held !== null && script.includes(held.text)) {
          const { reach, released } = held;
          held = null;
          reach();
          await released;
        }
        const reply = await client.eval(script, options);
        if (script.includes(CLAIM) && Array.isArray(reply) && reply[0] === 0) refused();
        return reply;
      },
    },
    hold: (text, refusals) => {
      let letGo = (): void => undefined;
      const released = new Promise<void>((resolve) => {
        letGo = resolve;
      });
      let left = refusals;
      refused = () => {
        left -= 1;
        if (left === 0) letGo();
      };
      const reached = new Promise<void>((resolve) => {
        held = { text, reach: resolve, released };
      });
      return { reached, letGo };
    },
  };
}

describeRedis("while the row of a claim is being written in Redis", () => {
  let redisServer: Awaited<ReturnType<typeof startRedis>>;
  let connection: RedisClientType;
  let stores = 0;

  beforeAll(async () => {
    redisServer = await startRedis(run);
    connection = createClient({ url: redisServer.url });
    await connection.connect();
  });

  afterAll(async () => {
    await connection.close();
    await redisServer.stop();
  });

  function open(): { readonly server: MailedServer; readonly hold: SlowClient["hold"] } {
    const { client, hold } = slow(connection);
    const store = redis(client, { clock: "caller", prefix: `${run}${stores++}:` });
    return { server: openMailedServer({ store, mailSignUp: true, storeTimeout: 60 }), hold };
  }

  /** Starts the second request while the first waits with its write, and returns both answers. */
  async function both(
    hold: ReturnType<SlowClient["hold"]>,
    first: () => Promise<Response>,
    second: () => Promise<Response>,
  ): Promise<readonly [Response, Response]> {
    const one = first();
    await hold.reached;
    const other = await second();
    hold.letGo();
    return [await one, other];
  }

  it("a code waits for the user that a link creates", async () => {
    const { server, hold } = open();
    const email = "new@example.com";
    await server.browser().post("/auth/link", { email });
    await server.browser().post("/auth/code", { email });
    const token = await server.inbox.token("magic_link");
    const code = await codeIn(server.inbox);
    const answers = await both(
      hold(WRITES.user, 5),
      () => server.browser().post("/auth/link/confirm", { token }),
      () => server.browser().post("/auth/code/confirm", { email, code }),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(countOf(server, "user.created")).toBe(1);
  });

  it.each<[string, string, Person]>([
    ["the user", WRITES.user, ANN_THERE],
    ["the link", WRITES.link, ANN_THERE],
    ["the link of an account without an address", WRITES.link, { subject: "no-address" }],
  ])("a sign-in with a provider waits for %s of another with the same account", async (_, text, person) => {
    const { server, hold } = open();
    const [one, other] = [server.browser(), server.browser()];
    const first = server.stub.agree(await begin(one, "stub"), person);
    const second = server.stub.agree(await begin(other, "stub"), person);
    const answers = await both(
      hold(text, 5),
      () => comeBack(one, first),
      () => comeBack(other, second),
    );
    for (const answer of answers) expectSentTo(answer, "/welcome");
    expect(await whoIs(other)).toBe(await whoIs(one));
    expect(countOf(server, "user.created") - countOf(server, "user.deleted")).toBe(1);
  });

  it("a link of an account waits for the same link", async () => {
    const { server, hold } = open();
    const { id, browser: one } = await provedAnn(server);
    const other = await server.signedIn();
    const person = { subject: "no-address" };
    const first = server.stub.agree(await beginLink(one, "stub"), person);
    const second = server.stub.agree(await beginLink(other, "stub"), person);
    const answers = await both(
      hold(WRITES.link, 5),
      () => comeBack(one, first),
      () => comeBack(other, second),
    );
    for (const answer of answers) expectSentTo(answer, "/settings");
    expect(await server.auth.users.accounts(id)).toHaveLength(1);
  });

  it("an undo of a change of address waits for the same undo", async () => {
    const { server, hold } = open();
    const { id, browser } = await provedAnn(server);
    await changeTo(server, browser, "ann@new.example");
    const undo = { token: await server.inbox.token("changed_notice") };
    const send = (): Promise<Response> => server.browser().post("/auth/email/change/undo", undo);
    const answers = await both(hold(WRITES.address, 8), send, send);
    expect(answers.map(({ status }) => status)).toEqual([200, 400]);
    expect(await server.auth.users.get(id)).toMatchObject({ email: ANN.email });
  });

  it("a code fails if the user that a link creates is not written within a second, and is spent", async () => {
    const { server, hold } = open();
    const email = "new@example.com";
    await server.browser().post("/auth/link", { email });
    await server.browser().post("/auth/code", { email });
    const token = await server.inbox.token("magic_link");
    const code = await codeIn(server.inbox);
    const answers = await both(
      hold(WRITES.user, Number.POSITIVE_INFINITY),
      () => server.browser().post("/auth/link/confirm", { token }),
      () => server.browser().post("/auth/code/confirm", { email, code }),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 503]);
    await expectError(
      await server.browser().post("/auth/code/confirm", { email, code }),
      400,
      "mail_token_invalid",
    );
    expect(countOf(server, "user.created")).toBe(1);
  });
});
