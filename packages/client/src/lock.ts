import type { Env } from "./env.ts";

/** Runs one task at a time, in this tab and across the tabs of an origin. */
export interface Lock {
  /** Runs `task` after the earlier tasks of this tab; or `afterOtherTab`, if another tab had the lock first. */
  readonly run: <T>(task: () => Promise<T>, afterOtherTab: () => Promise<T>) => Promise<T>;
}

/** Web Locks exclude other tabs, where the platform has them and allows them. Tasks of this tab always exclude each other. */
export function createLock(name: string, locks: Env["locks"]): Lock {
  let last: Promise<unknown> = Promise.resolve();
  return {
    run: (task, afterOtherTab) => {
      const running = last.then(() => runAcrossTabs(name, locks, task, afterOtherTab));
      last = running.catch(() => undefined);
      return running;
    },
  };
}

async function runAcrossTabs<T>(
  name: string,
  locks: Env["locks"],
  task: () => Promise<T>,
  afterOtherTab: () => Promise<T>,
): Promise<T> {
  if (locks === null) return task();
  const started: { result: Promise<T> | null } = { result: null };
  const start = (chosen: () => Promise<T>): Promise<T> => {
    started.result = chosen();
    return started.result;
  };
  try {
    await locks.request(name, { ifAvailable: true }, async (lock) => {
      if (lock !== null) await start(task);
    });
    if (started.result === null) await locks.request(name, () => start(afterOtherTab));
  } catch {
    // In a sandboxed page the locks reject. An error of the task itself is thrown below.
  }
  return started.result ?? task();
}
