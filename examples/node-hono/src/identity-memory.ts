import type { Adapter, AdapterFactory, AdapterPayload } from "oidc-provider";

const KEPT = 1_000;

/**
 * Keeps the latest thousand codes, tokens, grants and interactions of the provider in memory. It keeps no sessions, so the
 * provider asks at each sign-in, and two tabs can be two people.
 */
export function identityMemory(): AdapterFactory {
  const rows = new Map<string, AdapterPayload>();
  return (model) => (model === "Session" ? nothing : adapter(rows, model));
}

const nothing: Adapter = {
  find: async () => undefined,
  findByUid: async () => undefined,
  findByUserCode: async () => undefined,
  upsert: async () => undefined,
  consume: async () => undefined,
  destroy: async () => undefined,
  revokeByGrantId: async () => undefined,
};

function adapter(rows: Map<string, AdapterPayload>, model: string): Adapter {
  const key = (id: string): string => `${model}:${id}`;
  return {
    ...nothing,
    find: async (id) => rows.get(key(id)),
    upsert: async (id, payload) => {
      rows.set(key(id), payload);
      const [oldest] = rows.keys();
      if (rows.size > KEPT && oldest !== undefined) rows.delete(oldest);
    },
    consume: async (id) => {
      const row = rows.get(key(id));
      if (row !== undefined) rows.set(key(id), { ...row, consumed: Math.floor(Date.now() / 1_000) });
    },
    destroy: async (id) => {
      rows.delete(key(id));
    },
    revokeByGrantId: async (grantId) => {
      for (const [name, row] of rows) if (row.grantId === grantId) rows.delete(name);
    },
  };
}
