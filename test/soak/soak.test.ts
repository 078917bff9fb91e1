import { expect, test } from "vitest";
import { startPostgres } from "../stores/postgres-server.ts";
import { describeRedis, startRedis } from "../stores/redis-server.ts";
import { soak } from "./soak.ts";
import { harm } from "./tally.ts";

/** The pauses leave the processor to the tests beside this one: `pnpm soak` is the run under full load. */
const SHORT = { seconds: 8, killEvery: 2, pause: 240 };

function judge(name: string, counts: ReadonlyMap<string, number>): void {
  console.info(`${name}: ${[...counts].map(([what, times]) => `${times} ${what}`).join(", ")}`);
  expect(harm(counts)).toEqual([]);
  expect(counts.get("kills") ?? 0).toBeGreaterThan(0);
  expect(counts.get("rotated") ?? 0).toBeGreaterThan(10);
}

test("four servers on one PostgreSQL are killed and restarted, and no honest user is affected", async () => {
  const postgres = await startPostgres();
  try {
    const { url, schema } = postgres;
    judge("PostgreSQL", await soak({ ...SHORT, backend: "postgres", url, namespace: schema }));
  } finally {
    await postgres.stop();
  }
});

describeRedis("four servers on one Redis", () => {
  test("are killed and restarted, and no honest user is affected", async () => {
    const { url, stop } = await startRedis("latchkey:");
    try {
      judge("Redis", await soak({ ...SHORT, backend: "redis", url, namespace: "" }));
    } finally {
      await stop();
    }
  });
});
