import type { AuthEvent } from "@latchkey/core";

/** An event with its place in the order of all. */
export type Entry = AuthEvent & { readonly n: number };

/** The latest events, in memory. */
export interface Journal {
  readonly write: (event: AuthEvent) => void;
  /** What happened to one user after the entry `after`. */
  readonly read: (userId: string, after: number) => readonly Entry[];
}

const KEPT = 1_000;

/** Keeps the last thousand events. */
export function openJournal(): Journal {
  const entries: Entry[] = [];
  let last = 0;
  return {
    write: (event) => {
      last += 1;
      entries.push({ ...event, n: last });
      if (entries.length > KEPT) entries.shift();
    },
    read: (userId, after) =>
      entries.filter((entry) => entry.n > after && "userId" in entry && entry.userId === userId),
  };
}
