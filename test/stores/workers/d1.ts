import type { Store } from "@latchkey/core/store";
import { type D1Database, d1, migrate } from "@latchkey/sql/d1";
import { describeStore, runTrace, type StoreUnderTest } from "@latchkey/store-contract";
import { crowds } from "../login-crowd.ts";
import { resetCrowds } from "../reset-crowd.ts";

// Runs the store contract, traces, crowds of sign-ins, and single calls, on a D1 database within workerd.
interface Env {
  readonly DB: D1Database;
}

/** One call of a store, as the bridge sends it. */
interface Call {
  readonly part: Exclude<keyof Store, "check">;
  readonly method: string;
  readonly args: readonly unknown[];
}

const tables = ["sessions", "feed", "users", "documents", "accounts", "tokens", "slots", "attempts"];

async function emptied(database: D1Database): Promise<StoreUnderTest> {
  const store = d1(database);
  await migrate(store);
  await store.driver.batch(tables.map((name) => ({ sql: `DELETE FROM latchkey_${name}` })));
  return { store };
}

/** Runs the cases of that name, and returns how many there are. */
async function runCases(database: D1Database, wanted: string | null): Promise<number> {
  const cases: (() => Promise<void>)[] = [];
  const it = (name: string, body: () => Promise<void>) => name === wanted && cases.push(body);
  describeStore({ describe: (_, body) => body(), it }, "D1", () => emptied(database));
  for (const body of cases) await body();
  return cases.length;
}

function call(database: D1Database, { part, method, args }: Call): unknown {
  return Reflect.apply(Reflect.get(d1(database)[part], method), undefined, args);
}

const worker: { fetch(request: Request, env: Env): Promise<Response> } = {
  fetch: async (request, { DB }) => {
    const url = new URL(request.url);
    const number = (name: string): number => Number(url.searchParams.get(name));
    try {
      if (url.pathname === "/empty") {
        await emptied(DB);
        return Response.json(null);
      }
      if (request.method === "POST") return Response.json((await call(DB, await request.json())) ?? null);
      if (url.pathname === "/case") {
        return Response.json({ ran: await runCases(DB, url.searchParams.get("name")) });
      }
      if (url.pathname === "/crowd") {
        const all = Object.entries<(store: Store) => Promise<unknown>>({ ...crowds, ...resetCrowds });
        const crowd = all.find(([name]) => name === url.searchParams.get("name"))?.[1];
        return Response.json(await crowd?.((await emptied(DB)).store));
      }
      const makeStore = () => emptied(DB);
      return Response.json(await runTrace({ seed: number("seed"), steps: number("steps"), makeStore }));
    } catch (error) {
      return new Response(String(error), { status: 500 });
    }
  },
};
export default worker;
