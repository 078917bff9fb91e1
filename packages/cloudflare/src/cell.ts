import { decideThrottle, type OneTimeToken, type ThrottleRow } from "@latchkey/core/store";
import type { CellOperations, Claim } from "./operations.ts";
import type { ObjectStorage } from "./platform.ts";

/** The one thing that a small object keeps, and until when; null for good. One with `until` alone marks a used secret. */
export interface Cell {
  readonly attempts?: ThrottleRow;
  readonly token?: OneTimeToken;
  readonly claim?: Claim;
  readonly until: number | null;
}

const KEY = "cell";
const RELEASED: Cell = { until: 1 };

/** Reads the cell of an object; undefined where it keeps none. */
export function readCell({ kv }: ObjectStorage): Cell | undefined {
  return kv.get(KEY) as Cell | undefined;
}

/** The operations on a cell. None waits between its read and its write: each is one turn of the object. */
export function cellOperations(storage: ObjectStorage, clock: (() => number) | null): CellOperations {
  const write = async (cell: Cell): Promise<void> => {
    const before = readCell(storage)?.until;
    storage.kv.put(KEY, cell);
    // In the same turn as the write, so that there is never one without the other.
    if (cell.until !== null && cell.until !== before) await storage.setAlarm(cell.until * 1_000);
  };

  return {
    "attempts.hit": async (rule, callers) => {
      const before = readCell(storage)?.attempts ?? null;
      const { verdict, row } = decideThrottle(before, rule, clock?.() ?? callers);
      if (row !== before) await write({ attempts: row, until: row.since + rule.window });
      return verdict;
    },

    "attempts.reset": async () => {
      if (readCell(storage)?.attempts !== undefined) await write(RELEASED);
    },

    "token.put": async (token) => {
      if (readCell(storage) !== undefined) throw new Error("a token of this digest exists");
      await write({ token, until: token.expiresAt });
    },

    "token.take": async (purpose, callers) => {
      const cell = readCell(storage);
      const token = cell?.token;
      if (cell === undefined || token === undefined || token.purpose !== purpose) return null;
      await write({ until: cell.until });
      return (clock?.() ?? callers) < token.expiresAt ? token : null;
    },

    "token.spend": async (expiresAt, callers) => {
      const now = clock?.() ?? callers;
      const until = readCell(storage)?.until ?? 0;
      if (now < until || expiresAt <= now) return false;
      await write({ until: expiresAt });
      return true;
    },

    "holder.get": async () => readCell(storage)?.claim ?? null,

    "holder.claim": async (userId, over) => {
      const held = readCell(storage)?.claim;
      if (held !== undefined && held.userId !== userId && held.id !== over) return held;
      const claim = { userId, id: crypto.randomUUID() };
      await write({ claim, until: null });
      return claim;
    },

    "holder.release": async (id) => {
      if (readCell(storage)?.claim?.id === id) await write(RELEASED);
    },
  };
}
