import {
  checkUserChange,
  endOfPrefix,
  type Identifier,
  type User,
  type UserChange,
  type UserRange,
  type UserStore,
} from "@latchkey/core/store";
import { deleteAccounts, LINKED_USER_ID, sqlAccounts } from "./accounts.ts";
import { columns, type Driver, first, type SqlRow, type SqlValue, type Statement } from "./driver.ts";

const COLUMNS =
  "id, email, username, name, picture, email_verified, password_hash, credentials_version, created_at, disabled_at";

const CREATE = `INSERT INTO latchkey_users (${COLUMNS})
VALUES (:id, :email, :username, :name, :picture, :email_verified, :password_hash, :credentials_version, :created_at, :disabled_at)
ON CONFLICT DO NOTHING
RETURNING id`;

const GET = `SELECT ${COLUMNS} FROM latchkey_users WHERE id = :id`;
const FIND_EMAIL = `SELECT ${COLUMNS} FROM latchkey_users WHERE email = :email`;
const FIND_USERNAME = `SELECT ${COLUMNS} FROM latchkey_users WHERE username = :username`;
const FIND_ACCOUNT = `SELECT ${COLUMNS} FROM latchkey_users WHERE id = ${LINKED_USER_ID}`;
const DELETE = "DELETE FROM latchkey_users WHERE id = :id RETURNING id";

const updateText = (assignments: readonly string[]): string => `UPDATE latchkey_users SET
  ${["credentials_version = credentials_version + :raise", ...assignments].join(", ")}
WHERE id = :id AND (CAST(:if_version AS BIGINT) IS NULL OR credentials_version = :if_version)
RETURNING ${COLUMNS}`;

const CHANGE_EMAIL = `UPDATE latchkey_users SET
  email = :email, email_verified = :verified, credentials_version = credentials_version + 1
WHERE id = :id AND credentials_version = :if_version
  AND NOT EXISTS (SELECT 1 FROM latchkey_users WHERE email = :email AND id <> :id)
RETURNING ${COLUMNS}`;

export function sqlUsers(driver: Driver): UserStore {
  const user = (statement: Statement): Promise<User | null> => firstUser(driver, statement);
  return {
    create: async (created) => (await first(driver, { sql: CREATE, values: userValues(created) })) !== null,
    get: (id) => user({ sql: GET, values: { id } }),
    find: (identifier) => user(findStatement(identifier)),
    update: async (id, change, conditions) => {
      checkUserChange(change);
      return user(updateStatement(id, change, conditions));
    },
    changeEmail: (...change) => changeEmail(driver, ...change),
    list: async (range) => (await driver.query(listStatement(range))).map(readUser),
    // A link in progress locks the row of the user, so the second statement sees that link.
    delete: async (id) => {
      const [deleted = []] = await driver.batch([{ sql: DELETE, values: { id } }, deleteAccounts(id)]);
      return deleted.length > 0;
    },
    findByAccount: ({ provider, subject }) => user({ sql: FIND_ACCOUNT, values: { provider, subject } }),
    ...sqlAccounts(driver),
  };
}

async function firstUser(driver: Driver, statement: Statement): Promise<User | null> {
  const row = await first(driver, statement);
  return row === null ? null : readUser(row);
}

async function changeEmail(
  driver: Driver,
  ...[id, email, ifVersion, verified = true]: Parameters<UserStore["changeEmail"]>
): Promise<User | "taken" | null> {
  const values = { id, email, if_version: ifVersion, verified: verified ? 1 : 0 };
  const change = { sql: CHANGE_EMAIL, values };
  const changed = await firstUser(driver, change).catch(async (error: unknown) => {
    // PostgreSQL: another user got the address at the same time, and the unique index refused this change.
    const holder = await firstUser(driver, findStatement({ email }));
    if (holder === null || holder.id === id) throw error;
    return null;
  });
  if (changed !== null) return changed;
  // A version only rises. If it is still this one, the address was the reason.
  const user = await firstUser(driver, { sql: GET, values: { id } });
  return user?.credentialsVersion === ifVersion ? "taken" : null;
}

function findStatement(identifier: Identifier): Statement {
  return "email" in identifier
    ? { sql: FIND_EMAIL, values: { email: identifier.email } }
    : { sql: FIND_USERNAME, values: { username: identifier.username } };
}

const LISTED_COLUMNS: Readonly<Record<UserRange["by"], string>> = {
  id: "id",
  email: "email",
  username: "username",
};

// Each column has an index that the condition and the order read.
function listStatement({ by, prefix, after, limit }: UserRange): Statement {
  const column = LISTED_COLUMNS[by];
  const end = endOfPrefix(prefix);
  const conditions = [
    after === null ? `${column} >= :start` : `${column} > :start`,
    ...(end === null ? [] : [`${column} < :end`]),
  ];
  const values = { start: after ?? prefix, limit, ...(end === null ? {} : { end }) };
  return {
    sql: `SELECT ${COLUMNS} FROM latchkey_users WHERE ${conditions.join(" AND ")} ORDER BY ${column} LIMIT :limit`,
    values,
  };
}

function updateStatement(
  id: string,
  change: UserChange,
  { ifVersion, raiseVersion }: Parameters<UserStore["update"]>[2],
): Statement {
  const changes = changedColumns(change);
  const assignments = Object.keys(changes).map((column) => `${column} = :${column}`);
  const values = { ...changes, id, if_version: ifVersion, raise: raiseVersion ? 1 : 0 };
  return { sql: updateText(assignments), values };
}

// The column names are constants here and never come from the change.
function changedColumns({
  name,
  picture,
  emailVerified,
  passwordHash,
  disabledAt,
}: UserChange): Record<string, SqlValue> {
  return {
    ...(name === undefined ? {} : { name }),
    ...(picture === undefined ? {} : { picture }),
    ...(emailVerified === undefined ? {} : { email_verified: emailVerified ? 1 : 0 }),
    ...(passwordHash === undefined ? {} : { password_hash: passwordHash }),
    ...(disabledAt === undefined ? {} : { disabled_at: disabledAt }),
  };
}

function readUser(row: SqlRow): User {
  const read = columns("latchkey_users", row);
  return {
    id: read.text("id"),
    email: read.textOrNull("email"),
    username: read.textOrNull("username"),
    name: read.textOrNull("name"),
    picture: read.textOrNull("picture"),
    emailVerified: read.integer("email_verified") !== 0,
    passwordHash: read.textOrNull("password_hash"),
    credentialsVersion: read.integer("credentials_version"),
    createdAt: read.integer("created_at"),
    disabledAt: read.integerOrNull("disabled_at"),
  };
}

function userValues(user: User): Record<string, SqlValue> {
  return {
    id: user.id,
    email: user.email,
    username: user.username,
    name: user.name,
    picture: user.picture,
    email_verified: user.emailVerified ? 1 : 0,
    password_hash: user.passwordHash,
    credentials_version: user.credentialsVersion,
    created_at: user.createdAt,
    disabled_at: user.disabledAt,
  };
}
