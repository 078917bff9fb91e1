import type { LinkedAccount, UserStore } from "@latchkey/core/store";
import { columns, type Driver, type SqlRow, type Statement, withRowLock } from "./driver.ts";

const TABLE = "latchkey_accounts";
const THIS_ACCOUNT = "provider = :provider AND subject = :subject";

/** The id of the user that an account is linked to, as a subquery. */
export const LINKED_USER_ID: string = `(SELECT user_id FROM ${TABLE} WHERE ${THIS_ACCOUNT})`;

const LINK = withRowLock(
  "FOR SHARE",
  (lock) => `INSERT INTO ${TABLE} (provider, subject, user_id)
SELECT :provider, :subject, :user_id
WHERE EXISTS (SELECT 1 FROM latchkey_users WHERE id = :user_id${lock})
ON CONFLICT DO NOTHING
RETURNING seq`,
);

const UNLINK = `DELETE FROM ${TABLE} WHERE ${THIS_ACCOUNT} AND user_id = :user_id RETURNING seq`;
const SET_TOKENS = `UPDATE ${TABLE} SET tokens = :tokens WHERE ${THIS_ACCOUNT} RETURNING seq`;
const GET_TOKENS = `SELECT tokens FROM ${TABLE} WHERE ${THIS_ACCOUNT}`;
const LIST = `SELECT provider, subject FROM ${TABLE} WHERE user_id = :user_id ORDER BY seq`;

/** The statement that deletes all links of a user. It follows the deletion of the user in one transaction. */
export function deleteAccounts(userId: string): Statement {
  return { sql: `DELETE FROM ${TABLE} WHERE user_id = :user_id`, values: { user_id: userId } };
}

type Accounts = Pick<UserStore, "link" | "unlink" | "accounts" | "keepTokens" | "keptTokens">;

export function sqlAccounts(driver: Driver): Accounts {
  const returnsRows = async (statement: Statement): Promise<boolean> =>
    (await driver.query(statement)).length > 0;
  return {
    link: (id, { provider, subject }) =>
      returnsRows({ sql: LINK[driver.dialect], values: { provider, subject, user_id: id } }),
    unlink: (id, { provider, subject }) =>
      returnsRows({ sql: UNLINK, values: { provider, subject, user_id: id } }),
    accounts: async (id) => (await driver.query({ sql: LIST, values: { user_id: id } })).map(readAccount),
    keepTokens: ({ provider, subject }, sealed) =>
      returnsRows({ sql: SET_TOKENS, values: { provider, subject, tokens: sealed } }),
    keptTokens: async ({ provider, subject }) => {
      const [row] = await driver.query({ sql: GET_TOKENS, values: { provider, subject } });
      return row === undefined ? null : columns(TABLE, row).textOrNull("tokens");
    },
  };
}

function readAccount(row: SqlRow): LinkedAccount {
  const read = columns(TABLE, row);
  return { provider: read.text("provider"), subject: read.text("subject") };
}
