import { startPostgres } from "../stores/postgres-server.ts";
import { startRedis } from "../stores/redis-server.ts";
import { type SoakOptions, soak } from "./soak.ts";
import { harm } from "./tally.ts";

const LONG = { seconds: 60, killEvery: 5, pause: 40 };

async function run(options: SoakOptions): Promise<boolean> {
  const counts = await soak(options);
  console.log(`${options.backend}: ${[...counts].map(([what, times]) => `${times} ${what}`).join(", ")}`);
  return harm(counts).length === 0;
}

const postgres = await startPostgres();
const onPostgres = await run({ ...LONG, backend: "postgres", url: postgres.url, namespace: postgres.schema });
await postgres.stop();
const redis = await startRedis("latchkey:");
const onRedis = await run({ ...LONG, backend: "redis", url: redis.url, namespace: "" });
await redis.stop();
process.exitCode = onPostgres && onRedis ? 0 : 1;
