import {
  type CallSettings,
  durableObjects,
  type ObjectNamespace,
  type ObjectState,
  SessionObject,
} from "@latchkey/cloudflare";
import type { Store } from "@latchkey/core/store";
import { describeStore, type MakeStore, runTrace } from "@latchkey/store-contract";
import { pruningEach } from "../pruning-each.ts";

export { SessionObject };

interface Env {
  readonly SESSIONS: ObjectNamespace;
  readonly FRAGILE: ObjectNamespace;
}

interface Call {
  readonly world: string;
  readonly fragile: boolean;
  /** Which call of an object fails, counted from 1, and whether it is carried out all the same. */
  readonly failing: { readonly call: number; readonly late: boolean } | null;
  readonly settings: CallSettings;
  readonly part: Exclude<keyof Store, "check">;
  readonly method: string;
  readonly args: readonly unknown[];
}

/** A whole trace, run here because each of its steps is several calls. */
interface Trace {
  readonly seed: number;
  readonly steps: number;
}

/** One case of the contract. */
interface Case {
  readonly contract: { readonly part: string; readonly name: string };
}

/** A look into one fragile object. */
interface Look {
  readonly look: string;
}

interface OpenState extends ObjectState {
  readonly storage: ObjectState["storage"] & {
    readonly kv: { list(): Iterable<readonly [string, unknown]> };
  };
  abort(reason: string): void;
}

const TURNS = 24;

/** A session object that shows what it keeps, and dies in half of its rotations: at any turn, or with the answer on its way. */
export class FragileObject extends SessionObject {
  readonly #state: OpenState;

  constructor(state: OpenState) {
    super(state);
    this.#state = state;
  }

  override async fetch(request: Request): Promise<Response> {
    const text = await request.text();
    if (text === "look") return Response.json(this.#look());
    const answer = super.fetch(new Request(request.url, { method: "POST", body: text }));
    if (!text.includes('"sessions.rotate"') || Math.random() < 0.5) return answer;
    if (Math.random() < 0.5) await answer.then(() => new Promise((resolve) => setTimeout(resolve, 5)));
    const last = Math.random() * TURNS;
    for (let turn = 0; turn < last; turn++) await null;
    this.#state.abort("the object dies");
    return answer;
  }

  #look(): unknown {
    const { sql, kv } = this.#state.storage;
    const tables = sql.exec("SELECT name FROM sqlite_master WHERE name LIKE 'latchkey%'").toArray();
    return { tables: tables.length, kept: [...kv.list()] };
  }
}

const worker: { fetch(request: Request, env: Env): Promise<Response> } = {
  fetch: async (request, env) => {
    try {
      const asked: Call | Trace | Case | Look = await request.json();
      return Response.json((await carryOut(asked, env)) ?? null);
    } catch (error) {
      return new Response(String(error), { status: 500 });
    }
  },
};
export default worker;

function carryOut(asked: Call | Trace | Case | Look, { SESSIONS, FRAGILE }: Env): unknown {
  if ("seed" in asked) return trace(asked, SESSIONS);
  if ("contract" in asked) return check(asked, SESSIONS);
  if ("look" in asked) return look(asked, FRAGILE);
  const { world, failing, settings, part, method, args } = asked;
  const namespace = within(asked.fragile ? FRAGILE : SESSIONS, world);
  const store = durableObjects(failing === null ? namespace : broken(namespace, failing), settings);
  return Reflect.apply(Reflect.get(store[part], method), undefined, args);
}

function trace({ seed, steps }: Trace, namespace: ObjectNamespace): unknown {
  return runTrace({ seed, steps, makeStore: inNewWorlds(namespace) });
}

async function check({ contract }: Case, namespace: ObjectNamespace): Promise<void> {
  const found: (() => Promise<void>)[] = [];
  let part = "";
  const describe = (name: string, body: () => void): void => {
    const outer = part;
    part = name;
    body();
    part = outer;
  };
  const it = (name: string, body: () => Promise<void>): void => {
    if (part === contract.part && name === contract.name) found.push(body);
  };
  describeStore({ describe, it }, "Durable Objects", inNewWorlds(namespace));
  const [body] = found;
  if (body === undefined || found.length > 1) throw new Error("the contract has no such case");
  await body();
}

function inNewWorlds(namespace: ObjectNamespace): MakeStore {
  return async () => ({
    store: pruningEach(durableObjects(within(namespace, crypto.randomUUID()), { clock: "caller" })),
  });
}

async function look({ look: name }: Look, namespace: ObjectNamespace): Promise<unknown> {
  const stub = namespace.get(namespace.idFromName(name));
  return JSON.parse(await (await stub.fetch("https://object/", { method: "POST", body: "look" })).text());
}

function within<Id>(namespace: ObjectNamespace<Id>, world: string): ObjectNamespace<Id> {
  return {
    idFromName: (name) => namespace.idFromName(`${world}/${name}`),
    get: (id) => namespace.get(id),
  };
}

function broken<Id>(
  namespace: ObjectNamespace<Id>,
  { call, late }: NonNullable<Call["failing"]>,
): ObjectNamespace<Id> {
  let calls = 0;
  return {
    idFromName: (name) => namespace.idFromName(name),
    get: (id) => ({
      fetch: async (...args) => {
        const fails = ++calls === call;
        if (!fails || late) {
          const answer = await namespace.get(id).fetch(...args);
          if (!fails) return answer;
          await answer.text();
        }
        throw new Error("the network fails");
      },
    }),
  };
}
