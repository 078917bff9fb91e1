import { type Edit, editsIn } from "./edit.ts";

const SRC = "examples/own-users/src";

/** What the examples of users in a table of the application must not leave out. */
export const ownUserEdits: readonly Edit[] = [
  ...editsIn(
    "examples/own-users/schema.sql",
    [`${SRC}/kysely.test.ts`],
    [
      ["two rows with one address", 'email text COLLATE "C" UNIQUE', 'email text COLLATE "C"'],
      ["two rows with one username", 'handle text COLLATE "C" UNIQUE', 'handle text COLLATE "C"'],
      ["an account linked twice", "tokens text,\n  UNIQUE (provider, subject)", "tokens text"],
      ["a deleted row keeps its links", " ON DELETE CASCADE", " ON DELETE SET NULL"],
    ],
  ),
  ...editsIn(
    `${SRC}/kysely.ts`,
    [`${SRC}/kysely.test.ts`],
    [
      ["Kysely: a change of another version", ".$if(ifVersion !== null,", ".$if(false,"],
      [
        "Kysely: an address for another version",
        '.where("credentials_version", "=", ifVersion)\n          .returningAll()',
        ".returningAll()",
      ],
      [
        "Kysely: a link of another user is removed",
        '.deleteFrom("linked_accounts")\n        .where("user_id", "=", keyOf(id))',
        '.deleteFrom("linked_accounts")',
      ],
    ],
  ),
  ...editsIn(
    `${SRC}/drizzle.ts`,
    [`${SRC}/drizzle.test.ts`],
    [
      ["Drizzle: a change of another version", "ifVersion === null ? undefined", "true ? undefined"],
      ["Drizzle: an address for another version", ", eq(users.credentialsVersion, ifVersion)))", "))"],
      [
        "Drizzle: a link of another user is removed",
        ".where(and(eq(linkedAccounts.userId, keyOf(id)), isAccount(account)))",
        ".where(isAccount(account))",
      ],
      [
        "Drizzle: a password hash in the log",
        "DrizzleQueryError ? error.cause",
        "DrizzleQueryError ? Object.assign(error, error.cause)",
      ],
    ],
  ),
  ...editsIn(
    `${SRC}/prisma.ts`,
    [`${SRC}/prisma.test.ts`],
    [
      ["Prisma: a change of another version", "ifVersion === null ? {}", "ifVersion !== undefined ? {}"],
      [
        "Prisma: an address for another version",
        "where: { id: keyOf(id), credentialsVersion: ifVersion }",
        "where: { id: keyOf(id) }",
      ],
      [
        "Prisma: a link of another user is removed",
        "where: { userId: keyOf(id), provider, subject }",
        "where: { provider, subject }",
      ],
    ],
  ),
];
