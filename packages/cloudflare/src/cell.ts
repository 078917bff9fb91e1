import {
  decideSlot,
  decideThrottle,
  type EpochSeconds,
  type OneTimeToken,
  releaseAttempt,
  type SlotToken,
  type ThrottleRow,
} from "@latchkey/core/store";
import { directoryOperations } from "./directory.ts";
import type { CellOperations, Claim, HeldClaim } from "./operations.ts";
import { DEADLINE, type ObjectStorage, STALE, wallClock } from "./platform.ts";

/**
 * The one record of a small object. It expires at `until`; null means never. A cell with only `until` marks a spent
 * secret, a redeemed token or a released claim.
 */
export interface Cell {
  readonly attempts?: ThrottleRow;
  readonly token?: OneTimeToken;
  readonly slot?: SlotToken;
  readonly claim?: StoredClaim;
  readonly until: number | null;
}

/** A claim, with the time at which a reservation was made. */
interface StoredClaim extends Claim {
  readonly reservedAt?: EpochSeconds;
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
  return {
    ...attemptOperations(storage, at),
    ...tokenOperations(storage, at),
    ...slotOperations(storage, at),
    ...holderOperations(storage),
    ...directoryOperations(storage),
  };
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

type SlotOperations = Pick<CellOperations, "slot.fill" | "slot.read" | "slot.redeem">;

function slotOperations(storage: ObjectStorage, at: At): SlotOperations {
  return {
    "slot.fill": (slot) => writeCell(storage, { slot, until: slot.expiresAt }),

    "slot.read": async (callerNow) => {
      const slot = readCell(storage)?.slot;
      return slot !== undefined && at(callerNow) < slot.expiresAt ? slot : null;
    },

    "slot.redeem": async (secret, callerNow) => {
      const slot = readCell(storage)?.slot ?? null;
      const { redeemed, stays } = decideSlot(slot, secret, at(callerNow));
      if (stays !== slot) {
        await writeCell(storage, stays === null ? RELEASED : { slot: stays, until: stays.expiresAt });
      }
      return redeemed;
    },
  };
}

type HolderOperations = Pick<
  CellOperations,
  "holder.get" | "holder.claim" | "holder.reserve" | "holder.release"
>;

function holderOperations(storage: ObjectStorage): HolderOperations {
  return {
    "holder.get": async () => readCell(storage)?.claim ?? null,

    "holder.claim": async (userId, replaces) => {
      const held = readCell(storage)?.claim;
      if (held !== undefined && held.userId !== userId && held.id !== replaces) return heldClaim(held);
      const claim = { userId, id: crypto.randomUUID() };
      await writeCell(storage, { claim, until: null });
      return heldClaim(claim);
    },

    // Not even the same user replaces a reservation: of two changes to one address, the loser would release that of the winner.
    "holder.reserve": async (claim, replaces) => {
      const held = readCell(storage)?.claim;
      if (held !== undefined && held.id !== replaces) return heldClaim(held);
      const reserved = { ...claim, reservedAt: wallClock() };
      await writeCell(storage, { claim: reserved, until: null });
      return heldClaim(reserved);
    },

    "holder.release": async (id) => {
      if (readCell(storage)?.claim?.id === id) await writeCell(storage, RELEASED);
    },
  };
}

function heldClaim({ userId, id, reservedAt }: StoredClaim): HeldClaim {
  if (reservedAt === undefined) return { userId, id, isReserved: false, deadline: null };
  const isReserved = wallClock() < reservedAt + STALE;
  return { userId, id, isReserved, deadline: reservedAt + DEADLINE };
}

async function writeCell(storage: ObjectStorage, cell: Cell): Promise<void> {
  const before = readCell(storage)?.until;
  storage.kv.put(KEY, cell);
  // In the same turn as the write, so both are stored or neither is.
  if (cell.until !== null && cell.until !== before) await storage.setAlarm(cell.until * 1_000);
}
