import { DatabaseSync } from "node:sqlite";
import { createAuth } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import { migrate, sqlite } from "@latchkey/sql/sqlite";

const ROUNDS = 5;

/** The best of a few rounds, in microseconds a call: the least disturbed by the rest of the machine. */
async function measure(calls: number, work: () => Promise<unknown>): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    for (let call = 0; call < calls; call++) await work();
    best = Math.min(best, ((performance.now() - start) * 1_000) / calls);
  }
  return best;
}

async function main(): Promise<void> {
  const pair = await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]);
  const message = crypto.getRandomValues(new Uint8Array(500));
  const signature = await crypto.subtle.sign("Ed25519", pair.privateKey, message);
  const unit = await measure(2_000, () =>
    crypto.subtle.verify("Ed25519", pair.publicKey, signature, message),
  );
  console.log(`one Ed25519 verification: ${unit.toFixed(0)} us = 1.0`);
  const print = (name: string, cost: number): void => {
    console.log(`${name}: ${(cost / unit).toFixed(2)}`);
  };

  const database = sqlite(new DatabaseSync(":memory:"));
  await migrate(database);
  for (const [name, store] of [
    ["memory", memory()],
    ["sqlite", database],
  ] as const) {
    let now = Date.now();
    const auth = createAuth({ store, env: { clock: () => now } });
    const user = await auth.users.create({ email: "a@example.com" });
    const { headers } = await auth.sessions.create(user.id);
    const cookie = headers
      .getSetCookie()
      .map((line) => line.split(";")[0])
      .join("; ");
    const live = new Request("http://localhost/", { headers: { cookie } });
    print(`${name}: validate of a live token`, await measure(2_000, () => auth.validate(live)));
    let { refreshToken } = await auth.sessions.create(user.id, { transport: "bearer" });
    const rotate = async (): Promise<void> => {
      now += 61_000;
      const result = await auth.sessions.refresh(refreshToken ?? "");
      if (!result.ok) throw new Error(result.code);
      refreshToken = result.refreshToken;
    };
    print(`${name}: refresh with a rotation`, await measure(1_000, rotate));
    const again = refreshToken ?? "";
    print(`${name}: access-only answer`, await measure(1_000, () => auth.sessions.refresh(again)));
  }
}

await main();
