import {
  addEntries,
  ageList,
  type EndedList,
  emptyList,
  judgeToken,
  type ListedEnd,
  type ListVerdict,
} from "../../packages/core/src/sessions/revocation.ts";

/**
 * The world around the list of ended sessions, as plain data: one user with up to `sessions` sessions, a store with its feed,
 * and one process that reads the feed. A read takes the entries after its cursor at once, and arrives later or never. Each
 * server that writes or issues may have another clock. Time passes in ticks.
 */
export interface FeedWorld {
  readonly time: number;
  readonly sessions: readonly FeedSession[];
  readonly feed: readonly ListedEnd[];
  readonly list: EndedList;
  /** The reads under way. */
  readonly reads: readonly Read[];
  /** The length of the feed at the start of the newest read that arrived. */
  readonly known: number;
}

export interface FeedSession {
  readonly id: string;
  readonly isEnded: boolean;
  readonly context: number;
  /** The newest token of the client, and one that a thief copied at its issue. */
  readonly tokens: readonly Token[];
}

export interface Token {
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly context: number;
}

interface Read {
  readonly entries: readonly ListedEnd[];
  readonly end: number;
}

export interface FeedBounds {
  readonly ticks: number;
  readonly sessions: number;
  readonly feed: number;
  readonly reads: number;
  readonly lifetime: number;
  /** How far the clock of a server may be ahead. */
  readonly clocks: readonly number[];
}

export type FeedMove =
  | { readonly kind: "tick" | "read" }
  | { readonly kind: "arrive" | "lose"; readonly read: number }
  | { readonly kind: "sign_in" | "end_all"; readonly clock: number }
  | { readonly kind: "end" | "update" | "refresh"; readonly session: number; readonly clock: number };

export const USER = "user";

export function startWorld(): FeedWorld {
  return { time: 0, sessions: [], feed: [], list: emptyList(0), reads: [], known: 0 };
}

/** Lists everything that can happen next. */
export function feedMoves(world: FeedWorld, bounds: FeedBounds): readonly FeedMove[] {
  const moves: FeedMove[] = [];
  if (world.time < bounds.ticks) moves.push({ kind: "tick" });
  if (world.reads.length < bounds.reads) moves.push({ kind: "read" });
  for (const read of world.reads.keys()) moves.push({ kind: "arrive", read }, { kind: "lose", read });
  const hasRoom = world.feed.length < bounds.feed;
  for (const clock of bounds.clocks) {
    if (world.sessions.length < bounds.sessions) moves.push({ kind: "sign_in", clock });
    if (hasRoom && world.sessions.some(({ isEnded }) => !isEnded)) moves.push({ kind: "end_all", clock });
    world.sessions.forEach(({ isEnded }, session) => {
      if (isEnded) return;
      moves.push({ kind: "refresh", session, clock });
      if (hasRoom) moves.push({ kind: "end", session, clock }, { kind: "update", session, clock });
    });
  }
  return moves;
}

/** Carries out one move. */
export function playFeed(world: FeedWorld, move: FeedMove, bounds: FeedBounds): FeedWorld {
  switch (move.kind) {
    case "tick":
      return { ...world, time: world.time + 1 };
    case "read": {
      const entries = world.feed.slice(Number(world.list.cursor ?? 0));
      return { ...world, reads: [...world.reads, { entries, end: world.feed.length }] };
    }
    case "arrive":
      return arrive(world, move.read);
    case "lose":
      return { ...world, reads: world.reads.toSpliced(move.read, 1) };
    case "sign_in":
      return signIn(world, move.clock, bounds);
    case "end_all":
      return endAll(world, move.clock, bounds);
    default:
      return changeSession(world, move, bounds);
  }
}

function arrive(world: FeedWorld, index: number): FeedWorld {
  const read = world.reads[index];
  if (read === undefined) return world;
  const aged = ageList(world.list, world.time, 3);
  const list = addEntries(aged, read.entries, String(read.end));
  const reads = world.reads.toSpliced(index, 1);
  return { ...world, list, reads, known: Math.max(world.known, read.end) };
}

