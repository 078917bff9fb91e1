import type { Connection } from "./connection.ts";
import { list, texts } from "./fields.ts";

const PAGE = 500;

const SCAN = "return redis.call('SCAN', ARGV[1], 'MATCH', ARGV[2], 'COUNT', ARGV[3])";

/** Does something with each key of a pattern, on every server that holds keys, page by page; returns the sum. */
export async function eachKey(
  connection: Connection,
  pattern: string,
  work: (primary: Connection, key: string) => Promise<number>,
): Promise<number> {
  let sum = 0;
  for (const primary of await connection.primaries()) {
    let cursor = "0";
    do {
      const [next, keys] = list("a page", await primary.run(SCAN, [], [cursor, pattern, PAGE]));
      const found = texts("a page", keys);
      for (const done of await Promise.all(found.map((key) => work(primary, key)))) sum += done;
      cursor = String(next);
    } while (cursor !== "0");
  }
  return sum;
}
