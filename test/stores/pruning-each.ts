import type { SessionStore, Store } from "@latchkey/core/store";

/** The same store, where pruning everybody is pruning each user it has seen: alarms do that, on their own clock. */
export function pruningEach(store: Store): Store {
  const seen = new Set<string>();
  const { create, prune } = store.sessions;
  const sessions: SessionStore = {
    ...store.sessions,
    create: (row, options) => {
      seen.add(row.userId);
      return create(row, options);
    },
    prune: async (options) => {
      if (options.userId !== null) return prune(options);
      let pruned = await prune(options);
      for (const userId of seen) pruned += await prune({ ...options, userId });
      return pruned;
    },
  };
  return { ...store, sessions };
}
