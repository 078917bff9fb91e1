/** What Latchkey needs of a Durable Object namespace, a binding of the Worker. */
export interface ObjectNamespace {
  idFromName(name: string): unknown;
  get(id: never): { fetch(url: string, init: ObjectCall): Promise<ObjectAnswer> };
}

export interface ObjectCall {
  readonly method: "POST";
  readonly body: string;
}

export interface ObjectAnswer {
  readonly ok: boolean;
  readonly status: number;
  text(): Promise<string>;
}

/** What `SessionObject` needs of its state: the SQLite-backed storage of a Durable Object. */
export interface ObjectState {
  readonly storage: ObjectStorage;
  blockConcurrencyWhile<T>(work: () => Promise<T>): Promise<T>;
}

export interface ObjectStorage {
  readonly sql: {
    exec(sql: string, ...values: (string | number | null)[]): { toArray(): Record<string, unknown>[] };
  };
  readonly kv: {
    get(key: string): unknown;
    put(key: string, value: unknown): void;
  };
  transactionSync<T>(work: () => T): T;
  getAlarm(): Promise<number | null>;
  setAlarm(time: number): Promise<void>;
  deleteAlarm(): Promise<void>;
  deleteAll(): Promise<void>;
}
