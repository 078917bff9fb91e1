import type { KeyStore } from "@latchkey/core/store";
import { columns } from "./columns.ts";
import type { Driver } from "./driver.ts";

const LOAD = "SELECT version, document FROM latchkey_documents WHERE name = 'keys'";

const INSERT = `INSERT INTO latchkey_documents (name, version, document) VALUES ('keys', 1, :document)
ON CONFLICT DO NOTHING
RETURNING version`;

const UPDATE = `UPDATE latchkey_documents SET version = version + 1, document = :document
WHERE name = 'keys' AND version = :if_version
RETURNING version`;

export function sqlKeys(driver: Driver): KeyStore {
  return {
    load: async () => {
      const [row] = await driver.query({ sql: LOAD });
      if (row === undefined) return null;
      const read = columns("latchkey_documents", row);
      return { version: read.integer("version"), document: read.text("document") };
    },
    save: async (ifVersion, document) => {
      const sql = ifVersion === 0 ? INSERT : UPDATE;
      return (await driver.query({ sql, values: { document, if_version: ifVersion } })).length > 0;
    },
  };
}
