import { type CallSettings, durableObjects, type ObjectNamespace, SessionObject } from "@latchkey/cloudflare";
import type { Store } from "@latchkey/core/protocol";
import { runTrace } from "@latchkey/core/testing";
import { pruningEach } from "../pruning-each.ts";

export { SessionObject };

interface Env {
  readonly SESSIONS: ObjectNamespace;
}

interface Call {
  readonly world: string;
  readonly settings: CallSettings;
  readonly part: keyof Store;
  readonly method: string;
  readonly args: readonly unknown[];
}

interface Trace {
  readonly seed: number;
  readonly steps: number;
}

// Carries out one call of a store in a world of objects of its own, or a whole trace.
const worker: { fetch(request: Request, env: Env): Promise<Response> } = {
  fetch: async (request, { SESSIONS }) => {
    try {
      const asked: Call | Trace = await request.json();
      return Response.json(
        ("seed" in asked ? await trace(asked, SESSIONS) : await call(asked, SESSIONS)) ?? null,
      );
    } catch (error) {
      return new Response(String(error), { status: 500 });
    }
  },
};
export default worker;

function call({ world, settings, part, method, args }: Call, namespace: ObjectNamespace): unknown {
  const store = durableObjects(within(namespace, world), settings);
  return Reflect.apply(Reflect.get(store[part], method), undefined, args);
}

function trace({ seed, steps }: Trace, namespace: ObjectNamespace): unknown {
  let worlds = 0;
  return runTrace({
    seed,
    steps,
    makeStore: async () => ({
      store: pruningEach(durableObjects(within(namespace, `${seed} ${worlds++}`), { clock: "caller" })),
    }),
  });
}

function within<Id>(namespace: ObjectNamespace<Id>, world: string): ObjectNamespace<Id> {
  return {
    idFromName: (name) => namespace.idFromName(`${world}/${name}`),
    get: (id) => namespace.get(id),
  };
}
