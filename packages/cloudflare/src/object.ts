import { cellOperations, readCell } from "./cell.ts";
import {
  type CallSettings,
  type CellOperations,
  type ObjectAnswer,
  type ObjectCall,
  type RecordOperations,
  type RecordRule,
  ruleOf,
} from "./operations.ts";
import { type ObjectState, wallClock } from "./platform.ts";
import { hasTables, objectDriver, openRecords, type Records } from "./records.ts";

const KEEP_ENDED = "keep-ended";
/** The platform runs an alarm at once if its time, in milliseconds, has passed. */
const IMMEDIATE_ALARM = 1;

/**
 * The Durable Object that keeps sessions; export it from the Worker, with SQLite storage. It serves `durableObjects`
 * and checks no caller: never pass a request from outside to it.
 *
 * An alarm deletes expired rows.
 */
export class SessionObject {
  readonly #state: ObjectState;
  readonly #cells: Readonly<Record<CallSettings["clock"], CellOperations>>;
  #records: Partial<Record<CallSettings["clock"], Promise<Records>>> = {};

  constructor(state: ObjectState, _env?: unknown) {
    this.#state = state;
    this.#cells = {
      object: cellOperations(state.storage, wallClock),
      caller: cellOperations(state.storage, null),
    };
  }

  /** Carries out one call of `durableObjects`. */
  async fetch(request: Request): Promise<Response> {
    const { operation, args, clock, keepEnded }: ObjectCall = await request.json();
    const rule = ruleOf(operation);
    if (rule === "cell") return jsonResponse(await invoke(this.#cells[clock], operation, args));
    if (rule.withoutTables !== "create" && !this.#hasTables(clock)) {
      return jsonResponse(rule.withoutTables.result);
    }
    const records = await this.#open(clock);
    const result = await invoke(records.operations, operation, args);
    // The alarm is set in the turn of the write.
    const entries = rule.writesFeed === true ? await records.takeEntries() : [];
    if (setsAlarm(rule, result)) await this.#setAlarm(records, keepEnded);
    return jsonResponse(result, entries);
  }

  /** Deletes expired rows, and the whole storage if no row is left. */
  async alarm(): Promise<void> {
    await this.#state.blockConcurrencyWhile(async () => {
      const { storage } = this.#state;
      const cell = readCell(storage);
      if (cell !== undefined) {
        if (cell.until === null) return;
        if (cell.until <= wallClock()) await storage.deleteAll();
        else await storage.setAlarm(cell.until * 1_000);
        return;
      }
      await this.#deleteExpired();
    });
  }

  async #deleteExpired(): Promise<void> {
    const { storage } = this.#state;
    if (!hasTables(storage)) return;
    const records = await this.#open("object");
    const keepEnded = storage.kv.get(KEEP_ENDED) === true;
    await records.deleteExpired(wallClock(), keepEnded);
    if (!(await records.inspect(keepEnded)).isEmpty) return this.#setAlarm(records, keepEnded);
    this.#records = {};
    await storage.deleteAll();
  }

  async #setAlarm(records: Records, keepEnded: boolean): Promise<void> {
    const { storage } = this.#state;
    if ((storage.kv.get(KEEP_ENDED) === true) !== keepEnded) storage.kv.put(KEEP_ENDED, keepEnded);
    const { nextDeletion, isEmpty } = await records.inspect(keepEnded);
    if (nextDeletion !== null) await storage.setAlarm(nextDeletion * 1_000);
    if (isEmpty) await storage.setAlarm(IMMEDIATE_ALARM);
  }

  #hasTables(clock: CallSettings["clock"]): boolean {
    return this.#records[clock] !== undefined || hasTables(this.#state.storage);
  }

  #open(clock: CallSettings["clock"]): Promise<Records> {
    const open = this.#records[clock];
    if (open !== undefined) return open;
    const driver = objectDriver(this.#state.storage, clock === "object" ? wallClock : null);
    const opening = openRecords(driver);
    this.#records[clock] = opening;
    opening.catch(() => delete this.#records[clock]);
    return opening;
  }
}

function setsAlarm(rule: RecordRule, result: unknown): boolean {
  if (rule.setsAlarm !== "on reuse") return rule.setsAlarm === "always";
  const rotated = result as Awaited<ReturnType<RecordOperations["sessions.rotate"]>>;
  return rotated !== null && !rotated.refused && rotated.row.endedAt !== null;
}

async function invoke(operations: object, operation: string, args: readonly unknown[]): Promise<unknown> {
  const method: unknown = Reflect.get(operations, operation);
  if (typeof method !== "function") throw new TypeError(`SessionObject does not implement ${operation}`);
  return Reflect.apply(method, undefined, args);
}

function jsonResponse(result: unknown, entries: ObjectAnswer["entries"] = []): Response {
  const answer: ObjectAnswer = { result: result ?? null, entries };
  return Response.json(answer);
}
