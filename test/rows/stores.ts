import { memory } from "@latchkey/core/memory";
import type { Store } from "@latchkey/core/store";
import { migrated, open } from "../stores/files.ts";

/** A kind of store that a row is driven on. */
export interface StoreKind {
  readonly name: string;
  readonly make: () => Promise<Store>;
}

export const stores: readonly StoreKind[] = [
  { name: "memory", make: async () => memory() },
  { name: "SQLite", make: () => migrated(open(":memory:")) },
];
