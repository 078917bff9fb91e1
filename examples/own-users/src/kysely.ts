import type { LinkedAccount, User, UserChange, UserStore } from "@latchkey/core";
import { checkUserChange, endOfPrefix } from "@latchkey/core/store";
import { type Generated, Kysely, PostgresDialect, type Selectable } from "kysely";
import type { Pool } from "pg";

export interface Database {
  users: UserTable;
  linked_accounts: LinkedAccountTable;
}

interface UserTable {
  id: Generated<number>;
  email: string | null;
  handle: string | null;
  name: string | null;
  avatar: string | null;
  plan: Generated<string>;
  created_at: Date;
  email_verified: boolean;
  password_hash: string | null;
  credentials_version: number;
  disabled_at: Date | null;
}

interface LinkedAccountTable {
  id: Generated<number>;
  user_id: number;
  provider: string;
  subject: string;
  tokens: Generated<string | null>;
}

/** A user as Latchkey and the application see it. */
export interface Member extends User {
  readonly plan: string;
}

export function openKysely(pool: Pool): Kysely<Database> {
  return new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
}

export function kyselyUsers(db: Kysely<Database>): UserStore<Member> {
  const users = db.selectFrom("users").selectAll("users");
  return {
    async create(user) {
      const row = await db
        .insertInto("users")
        .values({
          email: user.email,
          handle: user.username,
          name: user.name,
          avatar: user.picture,
          email_verified: user.emailVerified,
          password_hash: user.passwordHash,
          credentials_version: user.credentialsVersion,
          created_at: dateOf(user.createdAt),
          disabled_at: dateOrNull(user.disabledAt),
        })
        .onConflict((conflict) => conflict.doNothing())
        .returning("id")
        .executeTakeFirst();
      return row === undefined ? false : String(row.id);
    },
    get: async (id) => readMember(await users.where("id", "=", keyOf(id)).executeTakeFirst()),
    async find(by) {
      const found =
        "email" in by ? users.where("email", "=", by.email) : users.where("handle", "=", by.username);
      return readMember(await found.executeTakeFirst());
    },
    // The condition and the change are one statement, so one of two concurrent changes of a version wins.
    async update(id, change, { ifVersion, raiseVersion }) {
      const row = await db
        .updateTable("users")
        .set(columnsOf(change))
        .set((row) => ({ credentials_version: row("credentials_version", "+", raiseVersion ? 1 : 0) }))
        .where("id", "=", keyOf(id))
        .$if(ifVersion !== null, (update) => update.where("credentials_version", "=", ifVersion))
        .returningAll()
        .executeTakeFirst();
      return readMember(row);
    },
    async changeEmail(id, email, ifVersion, verified = true) {
      try {
        const row = await db
          .updateTable("users")
          .set({ email, email_verified: verified })
          .set((row) => ({ credentials_version: row("credentials_version", "+", 1) }))
          .where("id", "=", keyOf(id))
          .where("credentials_version", "=", ifVersion)
          .returningAll()
          .executeTakeFirst();
        return readMember(row);
      } catch (error) {
        if (isRefusedBy(error, UNIQUE)) return "taken";
        throw error;
      }
    },
    async list({ by, prefix, after, limit }) {
      const page = users.limit(limit);
      if (by === "id") {
        const rows = await page
          .where("id", ">", after === null ? 0 : keyOf(after))
          .orderBy("id")
          .execute();
        return rows.map(memberOf);
      }
      const column = by === "email" ? "email" : "handle";
      const end = endOfPrefix(prefix);
      const rows = await page
        .where(column, after === null ? ">=" : ">", after ?? prefix)
        .$if(end !== null, (range) => range.where(column, "<", end))
        .orderBy(column)
        .execute();
      return rows.map(memberOf);
    },
    async delete(id) {
      const { numDeletedRows } = await db
        .deleteFrom("users")
        .where("id", "=", keyOf(id))
        .executeTakeFirstOrThrow();
      return numDeletedRows > 0n;
    },
    ...linkedAccounts(db),
  };
}

