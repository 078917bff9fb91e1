import type { Store } from "@latchkey/core/store";
import { redis } from "@latchkey/redis";
import { migrate, postgres } from "@latchkey/sql/postgres";
import { createClient } from "redis";
import { quietPool } from "../stores/postgres-server.ts";

export interface Backend {
  readonly backend: string;
  readonly url: string;
  /** A schema of PostgreSQL. */
  readonly namespace: string;
}

/** Opens the store that all servers share. */
export async function openStore({ backend, url, namespace }: Backend): Promise<Store> {
  if (backend === "redis") {
    const client = createClient({ url }).on("error", () => undefined);
    return redis(await client.connect());
  }
  const options = `-c search_path=${namespace}`;
  const store = postgres(quietPool({ connectionString: url, max: 8, options }));
  await migrate(store);
  return store;
}
