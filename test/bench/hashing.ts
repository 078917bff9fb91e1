import { createAuth } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import { type PasswordHasher, password, scryptHasher } from "@latchkey/core/password";
import { createHasher } from "../../packages/core/src/password/hasher.ts";
import { scryptKey } from "../../packages/core/src/password/scrypt.ts";

// Times of `validate` while nothing else happens, and while 200 sign-ins arrive at once, in one run.
const SIGN_INS = 200;
const ROUNDS = 3;
const IDLE_CALLS = 500;
const PAUSE = 5;
const MOST_RATIO = 3;
const PASSWORD = "correct horse battery";
const RUNTIME = "Bun" in globalThis ? "Bun" : "Node";

type Native = NonNullable<NonNullable<Parameters<typeof scryptHasher>[0]>["native"]>;

/** Hashes on every thread of the pool, with a queue that has no end: what the bounds of `scryptHasher` prevent. */
function unbounded(native: Native): PasswordHasher {
  return createHasher({
    id: "scrypt",
    cost: { ln: 15, r: 8, p: 3 },
    bounds: { concurrency: 4, waiting: Number.POSITIVE_INFINITY, retryAfter: 1 },
    derive: (secret, salt, cost) => scryptKey(secret, salt, cost, native),
    parse: () => ({ ln: 15, r: 8, p: 3 }),
    format: (cost) => ({ ...cost }),
    missing: () => [],
    isWeaker: () => false,
  });
}

async function open(hasher: PasswordHasher) {
  const auth = createAuth({ store: memory(), providers: [password({ hasher })], rateLimit: false });
  await auth.users.create({ email: "a@example.com", password: PASSWORD });
  let users = 0;
  return {
    /** Milliseconds that a token takes which was never validated before. */
    validation: async (): Promise<number> => {
      // A user for each, because a store looks at all sessions of a user when one starts.
      users += 1;
      const { id } = await auth.users.create({ email: `u${users}@example.com` });
      const { accessToken } = await auth.sessions.create(id, { transport: "bearer" });
      const headers = { authorization: `Bearer ${accessToken}` };
      const request = new Request("http://localhost/", { headers });
      const start = performance.now();
      const { ok } = await auth.validate(request);
      if (!ok) throw new Error("the session is not valid");
      return performance.now() - start;
    },
    signIn: async (): Promise<number> => {
      const body = JSON.stringify({ email: "a@example.com", password: PASSWORD });
      const request = { method: "POST", headers: { "content-type": "application/json" }, body };
      return (await auth.handle(new Request("http://localhost/auth/login", request))).status;
    },
  };
}

const pause = (): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, PAUSE));

function p99(times: readonly number[]): number {
  const sorted = times.toSorted((a, b) => a - b);
  return sorted[Math.ceil(0.99 * (sorted.length - 1))] ?? 0;
}

/** Measures by turns, so that the rest of the machine weighs on both sides alike. Prints the times, the answers and the memory. */
async function measure(name: string, hasher: PasswordHasher): Promise<number> {
  const { validation, signIn } = await open(hasher);
  for (let n = 0; n < IDLE_CALLS; n++) await validation();
  const [idle, busy]: [number[], number[]] = [[], []];
  const statuses = new Map<number, number>();
  const before = process.memoryUsage().rss;
  let most = before;
  for (let round = 0; round < ROUNDS; round++) {
    for (let n = 0; n < IDLE_CALLS; n++) {
      idle.push(await validation());
      await pause();
    }
    let pending = SIGN_INS;
    const signIns = Array.from({ length: SIGN_INS }, async () => {
      const status = await signIn();
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      pending -= 1;
    });
    while (pending > 0) {
      busy.push(await validation());
      most = Math.max(most, process.memoryUsage().rss);
      await pause();
    }
    await Promise.all(signIns);
  }
  const ratio = p99(busy) / p99(idle);
  const answers = [...statuses].map(([status, count]) => `${count} of ${status}`).join(", ");
  const grown = ((most - before) / 2 ** 20).toFixed(0);
  console.log(
    `${RUNTIME}, ${name}: p99 of validate ${p99(idle).toFixed(2)} ms idle (${idle.length}), ${p99(busy).toFixed(2)} ms under sign-ins (${busy.length}), ratio ${ratio.toFixed(2)}; ${answers}; ${grown} MiB more`,
  );
  return ratio;
}

const native: Native = process.getBuiltinModule("node:crypto");
if (process.argv.includes("--unbounded")) await measure("4 at once, no end to the queue", unbounded(native));
const ratio = await measure("scryptHasher", scryptHasher());
if (ratio > MOST_RATIO) process.exitCode = 1;