type Links = "findByAccount" | "link" | "unlink" | "accounts" | "keepTokens" | "keptTokens";

/** What a sign-in with a provider needs. */
function linkedAccounts(db: Kysely<Database>): Pick<UserStore<Member>, Links> {
  const links = db.selectFrom("linked_accounts");
  return {
    async findByAccount({ provider, subject }) {
      const row = await db
        .selectFrom("users")
        .innerJoin("linked_accounts", "linked_accounts.user_id", "users.id")
        .selectAll("users")
        .where("provider", "=", provider)
        .where("subject", "=", subject)
        .executeTakeFirst();
      return readMember(row);
    },
    async link(id, { provider, subject }) {
      try {
        const row = await db
          .insertInto("linked_accounts")
          .values({ user_id: keyOf(id), provider, subject })
          .onConflict((conflict) => conflict.doNothing())
          .returning("id")
          .executeTakeFirst();
        return row !== undefined;
      } catch (error) {
        if (isRefusedBy(error, FOREIGN_KEY)) return false;
        throw error;
      }
    },
    async unlink(id, { provider, subject }) {
      const { numDeletedRows } = await db
        .deleteFrom("linked_accounts")
        .where("user_id", "=", keyOf(id))
        .where("provider", "=", provider)
        .where("subject", "=", subject)
        .executeTakeFirstOrThrow();
      return numDeletedRows > 0n;
    },
    accounts: (id): Promise<LinkedAccount[]> =>
      links.select(["provider", "subject"]).where("user_id", "=", keyOf(id)).orderBy("id").execute(),
    async keepTokens({ provider, subject }, sealed) {
      const { numUpdatedRows } = await db
        .updateTable("linked_accounts")
        .set({ tokens: sealed })
        .where("provider", "=", provider)
        .where("subject", "=", subject)
        .executeTakeFirstOrThrow();
      return numUpdatedRows > 0n;
    },
    async keptTokens({ provider, subject }) {
      const row = await links
        .select("tokens")
        .where("provider", "=", provider)
        .where("subject", "=", subject)
        .executeTakeFirst();
      return row?.tokens ?? null;
    },
  };
}

/** The columns that a change writes. Kysely leaves out those that are undefined. */
function columnsOf({ plan, ...change }: UserChange<Member>) {
  checkUserChange(change);
  const { name, picture, emailVerified, passwordHash, disabledAt } = change;
  return {
    plan,
    name,
    avatar: picture,
    email_verified: emailVerified,
    password_hash: passwordHash,
    disabled_at: disabledAt === undefined ? undefined : dateOrNull(disabledAt),
  };
}

function readMember(row: Selectable<UserTable> | undefined): Member | null {
  return row === undefined ? null : memberOf(row);
}

function memberOf(row: Selectable<UserTable>): Member {
  return {
    id: String(row.id),
    email: row.email,
    username: row.handle,
    name: row.name,
    picture: row.avatar,
    emailVerified: row.email_verified,
    passwordHash: row.password_hash,
    credentialsVersion: row.credentials_version,
    createdAt: secondsOf(row.created_at),
    disabledAt: row.disabled_at === null ? null : secondsOf(row.disabled_at),
    plan: row.plan,
  };
}

/** The key of an id. Any text that is not the id of a row is 0, which no row has. */
function keyOf(id: string): number {
  const key = Number(id);
  return Number.isInteger(key) && key > 0 && key < 2 ** 31 && String(key) === id ? key : 0;
}

const secondsOf = (date: Date): number => Math.floor(date.getTime() / 1_000);
const dateOf = (seconds: number): Date => new Date(seconds * 1_000);
const dateOrNull = (seconds: number | null): Date | null => (seconds === null ? null : dateOf(seconds));

const UNIQUE = "23505";
const FOREIGN_KEY = "23503";

function isRefusedBy(error: unknown, constraint: string): boolean {
  return error instanceof Error && "code" in error && error.code === constraint;
}
