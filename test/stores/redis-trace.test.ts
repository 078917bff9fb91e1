import { createHash } from "node:crypto";
import { type NodeRedisClient, redis } from "@latchkey/redis";
import { runTrace } from "@latchkey/store-contract";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Clients, nodeRedis } from "./redis-clients.ts";
import { describeRedis, startRedis } from "./redis-server.ts";

const STEPS = 10_000;
/** Every mistake is found early in this trace, and its shortest form soon. */
const MISTAKES = { seed: 14, steps: 50_000 };
const seed = Number(process.env["LATCHKEY_SEED"] ?? Math.floor(Math.random() * 2 ** 32));
const run = `latchkey-trace-${process.pid}:`;

const kinds = ["first", "rotated", "reissued", "access_only", "reuse"];
const refusals = ["unknown", "wrong_family", "ended", "expired", "wrong_transport", "rolled_back"];
const calls = ["create", "confirm", "update", "end", "endAll", "list", "endedSince", "prune"];

describeRedis("the Redis scripts", () => {
  let server: Awaited<ReturnType<typeof startRedis>>;
  let clients: Clients<NodeRedisClient>;
  let stores = 0;

  beforeAll(async () => {
    server = await startRedis(run);
    clients = await nodeRedis(server.url, 1);
  });

  afterAll(async () => {
    await clients.close();
    await server.stop();
  });

  const made = async (client: NodeRedisClient) => ({
    store: redis(client, { clock: "caller", prefix: `${run}${stores++}:` }),
  });

  test(`equal decide over ${STEPS} steps, seed ${seed}`, async () => {
    const { counts } = await runTrace({ seed, steps: STEPS, makeStore: () => made(clients.client) });
    console.info(`Redis: seed ${seed}, ${STEPS} steps, ${JSON.stringify(counts)}`);
    for (const kind of [...kinds, ...calls, ...refusals.map((reason) => `refused: ${reason}`)]) {
      expect(counts[kind], `${kind} must have been met`).toBeGreaterThan(10);
    }
  });

  describe("a wrong comparison in a Redis script is found", () => {
    const mistakes: Readonly<Record<string, readonly [string, string]>> = {
      "a lease one second longer": ["age < lease", "age <= lease"],
      "no bound on a clock that jumped": ["age >= -lease", "true"],
      "an expiry one second late": ["now >= at)\nend", "now > at)\nend"],
      "a generation that is not asked": ["presented == tonumber(row.root_generation)", "true"],
      "an alarm on a lost write": [" or presented > generation then return with_", " then return with_"],
      "a reuse that ends nothing": ["end_session(row, 'reuse')", "row = row"],
      "an idle expiry beyond the absolute one": ["return math.min(a, b)", "return math.max(a, b)"],
    };
    for (const [title, [right, wrong]] of Object.entries(mistakes)) {
      test(title, async () => {
        const makeStore = () => made(broken(clients.client, right, wrong));
        await expect(runTrace({ ...MISTAKES, makeStore })).rejects.toThrow(
          /^seed \d+, step \d+: [\s\S]*shortest failing trace found \(\d{1,2} of \d+ steps\)/,
        );
      });
    }
  });
});

/** The same client, on whose way one text in the scripts becomes another. */
function broken(client: NodeRedisClient, right: string, wrong: string): NodeRedisClient {
  const loaded = new Map<string, string>();
  return {
    evalSha: async (digest, options) => {
      const wrongDigest = loaded.get(digest);
      if (wrongDigest === undefined) throw new Error("NOSCRIPT");
      return client.evalSha(wrongDigest, options);
    },
    eval: (script, options) => {
      const [text, digest] = [script.replaceAll(right, wrong), digestOf(script)];
      // From now on the digest of the right script runs the wrong one.
      loaded.set(digest, digestOf(text));
      return client.eval(text, options);
    },
  };
}

function digestOf(script: string): string {
  return createHash("sha1").update(script).digest("hex");
}
