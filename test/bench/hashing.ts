import { createAuth } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import { type PasswordHasher, password, scryptHasher } from "@latchkey/core/password";
import { createHasher } from "../../packages/core/src/password/hasher.ts";
import { scryptKey } from "../../packages/core/src/password/scrypt.ts";

const SIGN_INS = 200;
const PASSWORD = "correct horse battery";

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
    missing: () => null,
    isWeaker: () => false,
  });
}

/** Validates one session again and again while `SIGN_INS` sign-ins arrive at once, and prints how long each took. */
async function measure(name: string, hasher: PasswordHasher): Promise<void> {
  const auth = createAuth({ store: memory(), providers: [password({ hasher })], rateLimit: false });
  const { id } = await auth.users.create({ email: "a@example.com", password: PASSWORD });
  const { accessToken } = await auth.sessions.create(id, { transport: "bearer" });
  const headers = { authorization: `Bearer ${accessToken}` };
  const validation = async (): Promise<number> => {
    const start = performance.now();
    const { ok } = await auth.validate(new Request("http://localhost/", { headers }));
    if (!ok) throw new Error("the session is not valid");
    return performance.now() - start;
  };
  await validation();

  const start = performance.now();
  const statuses = new Map<number, number>();
  let pending = SIGN_INS;
  let last = 0;
  const signIn = async (): Promise<void> => {
    const body = JSON.stringify({ email: "a@example.com", password: PASSWORD });
    const request = { method: "POST", headers: { "content-type": "application/json" }, body };
    const { status } = await auth.handle(new Request("http://localhost/auth/login", request));
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    last = performance.now() - start;
    pending -= 1;
  };
  const signIns = Array.from({ length: SIGN_INS }, signIn);
  const times: number[] = [];
  while (pending > 0) {
    times.push(await validation());
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await Promise.all(signIns);
  times.sort((a, b) => a - b);
  const at = (part: number): string => (times[Math.ceil(part * (times.length - 1))] ?? 0).toFixed(1);
  const answers = [...statuses].map(([status, count]) => `${count} of ${status}`).join(", ");
  console.log(
    `${name}: validate median ${at(0.5)} ms, worst ${at(1)} ms (${times.length} calls); ${answers}; the last after ${(last / 1_000).toFixed(1)} s`,
  );
}

const native: Native = process.getBuiltinModule("node:crypto");
await measure("4 at once, no end to the queue", unbounded(native));
await measure("scryptHasher", scryptHasher());
