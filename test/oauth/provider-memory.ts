import type { AdapterFactory, AdapterPayload } from "oidc-provider";

/** What oidc-provider stores, in memory that outlives one Provider: a change of keys loses no session and no code. */
export function providerMemory(): AdapterFactory {
  const rows = new Map<string, AdapterPayload>();
  return (model) => {
    const key = (id: string): string => `${model}:${id}`;
    const read = async (id: string): Promise<AdapterPayload | undefined> => rows.get(key(id));
    const findWith = async (member: "uid" | "userCode", value: string): Promise<AdapterPayload | undefined> =>
      [...rows].find(([name, row]) => name.startsWith(`${model}:`) && row[member] === value)?.[1];
    return {
      find: read,
      findByUid: (uid) => findWith("uid", uid),
      findByUserCode: (userCode) => findWith("userCode", userCode),
      upsert: async (id, payload) => {
        rows.set(key(id), structuredClone(payload));
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
  };
}
