import { memory } from "@latchkey/core/memory";
import type { Store } from "@latchkey/core/store";
import fc from "fast-check";
import { expect, test } from "vitest";
import { everyDistinctOrder } from "../fixtures/distinct-orders.ts";
import { type Choose, everyInterleaving, makeScheduler, type Run } from "../fixtures/interleaving.ts";
import { session } from "../stores/sessions.ts";
import { holds } from "./check.ts";

const ANN = {
  ...{ id: "ann", email: "a@example.com", username: null, name: null, emailVerified: false, picture: null },
  ...{ passwordHash: null, credentialsVersion: 1, createdAt: 0, disabledAt: null },
};
const TOKEN = { hash: "hash", purpose: "reset", userId: "ann", data: {}, expiresAt: 9 };

type Call = (store: Store, answers: readonly unknown[]) => Promise<unknown>;

/** Calls that see each other, and whose version or purpose depends on an earlier answer. */
const CALLS: Readonly<Record<string, Call>> = {
  read: ({ users }) => users.get("ann"),
  raise: ({ users }, answers) => {
    const ifVersion = answers.includes(null) ? null : 1;
    return users.update("ann", {}, { ifVersion, raiseVersion: true });
  },
  rename: ({ users }, answers) =>
    users.update("ann", { name: `after ${answers.length}` }, { ifVersion: null, raiseVersion: false }),
  redeem: ({ tokens }) => tokens.redeem("hash", "reset", 0),
  revoke: ({ tokens }) => tokens.revoke("ann", "reset"),
  list: async ({ sessions }) => (await sessions.list("ann", 0)).length,
  start: ({ sessions }, answers) =>
    sessions.create(session(`${answers.length}`), { ifVersion: answers.length, limit: null, replaces: [] }),
  end: ({ sessions }) => sessions.endAll("ann", null, { reason: "logout", now: 0 }),
};

/** What the actors were answered in each order, and what was left. */
async function endsOf(
  explore: (play: (choose: Choose) => Promise<Run>) => Promise<number>,
  programs: readonly (readonly string[])[],
): Promise<{ readonly count: number; readonly ends: ReadonlySet<string> }> {
  const ends = new Set<string>();
  const count = await explore(async (choose) => {
    const [scheduler, store] = [makeScheduler(), memory()];
    await store.users.create(ANN);
    await store.tokens.put(TOKEN);
    const answers = programs.map((): unknown[] => []);
    const actors = programs.map((program, index): [string, () => Promise<void>] => {
      const own = scheduler.storeFor(`${index}`, store);
      const act = async (): Promise<void> => {
        for (const name of program)
          answers[index]?.push((await CALLS[name]?.(own, answers[index] ?? []).catch(String)) ?? null);
      };
      return [`${index}`, act];
    });
    const run = await scheduler.play(Object.fromEntries(actors), choose);
    const left: unknown[] = [await store.users.get("ann"), await store.sessions.list("ann", 0)];
    left.push(await store.tokens.redeem("hash", "reset", 0));
    ends.add(JSON.stringify([answers, left]));
    return run;
  });
  return { count, ends };
}

const program = (maxLength: number) =>
  fc.array(fc.constantFrom(...Object.keys(CALLS)), { minLength: 1, maxLength });

test("the distinct orders come to every end that all orders come to", async () => {
  let [played, all] = [0, 0];
  const programs = fc.oneof(fc.tuple(program(5), program(5)), fc.tuple(program(3), program(3), program(2)));
  await holds(
    "distinct orders",
    programs,
    async (drawn) => {
      const distinct = await endsOf(everyDistinctOrder, drawn);
      const every = await endsOf(everyInterleaving, drawn);
      expect(distinct.ends).toEqual(every.ends);
      expect(distinct.count).toBeLessThanOrEqual(every.count);
      played += distinct.count;
      all += every.count;
    },
    100,
  );
  console.info(`${played} of ${all} orders`);
  expect(played).toBeLessThan(all);
});
