import { labelledHash } from "../platform/digest.ts";
import { isRecord, own, parseJson, toBase64url, utf8 } from "../platform/encoding.ts";
import type { FeedEntry, FeedPage } from "./ended-feed.ts";
import type { EndedPage, ListedEnd } from "./revocation.ts";

/** The length of a published key: 128 bits are enough, because the ids of sessions are random. */
const KEY_BYTES = 16;

/** Makes the published key of a session or a user. It does not show the id. */
export function publishedKey(of: "session" | "user", id: string): string {
  return toBase64url(labelledHash(`ended/${of}`, utf8(id)).subarray(0, KEY_BYTES));
}

/** Makes the public form of a page: digests in place of ids. */
export function publishedPage({ entries, cursor, more }: FeedPage): EndedPage {
  return { entries: entries.map(publishedEnd), cursor, more };
}

function publishedEnd(entry: FeedEntry): ListedEnd {
  const { kind, at, until } = entry;
  const key =
    entry.kind === "user" ? publishedKey("user", entry.userId) : publishedKey("session", entry.sessionId);
  return { kind, key, at, until };
}

/** The form of a cursor, which is otherwise the secret of the store. */
export const CURSOR: RegExp = /^[\w.-]{1,64}$/;

/** Parses the public form of a page. Returns null for anything else. */
export function parsePublishedPage(text: string): EndedPage | null {
  const page = parseJson(text);
  if (!isRecord(page)) return null;
  const [entries, cursor, more] = [own(page, "entries"), own(page, "cursor"), own(page, "more")];
  const isPage =
    Array.isArray(entries) && typeof cursor === "string" && CURSOR.test(cursor) && typeof more === "boolean";
  if (!isPage) return null;
  const listed = entries.map(parseEnd);
  return listed.includes(null) ? null : { entries: listed.filter((end) => end !== null), cursor, more };
}

function parseEnd(value: unknown): ListedEnd | null {
  if (!isRecord(value)) return null;
  const [kind, key, at, until] = [
    own(value, "kind"),
    own(value, "key"),
    own(value, "at"),
    own(value, "until"),
  ];
  const isTimed = isTime(at) && isTime(until);
  if (!isKind(kind) || typeof key !== "string" || !isTimed) return null;
  return { kind, key, at, until };
}

function isKind(value: unknown): value is ListedEnd["kind"] {
  return value === "ended" || value === "stale" || value === "user";
}

function isTime(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}
