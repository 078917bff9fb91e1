import type { Store } from "@latchkey/core/store";

/** The two functions that the contract needs of a test runner. vitest, node:test, bun:test and Deno's std have them. */
export interface Runner {
  readonly describe: (name: string, body: () => void) => unknown;
  readonly it: (name: string, body: () => Promise<void>) => unknown;
}

/** A store to check, and a function to close it after the check. */
export interface StoreUnderTest {
  readonly store: Store;
  readonly close?: () => Promise<void>;
}

/** Makes an empty store that uses the caller's `now`, not its own clock. */
export type MakeStore = () => Promise<StoreUnderTest>;

/** The cases that every store must pass, by title. */
export type Cases = Readonly<Record<string, (store: Store) => Promise<void>>>;
