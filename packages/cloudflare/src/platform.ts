/** The part of a Durable Object namespace, a binding of the Worker, that Latchkey uses. */
export interface ObjectNamespace<Id = unknown> {
  idFromName(name: string): Id;
  get(id: Id): ObjectStub;
}

/** The part of the stub of a Durable Object that Latchkey uses. */
export interface ObjectStub {
  fetch(
    url: string,
    init: { method: string; body: string },
  ): Promise<{ readonly ok: boolean; text(): Promise<string> }>;
}

/** The part of its state that `SessionObject` uses: the storage of an SQLite-backed Durable Object. */
export interface ObjectState {
  readonly storage: ObjectStorage;
  blockConcurrencyWhile<T>(work: () => Promise<T>): Promise<T>;
}

/** The part of the storage of a Durable Object that Latchkey uses. */
export interface ObjectStorage {
  readonly sql: {
    exec(
      sql: string,
      ...values: (string | number | null)[]
    ): { toArray(): readonly Record<string, unknown>[] };
  };
  readonly kv: { get(key: string): unknown; put(key: string, value: unknown): void };
  transactionSync<T>(work: () => T): T;
  setAlarm(milliseconds: number): Promise<void>;
  deleteAll(): Promise<void>;
}

/** How long after a claim in another object the row of its user may be written, in seconds. */
export const DEADLINE = 30;
/** How long a claim counts without the row, in seconds: longer than the deadline by more than two clocks differ. */
export const STALE = 60;

/** The clock of the object's machine, in seconds. */
export function wallClock(): number {
  return Math.floor(Date.now() / 1_000);
}
