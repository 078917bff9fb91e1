import { cellOperations, readCell } from "./cell.ts";
import { objectDriver } from "./driver.ts";
import type { CallSettings, CellOperations, ObjectCall, RecordOperations } from "./operations.ts";
import type { ObjectState } from "./platform.ts";
import { hasRecords, openRecords, type Records } from "./records.ts";

const KEEP_ENDED = "keep-ended";
const AT_ONCE = 1;

/** After these something may be over sooner than the alarm knows. It is set in the turn of the write. */
const HASTENING: ReadonlySet<string> = new Set([
  "sessions.create",
  "sessions.end",
  "sessions.endAll",
  "sessions.prune",
  "users.delete",
  "tokens.put",
]);

/** What makes the tables of an object. Anything else asks in vain where there are none, and costs no storage. */
const FILLING: ReadonlySet<string> = new Set(["sessions.create", "users.create", "tokens.put", "keys.save"]);

/** What is found where there are no tables, if not null. */
const NOTHING: Readonly<Record<string, unknown>> = {
  "sessions.confirm": false,
  "sessions.list": [],
  "sessions.endAll": [],
  "sessions.prune": 0,
  "users.delete": false,
  "users.link": false,
  "users.unlink": false,
  "users.accounts": [],
  "users.keepTokens": false,
};

/**
 * The Durable Object that Latchkey keeps sessions in; export it from the Worker, with SQLite storage. It answers
 * `durableObjects` and nobody else: no request from outside may be passed on to it.
 *
 * An alarm deletes what is over.
 */
export class SessionObject {
  readonly #state: ObjectState;
  readonly #cells: Readonly<Record<CallSettings["clock"], CellOperations>>;
  #records: Partial<Record<CallSettings["clock"], Promise<Records>>> = {};

  constructor(state: ObjectState, _env?: unknown) {
    this.#state = state;
    this.#cells = {
      object: cellOperations(state.storage, objectClock),
      caller: cellOperations(state.storage, null),
    };
  }

  /** Carries out one call of `durableObjects`. */
  async fetch(request: Request): Promise<Response> {
    const { operation, args, clock, keepEnded }: ObjectCall = await request.json();
    const cells = this.#cells[clock];
    if (Object.hasOwn(cells, operation)) return answer(await carryOut(cells, operation, args));
    if (!FILLING.has(operation) && !this.#isFilled(clock)) return answer(NOTHING[operation]);
    const records = await this.#open(clock);
    const result = await carryOut(records.operations, operation, args);
    if (HASTENING.has(operation) || foundReuse(operation, result)) await this.#arm(records, keepEnded);
    return answer(result);
  }

  /** Deletes what is over, and the whole storage where nothing is left. */
  async alarm(): Promise<void> {
    await this.#state.blockConcurrencyWhile(async () => {
      const { storage } = this.#state;
      const cell = readCell(storage);
      if (cell !== undefined) {
        if (cell.until === null) return;
        if (cell.until <= objectClock()) await storage.deleteAll();
        else await storage.setAlarm(cell.until * 1_000);
        return;
      }
      await this.#sweep();
    });
  }

  async #sweep(): Promise<void> {
    const { storage } = this.#state;
    if (!hasRecords(storage)) return;
    const records = await this.#open("object");
    const keepEnded = storage.kv.get(KEEP_ENDED) === true;
    await records.sweep(objectClock(), keepEnded);
    if (!(await records.outlook(keepEnded)).empty) return this.#arm(records, keepEnded);
    this.#records = {};
    await storage.deleteAll();
  }

  async #arm(records: Records, keepEnded: boolean): Promise<void> {
    const { storage } = this.#state;
    if ((storage.kv.get(KEEP_ENDED) === true) !== keepEnded) storage.kv.put(KEEP_ENDED, keepEnded);
    const { due, empty } = await records.outlook(keepEnded);
    if (due !== null) await storage.setAlarm(due * 1_000);
    if (empty) await storage.setAlarm(AT_ONCE);
  }

  #isFilled(clock: CallSettings["clock"]): boolean {
    return this.#records[clock] !== undefined || hasRecords(this.#state.storage);
  }

  #open(clock: CallSettings["clock"]): Promise<Records> {
    const open = this.#records[clock];
    if (open !== undefined) return open;
    const driver = objectDriver(this.#state.storage, clock === "object" ? objectClock : null);
    const opening = openRecords(driver);
    this.#records[clock] = opening;
    opening.catch(() => delete this.#records[clock]);
    return opening;
  }
}

// A rotation puts the end off, but for the one that is the end.
function foundReuse(operation: string, result: unknown): boolean {
  if (operation !== "sessions.rotate") return false;
  const rotated = result as Awaited<ReturnType<RecordOperations["sessions.rotate"]>>;
  return rotated !== null && !rotated.refused && rotated.row.endedAt !== null;
}

function objectClock(): number {
  return Math.floor(Date.now() / 1_000);
}

async function carryOut(operations: object, operation: string, args: readonly unknown[]): Promise<unknown> {
  const method: unknown = Object.hasOwn(operations, operation) ? Reflect.get(operations, operation) : null;
  if (typeof method !== "function") throw new TypeError("the session object knows no such operation");
  return Reflect.apply(method, undefined, args);
}

function answer(result: unknown): Response {
  return Response.json(result ?? null);
}
