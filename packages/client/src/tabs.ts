import type { Channel, Env } from "./env.ts";
import { isMessage, type Message } from "./state.ts";

/** One at a time, in this tab and across tabs. */
export interface Turns {
  /** Waits for this tab's earlier turns. Runs `alone` where no other tab is at it; else waits for it, and runs `after`. */
  readonly take: <T>(alone: () => Promise<T>, after: () => Promise<T>) => Promise<T>;
}

/** Across tabs by Web Locks, where the platform has them and lets them be used; in this tab always. */
export function openTurns(name: string, locks: Env["locks"]): Turns {
  let last: Promise<unknown> = Promise.resolve();
  return {
    take: (alone, after) => {
      const turn = last.then(() => acrossTabs(name, locks, alone, after));
      last = turn.catch(() => undefined);
      return turn;
    },
  };
}

async function acrossTabs<T>(
  name: string,
  locks: Env["locks"],
  alone: () => Promise<T>,
  after: () => Promise<T>,
): Promise<T> {
  if (locks === null) return alone();
  const running: { work: Promise<T> | null } = { work: null };
  const run = (what: () => Promise<T>): Promise<T> => {
    running.work = what();
    return running.work;
  };
  try {
    await locks.request(name, { ifAvailable: true }, async (lock) => {
      if (lock !== null) await run(alone);
    });
    if (running.work === null) await locks.request(name, () => run(after));
  } catch {
    // Sandboxed pages have locks that refuse. What was run and threw, throws below.
  }
  return running.work ?? alone();
}

/** Tells the other tabs, and hears them while `listen` is set. */
export interface Tabs {
  readonly tell: (message: Message) => void;
  readonly hear: (listen: (message: Message) => void) => () => void;
}

export function openTabs(name: string, openChannel: Env["openChannel"]): Tabs {
  let ear: Channel | null = null;
  const open = (listen: (message: unknown) => void): Channel | null => {
    try {
      return openChannel?.(name, listen) ?? null;
    } catch {
      // Pages without storage of their own may have none.
      return null;
    }
  };
  return {
    tell: (message) => {
      // The one that listens does not hear itself; without it, one for the moment: an open one keeps a process alive.
      const mouth = ear ?? open(() => undefined);
      mouth?.post(message);
      if (ear === null) mouth?.close();
    },
    hear: (listen) => {
      ear = open((message) => isMessage(message) && listen(message));
      return () => {
        ear?.close();
        ear = null;
      };
    },
  };
}
