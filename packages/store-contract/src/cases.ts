import type { Store } from "@latchkey/core/store";

/** The two functions of a test runner that the contract needs; vitest, node:test, bun:test and Deno's std have them. */
export interface Runner {
  readonly describe: (name: string, body: () => void) => unknown;
  readonly it: (name: string, body: () => Promise<void>) => unknown;
}

/** A store to check, and what to do when the check is over. */
export interface StoreUnderTest {
  readonly store: Store;
  readonly close?: () => Promise<void>;
}

/** Makes an empty store that goes by the caller's `now`. */
export type MakeStore = () => Promise<StoreUnderTest>;

/** What must hold of every store, by name. */
export type Cases = Readonly<Record<string, (store: Store) => Promise<void>>>;
