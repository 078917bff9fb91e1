import type { EpochSeconds } from "@latchkey/core/store";
import type { Names } from "./names.ts";

/** The settings that all parts of the store share. */
export interface Settings {
  readonly names: Names;
  /** The first two values of every script: the time, empty for the server's clock, and 1 if keys get a time to live. */
  readonly clock: (now: EpochSeconds) => readonly (string | number)[];
  /** The same for the scripts on sessions, which have no time to live with `keepEnded`. */
  readonly sessionClock: (now: EpochSeconds) => readonly (string | number)[];
  /** Whether expired keys have a time to live, so that the server deletes them. */
  readonly expiring: boolean;
}
