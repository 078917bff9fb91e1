import { type Edit, editsIn } from "./edit.ts";

const IN_MEMORY = "test/stores/memory.test.ts";
const IN_SQLITE = "test/stores/sqlite.test.ts";
const IN_POSTGRES = "test/stores/postgres-feed.test.ts";
const IN_REDIS = "test/stores/redis.test.ts";

/** The feed of ended sessions: an end that is missing there leaves an access token alive. */
export const feedEdits: readonly Edit[] = [
  ...editsIn(
    "packages/core/src/memory/sessions.ts",
    [IN_MEMORY],
    [
      [
        "a session of which a token was reused",
        'if (decision.kind === "reuse") rows.feed.add("ended", row, now);',
        "",
      ],
      ["the sessions that end together", "rows.feed.addAll(due, now);", ""],
      ["a session that ends", 'rows.feed.add("ended", row, now);\n  return markEnded', "return markEnded"],
      ["a new context", "if (context !== undefined && staleAt !== null)", "if (false)"],
    ],
  ),
  ...editsIn(
    "packages/core/src/memory/feed.ts",
    [IN_MEMORY],
    [
      ["a live entry is deleted", "until + FEED_RETENTION > now) return", "until > now) return"],
      ["a cursor of another feed", "of === id && Number(digits) <= last", "Number(digits) <= last"],
      ["the last entry of a page is read twice", "Math.max(start + 1, oldest)", "Math.max(start, oldest)"],
      ["an entry is skipped", "Math.max(start + 1, oldest)", "Math.max(start + 2, oldest)"],
    ],
  ),
  ...editsIn(
    "packages/sql/src/schema.ts",
    [IN_SQLITE],
    [
      ["a session that expired", " AND NEW.end_reason <> 'expired'", ""],
      [
        "an end within the end of many",
        "WHERE kind = 'ending' AND user_id = NEW.user_id",
        "WHERE kind = 'ending' AND 1 = 0",
      ],
      [
        "an end of another user beside the end of many",
        "WHERE kind = 'ending' AND user_id = NEW.user_id",
        "WHERE kind = 'user'",
      ],
    ],
  ),
  ...editsIn(
    "packages/sql/src/session-statements.ts",
    [IN_SQLITE],
    [
      ["the lifetime of one session of many", ":now + MAX(access_lifetime)", ":now + MIN(access_lifetime)"],
      [
        "a change of an ended session",
        "FROM latchkey_sessions\nWHERE id = :id AND ended_at IS NULL`;\n\nexport const END",
        "FROM latchkey_sessions\nWHERE id = :id`;\n\nexport const END",
      ],
    ],
  ),
  ...editsIn(
    "packages/sql/src/feed.ts",
    [IN_POSTGRES],
    [
      ["an open transaction is left behind", "xid < horizon", "xid < horizon + 1e9"],
      [
        "the anchor moves within pages that reach open transactions",
        "if (position !== null) return { anchor, position: more ? last : null };",
        "",
      ],
      ["a cursor of the server of a dump", " AND xid < ${HORIZON}`", "`"],
      ["a cursor of another database", " AND mark = :mark", " AND mark <> :mark || 'x'"],
    ],
  ),
  ...editsIn(
    "packages/redis/src/session-scripts.ts",
    [IN_REDIS],
    [
      ["a session that ends", "  add_entry('ended', row.id, tonumber(row.access_lifetime))\n", ""],
      ["a new context", "if ARGV[4] ~= '' and ARGV[6] == '1' then", "if false then"],
    ],
  ),
  ...editsIn(
    "packages/redis/src/feed.ts",
    ["test/stores/redis-feed.test.ts"],
    [
      ["a cursor of another stream", "== 0 then after = '' end", "== -1 then after = '' end"],
      ["a second script is not repeated", "await add().catch(add);", "await add();"],
      ["a server of a cluster", "if (!isCrossSlot(error)) throw error;", "throw error;"],
    ],
  ),
  ...editsIn(
    "packages/cloudflare/src/call.ts",
    ["test/stores/durable-objects-halves.test.ts"],
    [["a call of the feed is not repeated", "await add().catch(add);", "await add();"]],
  ),
  ...editsIn(
    "packages/cloudflare/src/records.ts",
    ["test/stores/durable-objects-alarm.test.ts"],
    [
      [
        "old entries stay",
        "DELETE FROM latchkey_feed WHERE until",
        "DELETE FROM latchkey_feed WHERE 1 = 0 AND until",
      ],
    ],
  ),
];
