import { DatabaseSync } from "node:sqlite";
import { migrate, type SqliteDatabase, sqlite } from "@latchkey/sql/sqlite";
import { runTrace, type StoreUnderTest } from "@latchkey/store-contract";
import { describe, expect, test } from "vitest";

const STEPS = 50_000;
const seed = Number(process.env["LATCHKEY_SEED"] ?? Math.floor(Math.random() * 2 ** 32));

const kinds = ["first", "rotated", "reissued", "access_only", "reuse"];
const refusals = ["unknown", "wrong_family", "ended", "expired", "wrong_transport", "rolled_back"];
const calls = ["create", "confirm", "update", "end", "endAll", "list", "endedSince", "prune"];

test(`the SQLite statement equals decide over ${STEPS} steps, seed ${seed}`, async () => {
  const { counts } = await runTrace({
    seed,
    steps: STEPS,
    makeStore: () => made(new DatabaseSync(":memory:")),
  });
  console.info(`equivalence: seed ${seed}, ${STEPS} steps, ${JSON.stringify(counts)}`);
  for (const kind of [...kinds, ...calls, ...refusals.map((reason) => `refused: ${reason}`)]) {
    expect(counts[kind], `${kind} must have been met`).toBeGreaterThan(50);
  }
});

describe("an SQL statement with one wrong comparison is found", () => {
  const mistakes: Readonly<Record<string, readonly [string, string]>> = {
    "a lease one second longer": ["? - child_issued_at < ?", "? - child_issued_at <= ?"],
    "no bound on a clock that jumped": ["AND ? - child_issued_at >= -?", "AND ? + ? IS NOT NULL"],
    "an expiry one second late": ["expires_at > ?", "expires_at >= ?"],
    "a generation that is not asked": ["root_generation = ?", "root_generation <> -?"],
    "an alarm on a lost write": ["generation >= ?", "? IS NOT NULL"],
    "a lease that slides": ["'access_only' ELSE 'rotated'", "'issued' ELSE 'rotated'"],
    "a reuse that ends nothing": ["WHEN verdict = 'reuse' THEN ?", "WHEN verdict = 'never' THEN ?"],
    "an idle expiry beyond the absolute one": ["absolute_expires_at < ? + idle_lifetime", "? IS NULL"],
  };
  for (const [title, [right, wrong]] of Object.entries(mistakes)) {
    test(title, async () => {
      const makeStore = () => made(broken(right, wrong));
      await expect(runTrace({ seed, steps: STEPS, makeStore })).rejects.toThrow(
        new RegExp(`^seed ${seed}, step \\d+: [^]*shortest failing trace found \\(\\d{1,2} of \\d+ steps\\)`),
      );
    });
  }
});

async function made(database: SqliteDatabase & { close(): unknown }): Promise<StoreUnderTest> {
  const store = sqlite(database);
  await migrate(store);
  return {
    store,
    close: async () => {
      database.close();
    },
  };
}

function broken(right: string, wrong: string): SqliteDatabase & { close(): unknown } {
  const database = new DatabaseSync(":memory:");
  const prepare = (sql: string) =>
    database.prepare(sql.includes("AS judged") ? sql.replaceAll(right, wrong) : sql);
  return { exec: (sql) => database.exec(sql), prepare, close: () => database.close() };
}
