import type { KeyStore, VersionedDocument } from "../keys/store.ts";

export function memoryKeys(): KeyStore {
  let saved: VersionedDocument | null = null;
  return {
    load: async () => saved,
    save: async (ifVersion, document) => {
      if ((saved?.version ?? 0) !== ifVersion) return false;
      saved = Object.freeze({ version: ifVersion + 1, document });
      return true;
    },
  };
}
