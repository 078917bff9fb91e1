import { FEED_RETENTION, type FeedEntry, type FeedPage, type SessionStore } from "@latchkey/core/store";
import { columns, type Dialect, type Driver, type SqlRow, type Variants, withRowLock } from "./driver.ts";

const TABLE = "latchkey_feed";
const ENTRY = "seq, mark, kind, session_id, user_id, at, until";

/** The place of an entry in the order of the feed. */
interface Place {
  readonly xid: number;
  readonly seq: number;
}

/** A place with the random mark of its entry: a feed of another database has no entry of this place and mark. */
interface MarkedPlace extends Place {
  readonly mark: string;
}

/**
 * The cursor. `anchor`: every entry up to this one was read, and no earlier one can be committed. `position`: the last entry
 * of a page that reached transactions which may be older than an open one; after the last page, reading returns to `anchor`.
 */
interface Cursor {
  readonly anchor: MarkedPlace | null;
  readonly position: Place | null;
}

const START: Cursor = { anchor: null, position: null };

interface OrderText {
  readonly columns: string;
  readonly order: string;
  /** Selects the last entry. */
  readonly newest: string;
  readonly isAnchor: string;
  readonly isAfter: string;
  /** Every transaction below this number has ended. */
  readonly horizon: string;
}

const AFTER_SEQ = "COALESCE((SELECT CAST(:after_seq AS BIGINT) FROM place), 0)";

// One writer at a time: the order of `seq` is the order of the commits.
const bySequence: OrderText = {
  columns: `0 AS xid, ${ENTRY}`,
  order: "seq",
  newest: `WHERE seq = (SELECT MAX(seq) FROM ${TABLE})`,
  isAnchor: "0 = :xid AND seq = :seq",
  isAfter: `seq > ${AFTER_SEQ}`,
  horizon: "1",
};

const HORIZON = "CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS TEXT) AS BIGINT)";

const byTransaction: OrderText = {
  columns: `xid, ${ENTRY}`,
  order: "xid, seq",
  newest: "ORDER BY xid DESC, seq DESC LIMIT 1",
  // An entry of a restored dump may have a transaction that this server has not reached: what follows it here is smaller.
  isAnchor: `xid = :xid AND seq = :seq AND xid < ${HORIZON}`,
  isAfter: `(xid, seq) > (COALESCE((SELECT CAST(:after_xid AS BIGINT) FROM place), 0), ${AFTER_SEQ})`,
  horizon: HORIZON,
};

const KNOWN = "CASE WHEN EXISTS (SELECT 1 FROM place) THEN 1 ELSE 0 END AS known";

/**
 * Reads a page, and the newest entry of all as a row of the kind `newest`. It starts again if the feed does not have the
 * anchor of the cursor: without `known`.
 */
const pageText = (text: OrderText): string => `WITH place AS (
  SELECT seq FROM ${TABLE} WHERE ${text.isAnchor} AND mark = :mark
  UNION ALL SELECT 0 WHERE CAST(:whole AS BIGINT) = 1
), page AS (
  SELECT ${text.columns} FROM ${TABLE}
  WHERE ${text.isAfter} AND (until > :now OR EXISTS (SELECT 1 FROM place))
  ORDER BY ${text.order} LIMIT :most
), newest AS (
  SELECT ${text.columns.replace(" kind,", " 'newest' AS kind,")} FROM ${TABLE} ${text.newest}
)
SELECT page.*, ${text.horizon} AS horizon, ${KNOWN} FROM page
UNION ALL SELECT newest.*, ${text.horizon} AS horizon, ${KNOWN} FROM newest`;

const PAGE: Readonly<Record<Dialect, string>> = {
  sqlite: pageText(bySequence),
  d1: pageText(bySequence),
  postgres: pageText(byTransaction),
};

const SLICE = 100;

// The newest entry stays: it is the anchor of the cursors that have read all of the feed.
const PRUNE: Variants = withRowLock(
  "FOR UPDATE SKIP LOCKED",
  (lock) => `DELETE FROM ${TABLE} WHERE seq IN (
  SELECT seq FROM ${TABLE}
  WHERE seq IN (SELECT seq FROM ${TABLE} WHERE seq > 0 ORDER BY seq LIMIT ${SLICE})
    AND until + ${FEED_RETENTION} <= :now AND seq < (SELECT MAX(seq) FROM ${TABLE})${lock})
RETURNING seq`,
);

export async function pruneFeed(driver: Driver, now: number): Promise<void> {
  let deleted = SLICE;
  while (deleted === SLICE) {
    deleted = (await driver.query({ sql: PRUNE[driver.dialect], values: { now } })).length;
    await driver.pause();
  }
}

