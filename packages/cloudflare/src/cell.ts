import {
  decideThrottle,
  type EpochSeconds,
  type OneTimeToken,
  releaseAttempt,
  type ThrottleRow,
} from "@latchkey/core/store";
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
  const at = (callerNow: EpochSeconds): EpochSeconds => clock?.() ?? callerNow;
  return { ...attemptOperations(storage, at), ...tokenOperations(storage, at), ...holderOperations(storage) };
}

/** The time that decides. */
type At = (callerNow: EpochSeconds) => EpochSeconds;

function attemptOperations(
  storage: ObjectStorage,
  at: At,
): Pick<CellOperations, "attempts.hit" | "attempts.release"> {
  return {
    "attempts.hit": async (rule, callerNow) => {
      const before = readCell(storage)?.attempts ?? null;
      const { verdict, rows } = decideThrottle([before], [{ key: KEY, rule }], at(callerNow));
      if (!verdict.allowed) return verdict.retryAfter;
      const [row] = rows;
      if (row) await writeCell(storage, { attempts: row, until: row.since + rule.window });
      return 0;
    },

    "attempts.release": async () => {
      const { attempts, until } = readCell(storage) ?? RELEASED;
      if (attempts === undefined) return;
      const left = releaseAttempt(attempts);
      await writeCell(storage, left === null ? RELEASED : { attempts: left, until });
    },
  };
}

type TokenOperations = Pick<CellOperations, "token.put" | "token.take" | "token.spend">;

function tokenOperations(storage: ObjectStorage, at: At): TokenOperations {
  return {
    "token.put": async (token) => {
      if (readCell(storage) !== undefined) throw new Error("a token of this digest exists");
      await writeCell(storage, { token, until: token.expiresAt });
    },

    "token.take": async (purpose, callerNow) => {
      const cell = readCell(storage);
      if (cell?.token === undefined || cell.token.purpose !== purpose) return null;
      await writeCell(storage, { until: cell.until });
      return at(callerNow) < cell.token.expiresAt ? cell.token : null;
    },

    "token.spend": (expiresAt, callerNow) => spend(storage, expiresAt, at(callerNow)),
  };
}

async function spend(storage: ObjectStorage, expiresAt: EpochSeconds, now: EpochSeconds): Promise<boolean> {
  const until = readCell(storage)?.until ?? 0;
  if (now < until || expiresAt <= now) return false;
  await writeCell(storage, { until: expiresAt });
  return true;
}

function holderOperations(
  storage: ObjectStorage,
): Pick<CellOperations, "holder.get" | "holder.claim" | "holder.release"> {
  return {
    "holder.get": async () => readCell(storage)?.claim ?? null,

    "holder.claim": async (userId, replaces) => {
      const held = readCell(storage)?.claim;
      if (held !== undefined && held.userId !== userId && held.id !== replaces) return held;
      const claim = { userId, id: crypto.randomUUID() };
      await writeCell(storage, { claim, until: null });
      return claim;
    },

    "holder.release": async (id) => {
      if (readCell(storage)?.claim?.id === id) await writeCell(storage, RELEASED);
    },
  };
}

async function writeCell(storage: ObjectStorage, cell: Cell): Promise<void> {
  const before = readCell(storage)?.until;
  storage.kv.put(KEY, cell);
  // In the same turn as the write, so both are stored or neither is.
  if (cell.until !== null && cell.until !== before) await storage.setAlarm(cell.until * 1_000);
}
