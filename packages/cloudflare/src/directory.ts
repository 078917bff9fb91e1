import {
  type EpochSeconds,
  endOfPrefix,
  type UserId,
  type UserIndexEntry,
  type UserIndexKey,
  type UserRange,
} from "@latchkey/core/store";
import { DEADLINE, type ObjectStorage, STALE, wallClock } from "./platform.ts";

/** The name of the object with the directory of all users. */
export const DIRECTORY_OBJECT = "directory";

/** An entry of the directory. */
export interface DirectoryEntry extends UserIndexKey, UserIndexEntry {}

/** What `directory.add` did. */
export interface AddedEntries {
  readonly entries: readonly DirectoryEntry[];
  readonly former: readonly DirectoryEntry[];
  /** The time until which the row of the user may be written. */
  readonly deadline: EpochSeconds;
}

/** The operations on the object with the directory, which has a table of its own. */
export interface DirectoryOperations {
  /** Adds entries for a user. Also reads the current entries of the user for the texts `former`, as `directory.held` does. */
  readonly "directory.add": (
    id: UserId,
    keys: readonly UserIndexKey[],
    former: readonly UserIndexKey[],
  ) => Promise<AddedEntries>;
  /** Reads the current entries of a user, to be removed after the row that confirms them is gone. */
  readonly "directory.held": (
    id: UserId,
    keys: readonly UserIndexKey[],
  ) => Promise<readonly DirectoryEntry[]>;
  readonly "directory.remove": (entries: readonly DirectoryEntry[]) => Promise<void>;
  readonly "directory.next": (
    range: UserRange,
    last: UserIndexEntry | null,
  ) => Promise<readonly DirectoryEntry[]>;
}

const TABLE = `CREATE TABLE IF NOT EXISTS latchkey_directory (
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  mark TEXT NOT NULL,
  id TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (kind, key, mark)
) STRICT, WITHOUT ROWID`;

/** Makes the operations. None awaits anything, so each is one turn of the object. */
export function directoryOperations(storage: ObjectStorage): DirectoryOperations {
  const { sql } = storage;
  const held = (id: UserId, keys: readonly UserIndexKey[]): readonly DirectoryEntry[] => {
    const find = "SELECT * FROM latchkey_directory WHERE kind = ? AND key = ? AND id = ?";
    return keys.flatMap(({ by, key }) => sql.exec(find, by, key, id).toArray().map(readEntry));
  };
  return {
    "directory.add": async (id, keys, former) => {
      sql.exec(TABLE);
      const mark = crypto.randomUUID();
      const now = wallClock();
      storage.transactionSync(() => {
        for (const { by, key } of keys) {
          sql.exec("INSERT INTO latchkey_directory VALUES (?, ?, ?, ?, ?)", by, key, mark, id, now);
        }
      });
      const entries = keys.map((key) => ({ ...key, id, mark, isStale: false }));
      return { entries, former: held(id, former), deadline: now + DEADLINE };
    },
    "directory.held": async (id, keys) => {
      sql.exec(TABLE);
      return held(id, keys);
    },
    "directory.remove": async (entries) => {
      sql.exec(TABLE);
      for (const { by, key, mark } of entries) {
        sql.exec("DELETE FROM latchkey_directory WHERE kind = ? AND key = ? AND mark = ?", by, key, mark);
      }
    },
    "directory.next": async (range, last) => {
      sql.exec(TABLE);
      const { conditions, values } = rangeOf(range, last);
      const text = `SELECT * FROM latchkey_directory WHERE ${conditions.join(" AND ")} ORDER BY key, mark LIMIT ?`;
      return sql
        .exec(text, ...values, range.limit)
        .toArray()
        .map(readEntry);
    },
  };
}

function rangeOf(
  { by, prefix, after }: UserRange,
  last: UserIndexEntry | null,
): { readonly conditions: readonly string[]; readonly values: readonly string[] } {
  const end = endOfPrefix(prefix);
  const ended = end === null ? [] : [end];
  const until = end === null ? [] : ["key < ?"];
  if (last !== null) {
    return {
      conditions: ["kind = ?", "(key, mark) > (?, ?)", ...until],
      values: [by, last.key, last.mark, ...ended],
    };
  }
  const from = after === null ? "key >= ?" : "key > ?";
  return { conditions: ["kind = ?", from, ...until], values: [by, after ?? prefix, ...ended] };
}

function readEntry(row: Readonly<Record<string, unknown>>): DirectoryEntry {
  const by = (["id", "email", "username"] as const).find((kind) => kind === row["kind"]);
  if (by === undefined) throw new Error("latchkey_directory.kind holds an invalid value");
  const isStale = Number(row["at"]) + STALE < wallClock();
  return { by, key: String(row["key"]), id: String(row["id"]), mark: String(row["mark"]), isStale };
}