interface PlacedEntry {
  readonly place: MarkedPlace;
  readonly entry: FeedEntry;
}

export function readFeed(driver: Driver): SessionStore["endedSince"] {
  return async (text, limit, now): Promise<FeedPage> => {
    const cursor = text === null ? null : parseCursor(text);
    const { anchor, position } = cursor ?? START;
    const after = position ?? anchor;
    const values = {
      xid: anchor?.xid ?? -1,
      seq: anchor?.seq ?? -1,
      mark: anchor?.mark ?? "",
      after_xid: after?.xid ?? 0,
      after_seq: after?.seq ?? 0,
      whole: cursor !== null && anchor === null ? 1 : 0,
      most: limit + 1,
      now,
    };
    return pageOf(cursor ?? START, await driver.query({ sql: PAGE[driver.dialect], values }), limit);
  };
}

function pageOf(cursor: Cursor, rows: readonly SqlRow[], limit: number): FeedPage {
  const isNewest = (row: SqlRow): boolean => row["kind"] === "newest";
  const newest = rows.find(isNewest);
  const found = rows.filter((row) => !isNewest(row)).map(readEntry);
  const page = found.sort((a, b) => comparePlaces(a.place, b.place)).slice(0, limit);
  // A feed without entries may be another one than that of the cursor.
  if (newest === undefined) return { entries: [], cursor: writeCursor(START), more: false };
  const read = page.length === 0 ? [readPlace(newest)] : page.map(({ place }) => place);
  const { horizon, known } = readState(newest);
  const more = found.length > limit;
  const next = nextCursor(known ? cursor : START, read, { horizon, more });
  return { entries: page.map(({ entry }) => entry), cursor: writeCursor(next), more };
}

/** The cursor after the entries that were read. It moves its anchor only to an entry before which none can be committed. */
function nextCursor(
  { anchor, position }: Cursor,
  read: readonly MarkedPlace[],
  { horizon, more }: { readonly horizon: number; readonly more: boolean },
): Cursor {
  const last = read[read.length - 1] ?? null;
  if (position !== null) return { anchor, position: more ? last : null };
  const finished = read.filter(({ xid }) => xid < horizon);
  const moved = finished[finished.length - 1] ?? anchor;
  return { anchor: moved, position: more && moved !== last ? last : null };
}

function comparePlaces(a: Place, b: Place): number {
  return a.xid - b.xid || a.seq - b.seq;
}

const RADIX = 36;
const PLACE = "([0-9a-z]{1,10})\\.([0-9a-z]{1,10})";
const CURSOR = new RegExp(`^(?:0|${PLACE}\\.([0-9a-f]{8}))(?:-${PLACE})?$`);

function parseCursor(text: string): Cursor | null {
  const match = CURSOR.exec(text);
  if (match === null) return null;
  const [, xid, seq, mark, pageXid, pageSeq] = match;
  const place = parsePlace(xid, seq);
  return {
    anchor: place === null || mark === undefined ? null : { ...place, mark },
    position: parsePlace(pageXid, pageSeq),
  };
}

function parsePlace(xid: string | undefined, seq: string | undefined): Place | null {
  if (xid === undefined || seq === undefined) return null;
  return { xid: Number.parseInt(xid, RADIX), seq: Number.parseInt(seq, RADIX) };
}

function writeCursor({ anchor, position }: Cursor): string {
  const first = anchor === null ? "0" : `${writePlace(anchor)}.${anchor.mark}`;
  return position === null ? first : `${first}-${writePlace(position)}`;
}

function writePlace({ xid, seq }: Place): string {
  return `${xid.toString(RADIX)}.${seq.toString(RADIX)}`;
}

function readState(row: SqlRow): { readonly horizon: number; readonly known: boolean } {
  const read = columns(TABLE, row);
  return { horizon: read.integer("horizon"), known: read.integer("known") === 1 };
}

function readPlace(row: SqlRow): MarkedPlace {
  const read = columns(TABLE, row);
  return { xid: read.integer("xid"), seq: read.integer("seq"), mark: read.text("mark") };
}

function readEntry(row: SqlRow): PlacedEntry {
  const read = columns(TABLE, row);
  const times = { at: read.integer("at"), until: read.integer("until") };
  const kind = read.oneOf("kind", ["ended", "stale", "user"]);
  const entry: FeedEntry =
    kind === "user"
      ? { kind, userId: read.text("user_id"), ...times }
      : { kind, sessionId: read.text("session_id"), ...times };
  return { place: readPlace(row), entry };
}
