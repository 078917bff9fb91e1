import { AsyncLocalStorage } from "node:async_hooks";
import type { AuthEvent } from "@latchkey/core";
import { generationIn } from "./refresh-cookie.ts";

/** The sender of a request: the browser, the browser with an answer that gets lost, or the thief. */
export type Actor = "browser" | "lost" | "thief";

/** A request that is being handled. */
export interface Cause {
  readonly by: Actor;
  /** The Cookie header of the request. */
  readonly cookies: string;
}

/** An event with its number, its sender, and the generation of the token that was presented. */
export type Entry = AuthEvent & {
  readonly n: number;
  readonly by: Actor | null;
  readonly presented: number | null;
};

/** The latest events, in memory. */
export interface Journal {
  readonly write: (event: AuthEvent) => void;
  /** The events of one user after the entry `after`. */
  readonly read: (userId: string, after: number) => readonly Entry[];
  /** Runs a task, and records its cause with each event. */
  readonly during: <T>(cause: Cause, task: () => T) => T;
}

const KEPT = 1_000;

/** Keeps the last thousand events. */
export function openJournal(): Journal {
  const entries: Entry[] = [];
  const causes = new AsyncLocalStorage<Cause>();
  let last = 0;
  return {
    write: (event) => {
      last += 1;
      const cause = causes.getStore();
      const sessionId = "sessionId" in event ? event.sessionId : "";
      const presented = generationIn(cause?.cookies ?? "", sessionId);
      entries.push({ ...event, n: last, by: cause?.by ?? null, presented });
      if (entries.length > KEPT) entries.shift();
    },
    read: (userId, after) => {
      // A page that has seen more entries than there are was open before a restart.
      const from = after > last ? 0 : after;
      return entries.filter((entry) => entry.n > from && "userId" in entry && entry.userId === userId);
    },
    during: (cause, task) => causes.run(cause, task),
  };
}
