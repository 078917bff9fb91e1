import { decideThrottle, type OneTimeToken, type ThrottleRow } from "@latchkey/core/store";
import type { CellOperations, Claim } from "./operations.ts";
import type { ObjectStorage } from "./platform.ts";

/**
 * The one record of a small object. It expires at `until`; null means never. A cell with only `until` marks a spent
 * secret, a redeemed token or a released claim.
 */
export interface Cell {
  readonly attempts?: ThrottleRow;
  readonly token?: OneTimeToken;
  readonly claim?: Claim;
  readonly until: number | null;
}

const KEY = "cell";
/** Expired long ago: the alarm deletes the object at once. */
const RELEASED: Cell = { until: 1 };

/** Reads the cell of an object; undefined if it has none. */
export function readCell({ kv }: ObjectStorage): Cell | undefined {
  return kv.get(KEY) as Cell | undefined;
}

/** The operations on a cell. None awaits anything between its read and its write, so each is one turn of the object. */
export function cellOperations(storage: ObjectStorage, clock: (() => number) | null): CellOperations {
  const write = async (cell: Cell): Promise<void> => {
    const before = readCell(storage)?.until;
    storage.kv.put(KEY, cell);
    // In the same turn as the write, so both are stored or neither is.
    if (cell.until !== null && cell.until !== before) await storage.setAlarm(cell.until * 1_000);
  };

  return {
    "attempts.hit": async (rule, callerNow) => {
      const before = readCell(storage)?.attempts ?? null;
      const { verdict, row } = decideThrottle(before, rule, clock?.() ?? callerNow);
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

    "token.take": async (purpose, callerNow) => {
      const cell = readCell(storage);
      const token = cell?.token;
      if (cell === undefined || token === undefined || token.purpose !== purpose) return null;
      await write({ until: cell.until });
      return (clock?.() ?? callerNow) < token.expiresAt ? token : null;
    },

    "token.spend": async (expiresAt, callerNow) => {
      const now = clock?.() ?? callerNow;
      const until = readCell(storage)?.until ?? 0;
      if (now < until || expiresAt <= now) return false;
      await write({ until: expiresAt });
      return true;
    },

    "holder.get": async () => readCell(storage)?.claim ?? null,

    "holder.claim": async (userId, replaces) => {
      const held = readCell(storage)?.claim;
      if (held !== undefined && held.userId !== userId && held.id !== replaces) return held;
      const claim = { userId, id: crypto.randomUUID() };
      await write({ claim, until: null });
      return claim;
    },

    "holder.release": async (id) => {
      if (readCell(storage)?.claim?.id === id) await write(RELEASED);
    },
  };
}