function tokenAt(world: FeedWorld, context: number, clock: number, { lifetime }: FeedBounds): Token {
  const issuedAt = world.time + clock;
  return { issuedAt, expiresAt: issuedAt + lifetime, context };
}

function signIn(world: FeedWorld, clock: number, bounds: FeedBounds): FeedWorld {
  const id = `s${world.sessions.length}`;
  const session = { id, isEnded: false, context: 0, tokens: [tokenAt(world, 0, clock, bounds)] };
  return { ...world, sessions: [...world.sessions, session] };
}

function endAll(world: FeedWorld, clock: number, { lifetime }: FeedBounds): FeedWorld {
  const at = world.time + clock;
  const sessions = world.sessions.map((session) => ({ ...session, isEnded: true }));
  return { ...world, sessions, feed: [...world.feed, { kind: "user", key: USER, at, until: at + lifetime }] };
}

function changeSession(
  world: FeedWorld,
  { kind, session: index, clock }: Extract<FeedMove, { readonly session: number }>,
  bounds: FeedBounds,
): FeedWorld {
  const session = world.sessions[index];
  if (session === undefined) return world;
  const at = world.time + clock;
  const replaced = (by: Partial<FeedSession>) => world.sessions.with(index, { ...session, ...by });
  const listed = (as: ListedEnd["kind"]) => [
    ...world.feed,
    { kind: as, key: session.id, at, until: at + bounds.lifetime },
  ];
  if (kind === "end") return { ...world, sessions: replaced({ isEnded: true }), feed: listed("ended") };
  if (kind === "update") {
    return { ...world, sessions: replaced({ context: session.context + 1 }), feed: listed("stale") };
  }
  const token = tokenAt(world, session.context, clock, bounds);
  return { ...world, sessions: replaced({ tokens: [...session.tokens.slice(0, 1), token] }) };
}

/** The verdict of the process about a token. */
export function verdictOf({ list }: FeedWorld, { id }: FeedSession, token: Token, skew: number): ListVerdict {
  return judgeToken(list, { session: id, user: USER, issuedAt: token.issuedAt }, skew);
}

/** Visits every reachable world once. Returns how many there are. */
export function exploreFeed(bounds: FeedBounds, check: (world: FeedWorld) => void): number {
  const seen = new Set([keyOf(startWorld())]);
  let level = [startWorld()];
  while (level.length > 0) {
    const next: FeedWorld[] = [];
    for (const world of level) {
      check(world);
      for (const move of feedMoves(world, bounds)) {
        const after = playFeed(world, move, bounds);
        const known = seen.size;
        if (seen.add(keyOf(after)).size > known) next.push(after);
      }
    }
    level = next;
  }
  return seen.size;
}

/** Names a world by everything in it that no other part of it implies. JSON would take most of the time of a search. */
function keyOf({ time, sessions, feed, list, reads, known }: FeedWorld): string {
  let key = `${time},${known},${list.cursor},${list.age},${list.readAt}`;
  for (const { isEnded, context, tokens } of sessions) {
    key += `;${isEnded ? "-" : ""}${context}`;
    for (const token of tokens) key += `,${token.issuedAt}.${token.context}`;
  }
  for (const entry of feed) key += `|${entry.kind}${entry.key}${entry.at}`;
  // A read holds the entries of the feed before its end.
  for (const { entries, end } of reads) key += `<${entries.length},${end}`;
  for (const { sessions: ended, users, dropAt } of list.parts)
    key += `#${dropAt}${endsOf(ended)}${endsOf(users)}`;
  return key;
}

function endsOf(ends: FeedWorld["list"]["parts"][number]["users"]): string {
  let key = "/";
  for (const name of [...ends.keys()].sort()) {
    const end = ends.get(name);
    key += `${name}${end?.kind}${end?.at}.${end?.dropAt},`;
  }
  return key;
}
