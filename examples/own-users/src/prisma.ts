import type { User, UserChange, UserStore } from "@latchkey/core";
import { checkUserChange, endOfPrefix } from "@latchkey/core/store";
import { PrismaPg } from "@prisma/adapter-pg";
import type { Pool } from "pg";
import { PrismaClient, type User as UserRow } from "./generated/client.ts";

/** A user as Latchkey and the application see it. */
export interface Member extends User {
  readonly plan: string;
}

export function openPrisma(pool: Pool, schema = "public"): PrismaClient {
  return new PrismaClient({ adapter: new PrismaPg(pool, { schema }) });
}

export function prismaUsers(db: PrismaClient): UserStore<Member> {
  return {
    // `skipDuplicates` is ON CONFLICT DO NOTHING. `create` would throw, and `upsert` would change the user who is there.
    async create(user) {
      const [row] = await db.user.createManyAndReturn({
        data: {
          email: user.email,
          handle: user.username,
          name: user.name,
          avatar: user.picture,
          emailVerified: user.emailVerified,
          passwordHash: user.passwordHash,
          credentialsVersion: user.credentialsVersion,
          createdAt: dateOf(user.createdAt),
          disabledAt: dateOrNull(user.disabledAt),
        },
        skipDuplicates: true,
        select: { id: true },
      });
      return row === undefined ? false : String(row.id);
    },
    get: async (id) => readMember(await db.user.findUnique({ where: { id: keyOf(id) } })),
    find: async (by) =>
      readMember(
        await db.user.findUnique({ where: "email" in by ? { email: by.email } : { handle: by.username } }),
      ),
    // The condition and the change are one statement, so one of two concurrent changes of a version wins.
    async update(id, change, { ifVersion, raiseVersion }) {
      const [row] = await db.user.updateManyAndReturn({
        where: { id: keyOf(id), ...(ifVersion === null ? {} : { credentialsVersion: ifVersion }) },
        data: { ...columnsOf(change), credentialsVersion: { increment: raiseVersion ? 1 : 0 } },
      });
      return readMember(row);
    },
    async changeEmail(id, email, ifVersion, verified = true) {
      try {
        const [row] = await db.user.updateManyAndReturn({
          where: { id: keyOf(id), credentialsVersion: ifVersion },
          data: { email, emailVerified: verified, credentialsVersion: { increment: 1 } },
        });
        return readMember(row);
      } catch (error) {
        if (isRefusedBy(error, UNIQUE)) return "taken";
        throw error;
      }
    },
    async list({ by, prefix, after, limit }) {
      if (by === "id") {
        const start = after === null ? 0 : keyOf(after);
        const rows = await db.user.findMany({
          where: { id: { gt: start } },
          orderBy: { id: "asc" },
          take: limit,
        });
        return rows.map(memberOf);
      }
      const column = by === "email" ? "email" : "handle";
      const end = endOfPrefix(prefix);
      const range = {
        ...(after === null ? { gte: prefix } : { gt: after }),
        ...(end === null ? {} : { lt: end }),
      };
      const rows = await db.user.findMany({
        where: { [column]: range },
        orderBy: { [column]: "asc" },
        take: limit,
      });
      return rows.map(memberOf);
    },
    async delete(id) {
      const { count } = await db.user.deleteMany({ where: { id: keyOf(id) } });
      return count === 1;
    },
    ...linkedAccounts(db),
  };
}

type Links = "findByAccount" | "link" | "unlink" | "accounts" | "keepTokens" | "keptTokens";

/** What a sign-in with a provider needs. */
function linkedAccounts(db: PrismaClient): Pick<UserStore<Member>, Links> {
  return {
    findByAccount: async ({ provider, subject }) =>
      readMember(await db.user.findFirst({ where: { accounts: { some: { provider, subject } } } })),
    async link(id, { provider, subject }) {
      try {
        const { count } = await db.linkedAccount.createMany({
          data: { userId: keyOf(id), provider, subject },
          skipDuplicates: true,
        });
        return count === 1;
      } catch (error) {
        if (isRefusedBy(error, FOREIGN_KEY)) return false;
        throw error;
      }
    },
    async unlink(id, { provider, subject }) {
      const { count } = await db.linkedAccount.deleteMany({
        where: { userId: keyOf(id), provider, subject },
      });
      return count === 1;
    },
    accounts: (id) =>
      db.linkedAccount.findMany({
        where: { userId: keyOf(id) },
        select: { provider: true, subject: true },
        orderBy: { id: "asc" },
      }),
    async keepTokens({ provider, subject }, sealed) {
      const { count } = await db.linkedAccount.updateMany({
        where: { provider, subject },
        data: { tokens: sealed },
      });
      return count === 1;
    },
    async keptTokens({ provider, subject }) {
      const row = await db.linkedAccount.findUnique({ where: { provider_subject: { provider, subject } } });
      return row?.tokens ?? null;
    },
  };
}

/** The columns that a change writes, without those that it leaves as they are. */
function columnsOf({ plan, ...change }: UserChange<Member>) {
  checkUserChange(change);
  const { picture: avatar, disabledAt, ...others } = change;
  return {
    ...others,
    ...(plan === undefined ? {} : { plan }),
    ...(avatar === undefined ? {} : { avatar }),
    ...(disabledAt === undefined ? {} : { disabledAt: dateOrNull(disabledAt) }),
  };
}

function readMember(row: UserRow | null | undefined): Member | null {
  return row === null || row === undefined ? null : memberOf(row);
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

const UNIQUE = "P2002";
const FOREIGN_KEY = "P2003";

function isRefusedBy(error: unknown, constraint: string): boolean {
  return error instanceof Error && "code" in error && error.code === constraint;
}
