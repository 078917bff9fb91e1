import { createHook, executionAsyncId } from "node:async_hooks";
import { DatabaseSync } from "node:sqlite";
import { migrate, sqlite } from "@latchkey/sql/sqlite";
import { pathOf } from "./coverage.ts";
import { counted, type Finding } from "./finding.ts";
import { openServer, signIn } from "./server.ts";

/** What was on the stack when asynchronous work began, and the work that this was part of. */
interface Origin {
  readonly frames: readonly string[];
  readonly parent: number;
}

/**
 * The distinct functions of the packages on the way from `auth.handle` to the route of login, both counted: the stack in
 * the first hook that the route reaches (`clientAddress`, the throttle), with the stacks that its asynchronous work came from.
 */
export async function loginFrames(): Promise<Finding> {
  const origins = new Map<number, Origin>();
  const ways: (readonly string[])[] = [];
  const hook = createHook({
    init: (id) => {
      origins.set(id, { frames: currentFrames(), parent: executionAsyncId() });
    },
  });
  const reached = (): void => {
    ways.push(wayFrom(origins));
  };
  const store = sqlite(new DatabaseSync(":memory:"));
  await migrate(store);
  const server = await openServer({
    store: {
      ...store,
      throttle: {
        ...store.throttle,
        hit: (...hit) => {
          reached();
          return store.throttle.hit(...hit);
        },
      },
    },
    clientAddress: () => {
      reached();
      return "203.0.113.7";
    },
  });
  // The first sign-in loads what is loaded late.
  await signIn(server);
  ways.length = 0;
  hook.enable();
  await signIn(server);
  hook.disable();
  const items = ways.map(untilLogin).find((way) => way.length > 0);
  if (items === undefined) throw new Error("the route of login reaches no hook");
  return counted(items);
}

/** The way up to the first function in the file of login; empty where it does not get there. */
function untilLogin(way: readonly string[]): readonly string[] {
  const last = way.findIndex((frame) => /\/password\.ts:/.test(frame));
  return way.slice(0, last + 1);
}

/** The functions from the first caller to the one that runs, each once. */
function wayFrom(origins: ReadonlyMap<number, Origin>): readonly string[] {
  const frames = [...currentFrames()];
  for (let at = origins.get(executionAsyncId()); at !== undefined; at = origins.get(at.parent)) {
    frames.push(...at.frames);
  }
  return [...new Set(frames.reverse())];
}

/** The functions of the packages on the stack, the innermost first, as `name path:line:column` of where each begins. */
function currentFrames(): readonly string[] {
  const { prepareStackTrace, stackTraceLimit } = Error;
  Error.stackTraceLimit = Number.POSITIVE_INFINITY;
  let frames: readonly string[] = [];
  Error.prepareStackTrace = (_, sites) => {
    frames = sites.filter((site) => !site.isAsync()).flatMap(frameOf);
  };
  // The stack is read when the property is.
  void new Error("the stack").stack;
  Error.prepareStackTrace = prepareStackTrace;
  Error.stackTraceLimit = stackTraceLimit;
  return frames;
}

function frameOf(site: NodeJS.CallSite): readonly string[] {
  const path = pathOf(site.getScriptNameOrSourceURL() ?? "");
  if (!/^packages\/[^/]+\/src\//.test(path)) return [];
  const name = site.getFunctionName() ?? "function";
  return [`${path}:${site.getEnclosingLineNumber()}:${site.getEnclosingColumnNumber()} ${name}`];
}
