import type { EpochSeconds } from "@latchkey/core/store";
import type { Names } from "./names.ts";

/** What every part of the store goes by. */
export interface Settings {
  readonly names: Names;
  /** The first two values of every script: the time that decides, empty for the server's, and whether keys get a time to live. */
  readonly clock: (now: EpochSeconds) => readonly (string | number)[];
  /** The same for the scripts on sessions, which are kept where asked. */
  readonly sessionClock: (now: EpochSeconds) => readonly (string | number)[];
  /** Whether the server deletes by itself what is over. */
  readonly expiring: boolean;
}
