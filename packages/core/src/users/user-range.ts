import { decodeUtf8, fromBase64url, parseJson, toBase64url, utf8 } from "../platform/encoding.ts";
import type { User, UserRange } from "./user.ts";

/** A position in a list of users: in the order of which text, and after which one; null for its start. */
export interface UserCursor {
  readonly by: UserRange["by"];
  readonly after: string | null;
}

const MAX_AFTER = 1_000;
/** Without a prefix every user is listed, also one without an identifier. */
const ALL: readonly UserRange["by"][] = ["id"];
const MATCHING: readonly UserRange["by"][] = ["email", "username"];

/** The orders in which the users of a prefix are listed, one after the other. */
export function ordersOf(prefix: string): readonly UserRange["by"][] {
  return prefix === "" ? ALL : MATCHING;
}

/** Writes a cursor as a text without a meaning to the caller. */
export function writeCursor({ by, after }: UserCursor): string {
  return toBase64url(utf8(JSON.stringify([by, after])));
}

/** Reads a cursor of a list with this prefix. Null for any other text. */
export function readCursor(text: string, prefix: string): UserCursor | null {
  const bytes = fromBase64url(text);
  const json = bytes === null ? null : decodeUtf8(bytes);
  const parts = json === null ? null : parseJson(json);
  if (!Array.isArray(parts) || parts.length !== 2) return null;
  const [name, after]: unknown[] = parts;
  const by = ordersOf(prefix).find((order) => order === name);
  if (by === undefined) return null;
  if (after === null) return { by, after };
  return typeof after === "string" && isAfter(after, prefix) ? { by, after } : null;
}

function isAfter(after: string, prefix: string): boolean {
  return (
    after.startsWith(prefix) && after.length <= MAX_AFTER && after.isWellFormed() && !after.includes("\u0000")
  );
}

/** Whether an earlier order of the list of a prefix has the user already. */
export function isListedBefore(user: Pick<User, "email">, by: UserRange["by"], prefix: string): boolean {
  return by === "username" && user.email?.startsWith(prefix) === true;
}

/**
 * The first text after all texts that begin with `prefix`, in the order of their UTF-8 bytes. Null if there is none, as for an
 * empty prefix.
 */
export function endOfPrefix(prefix: string): string | null {
  const points = Array.from(prefix, (character) => character.codePointAt(0) ?? 0);
  while (points.length > 0) {
    const last = points.pop() ?? 0;
    if (last < 0x10ffff) return String.fromCodePoint(...points, nextPoint(last));
  }
  return null;
}

// UTF-8 has no surrogates.
function nextPoint(point: number): number {
  return point === 0xd7ff ? 0xe000 : point + 1;
}

/** Compares two texts by their code points, which is the order of their UTF-8 bytes. */
export function compareTexts(one: string, other: string): number {
  let at = 0;
  while (at < one.length && one[at] === other[at]) at++;
  return (one.codePointAt(at) ?? -1) - (other.codePointAt(at) ?? -1);
}

/** A text of a user in an index that is kept apart from the rows. */
export interface UserIndexKey {
  readonly by: UserRange["by"];
  readonly key: string;
}

/** The texts of a user that an index has. */
export function indexKeysOf({
  id,
  email,
  username,
}: Pick<User, "id" | "email" | "username">): readonly UserIndexKey[] {
  return [
    { by: "id", key: id },
    ...(email === null ? [] : [{ by: "email", key: email } as const]),
    ...(username === null ? [] : [{ by: "username", key: username } as const]),
  ];
}

/** An entry of such an index. */
export interface UserIndexEntry {
  readonly key: string;
  readonly id: string;
  /** Tells the entry from another one of the same text and user. */
  readonly mark: string;
  /** Whether no row can be written for it any more. */
  readonly isStale: boolean;
}

/** How `listConfirmed` reads an index. */
export interface UserIndexReader {
  /** The next entries of the range after `last`, at most `limit`; null for the start of the range. */
  next(last: UserIndexEntry | null): Promise<readonly UserIndexEntry[]>;
  get(id: string): Promise<User | null>;
  remove(entries: readonly UserIndexEntry[]): Promise<void>;
}

/**
 * Lists the users of a range by an index. The rows decide: an entry that its row does not confirm is left out. It is also removed, if
 * it is stale: a crash between the writes of the entry and of the row has left it behind.
 */
export async function listConfirmed(
  { by, limit }: UserRange,
  index: UserIndexReader,
): Promise<readonly User[]> {
  const users: User[] = [];
  for (let last: UserIndexEntry | null = null; ; ) {
    const entries: readonly UserIndexEntry[] = await index.next(last);
    const rows = await Promise.all(entries.map(({ id }) => index.get(id)));
    const ghosts = entries.filter(({ key, isStale }, n) => isStale && rows[n]?.[by] !== key);
    if (ghosts.length > 0) await index.remove(ghosts);
    for (const [n, { key }] of entries.entries()) {
      const row = rows[n] ?? null;
      // Entries of one text are neighbors, and at most one user has it.
      if (row !== null && row[by] === key && users.at(-1)?.id !== row.id) users.push(row);
    }
    last = entries.at(-1) ?? null;
    if (entries.length < limit || users.length >= limit) return users.slice(0, limit);
  }
}
