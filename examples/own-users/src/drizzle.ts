import type { LinkedAccount, User, UserChange, UserStore } from "@latchkey/core";
import { checkUserChange, endOfPrefix } from "@latchkey/core/store";
import { and, asc, DrizzleQueryError, eq, getTableColumns, gt, gte, lt, sql } from "drizzle-orm";
import { drizzle, type NodePgDatabase } from "drizzle-orm/node-postgres";
import { boolean, integer, pgTable, text, timestamp, unique } from "drizzle-orm/pg-core";
import type { Pool } from "pg";

export const users = pgTable("users", {
  id: integer().primaryKey().generatedAlwaysAsIdentity(),
  email: text().unique(),
  handle: text().unique(),
  name: text(),
  avatar: text(),
  plan: text().notNull().default("free"),
  createdAt: timestamp("created_at", { withTimezone: true }).notNull().defaultNow(),
  emailVerified: boolean("email_verified").notNull().default(false),
  passwordHash: text("password_hash"),
  credentialsVersion: integer("credentials_version").notNull().default(1),
  disabledAt: timestamp("disabled_at", { withTimezone: true }),
});

export const linkedAccounts = pgTable(
  "linked_accounts",
  {
    id: integer().primaryKey().generatedAlwaysAsIdentity(),
    userId: integer("user_id")
      .notNull()
      .references(() => users.id, { onDelete: "cascade" }),
    provider: text().notNull(),
    subject: text().notNull(),
    tokens: text(),
  },
  (table) => [unique().on(table.provider, table.subject)],
);

type UserRow = typeof users.$inferSelect;

/** A user as Latchkey and the application see it. */
export interface Member extends User {
  readonly plan: string;
}

export function openDrizzle(pool: Pool): NodePgDatabase {
  return drizzle({ client: pool });
}

export function drizzleUsers(db: NodePgDatabase): UserStore<Member> {
  return {
    async create(user) {
      const [row] = await run(
        db
          .insert(users)
          .values({
            email: user.email,
            handle: user.username,
            name: user.name,
            avatar: user.picture,
            emailVerified: user.emailVerified,
            passwordHash: user.passwordHash,
            credentialsVersion: user.credentialsVersion,
            createdAt: dateOf(user.createdAt),
            disabledAt: dateOrNull(user.disabledAt),
          })
          .onConflictDoNothing()
          .returning({ id: users.id }),
      );
      return row === undefined ? false : String(row.id);
    },
    get: async (id) =>
      readMember(
        await run(
          db
            .select()
            .from(users)
            .where(eq(users.id, keyOf(id))),
        ),
      ),
    async find(by) {
      const isFound = "email" in by ? eq(users.email, by.email) : eq(users.handle, by.username);
      return readMember(await run(db.select().from(users).where(isFound)));
    },
    // The condition and the change are one statement, so one of two concurrent changes of a version wins.
    async update(id, change, { ifVersion, raiseVersion }) {
      const isVersion = ifVersion === null ? undefined : eq(users.credentialsVersion, ifVersion);
      const rows = await run(
        db
          .update(users)
          .set({ ...columnsOf(change), credentialsVersion: raised(raiseVersion ? 1 : 0) })
          .where(and(eq(users.id, keyOf(id)), isVersion))
          .returning(),
      );
      return readMember(rows);
    },
    async changeEmail(id, email, ifVersion, verified = true) {
      try {
        const rows = await run(
          db
            .update(users)
            .set({ email, emailVerified: verified, credentialsVersion: raised(1) })
            .where(and(eq(users.id, keyOf(id)), eq(users.credentialsVersion, ifVersion)))
            .returning(),
        );
        return readMember(rows);
      } catch (error) {
        if (isRefusedBy(error, UNIQUE)) return "taken";
        throw error;
      }
    },
    async list({ by, prefix, after, limit }) {
      const page = db.select().from(users).limit(limit);
      if (by === "id") {
        const start = gt(users.id, after === null ? 0 : keyOf(after));
        const rows = await run(page.where(start).orderBy(asc(users.id)));
        return rows.map(memberOf);
      }
      const column = by === "email" ? users.email : users.handle;
      const end = endOfPrefix(prefix);
      const start = after === null ? gte(column, prefix) : gt(column, after);
      const range = and(start, end === null ? undefined : lt(column, end));
      const rows = await run(page.where(range).orderBy(asc(column)));
      return rows.map(memberOf);
    },
    async delete(id) {
      const { rowCount } = await run(db.delete(users).where(eq(users.id, keyOf(id))));
      return rowCount === 1;
    },
    ...linked(db),
  };
}

