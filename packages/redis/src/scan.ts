import type { Connection } from "./connection.ts";
import { list, texts } from "./fields.ts";

const PAGE = 500;

const SCAN = "return redis.call('SCAN', ARGV[1], 'MATCH', ARGV[2], 'COUNT', ARGV[3])";

/** Calls `work` for each key of a pattern on every primary, page by page, and returns the sum of its results. */
export async function sumOverKeys(
  connection: Connection,
  pattern: string,
  work: (primary: Connection, key: string) => Promise<number>,
): Promise<number> {
  let sum = 0;
  for (const primary of await connection.primaries()) {
    let cursor = "0";
    do {
      const [next, keys] = list("a page of keys", await primary.run(SCAN, [], [cursor, pattern, PAGE]));
      const found = texts("a page of keys", keys);
      for (const result of await Promise.all(found.map((key) => work(primary, key)))) sum += result;
      cursor = String(next);
    } while (cursor !== "0");
  }
  return sum;
}
