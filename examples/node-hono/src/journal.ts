import { AsyncLocalStorage } from "node:async_hooks";
import type { AuthEvent } from "@latchkey/core";
import { generationIn } from "./refresh-cookie.ts";

/** Who sends a request: the browser, the browser whose answer gets lost, or the thief. */
export type Actor = "browser" | "lost" | "thief";

/** A request that is under way. */
export interface Deed {
  readonly by: Actor;
  /** The Cookie header that it came with. */
  readonly cookies: string;
}

/** An event with its place in the order of all, who caused it, and with which token of its session. */
export type Entry = AuthEvent & {
  readonly n: number;
  readonly by: Actor | null;
  readonly presented: number | null;
};

/** The latest events, in memory. */
export interface Journal {
  readonly write: (event: AuthEvent) => void;
  /** What happened to one user after the entry `after`. */
  readonly read: (userId: string, after: number) => readonly Entry[];
  /** Runs a task, and notes the deed beside every event that it causes. */
  readonly during: <T>(deed: Deed, task: () => T) => T;
}

const KEPT = 1_000;

/** Keeps the last thousand events. */
export function openJournal(): Journal {
  const entries: Entry[] = [];
  const deeds = new AsyncLocalStorage<Deed>();
  let last = 0;
  return {
    write: (event) => {
      last += 1;
      const deed = deeds.getStore();
      const sessionId = "sessionId" in event ? event.sessionId : "";
      const presented = generationIn(deed?.cookies ?? "", sessionId);
      entries.push({ ...event, n: last, by: deed?.by ?? null, presented });
      if (entries.length > KEPT) entries.shift();
    },
    read: (userId, after) => {
      // Who has seen more than there is asks after a restart.
      const from = after > last ? 0 : after;
      return entries.filter((entry) => entry.n > from && "userId" in entry && entry.userId === userId);
    },
    during: (deed, task) => deeds.run(deed, task),
  };
}