type Links = "findByAccount" | "link" | "unlink" | "accounts" | "keepTokens" | "keptTokens";

/** What a sign-in with a provider needs. */
function linked(db: NodePgDatabase): Pick<UserStore<Member>, Links> {
  return {
    async findByAccount(account) {
      const rows = await run(
        db
          .select(getTableColumns(users))
          .from(users)
          .innerJoin(linkedAccounts, eq(linkedAccounts.userId, users.id))
          .where(isAccount(account)),
      );
      return readMember(rows);
    },
    async link(id, { provider, subject }) {
      try {
        const { rowCount } = await run(
          db
            .insert(linkedAccounts)
            .values({ userId: keyOf(id), provider, subject })
            .onConflictDoNothing(),
        );
        return rowCount === 1;
      } catch (error) {
        if (isRefusedBy(error, FOREIGN_KEY)) return false;
        throw error;
      }
    },
    async unlink(id, account) {
      const { rowCount } = await run(
        db.delete(linkedAccounts).where(and(eq(linkedAccounts.userId, keyOf(id)), isAccount(account))),
      );
      return rowCount === 1;
    },
    accounts: async (id) =>
      run(
        db
          .select({ provider: linkedAccounts.provider, subject: linkedAccounts.subject })
          .from(linkedAccounts)
          .where(eq(linkedAccounts.userId, keyOf(id)))
          .orderBy(asc(linkedAccounts.id)),
      ),
    async keepTokens(account, sealed) {
      const { rowCount } = await run(
        db.update(linkedAccounts).set({ tokens: sealed }).where(isAccount(account)),
      );
      return rowCount === 1;
    },
    async keptTokens(account) {
      const [row] = await run(
        db.select({ tokens: linkedAccounts.tokens }).from(linkedAccounts).where(isAccount(account)),
      );
      return row?.tokens ?? null;
    },
  };
}

function isAccount({ provider, subject }: LinkedAccount) {
  return and(eq(linkedAccounts.provider, provider), eq(linkedAccounts.subject, subject));
}

function raised(by: 0 | 1) {
  return sql`${users.credentialsVersion} + ${by}`;
}

/** The columns that a change writes. Drizzle leaves out those that are undefined. */
function columnsOf({ plan, ...change }: UserChange<Member>) {
  checkUserChange(change);
  const { name, picture, emailVerified, passwordHash, disabledAt } = change;
  return {
    plan,
    name,
    avatar: picture,
    emailVerified,
    passwordHash,
    disabledAt: disabledAt === undefined ? undefined : dateOrNull(disabledAt),
  };
}

function readMember([row]: readonly UserRow[]): Member | null {
  return row === undefined ? null : memberOf(row);
}

function memberOf(row: UserRow): Member {
  return {
    id: String(row.id),
    email: row.email,
    username: row.handle,
    name: row.name,
    picture: row.avatar,
    emailVerified: row.emailVerified,
    passwordHash: row.passwordHash,
    credentialsVersion: row.credentialsVersion,
    createdAt: secondsOf(row.createdAt),
    disabledAt: row.disabledAt === null ? null : secondsOf(row.disabledAt),
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

/** Drizzle writes the values of a failed statement into its error, also a password hash. The error of the driver has none. */
async function run<T>(statement: PromiseLike<T>): Promise<T> {
  try {
    return await statement;
  } catch (error) {
    throw error instanceof DrizzleQueryError ? error.cause : error;
  }
}

function isRefusedBy(error: unknown, constraint: string): boolean {
  return error instanceof Error && "code" in error && error.code === constraint;
}
