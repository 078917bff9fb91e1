import {
  type EpochSeconds,
  idleExpiry,
  mintSessionId,
  type Rotation,
  type SecretHash,
  type SessionId,
  type SessionRow,
} from "@latchkey/core/store";
import { encodeBase64urlNoPadding } from "@oslojs/encoding";
import { LEASE, START } from "./samples.ts";
import type { Step, WatchedStep } from "./steps.ts";

/** The state of a trace, from which it makes steps for existing sessions. */
export interface World {
  now: EpochSeconds;
  /** The sessions that steps use. A new session replaces the oldest. */
  readonly known: KnownSession[];
}

interface KnownSession {
  readonly id: SessionId;
  readonly userId: string;
  /** The last observed row; null after it was pruned. */
  row: SessionRow | null;
  /** Every refresh token issued so far, oldest first. */
  readonly issued: { readonly generation: number; readonly hash: SecretHash }[];
}

const USERS = ["ann", "bob", "eve"] as const;
const WORKING_SET = 12;
const DAY = 86_400;

export function newWorld(): World {
  return { now: START, known: [] };
}

/** Records the current row of a session. */
export function observe(world: World, id: SessionId, row: SessionRow | null): void {
  const session = world.known.find((known) => known.id === id);
  if (session === undefined) return;
  session.row = row;
  if (row?.childHash == null || session.issued.some(({ hash }) => hash === row.childHash)) return;
  session.issued.push({ generation: row.generation, hash: row.childHash });
}

/** Makes the next random step. */
export function nextStep(world: World, random: SeededRandom): WatchedStep {
  passTime(world, random);
  const living = world.known.filter(({ row }) => row !== null && row.endedAt === null);
  if (living.length < 5 || random.chance(0.02)) return createStep(world, random);
  const among = random.chance(0.9) ? living : world.known;
  const session = among[random.below(among.length)];
  if (session === undefined) return createStep(world, random);
  return random.chance(0.85) ? rotateStep(world, session, random) : otherStep(world, session, random);
}

function passTime(world: World, random: SeededRandom): void {
  if (random.chance(0.4)) return;
  if (random.chance(0.01)) world.now += random.pick([DAY, 400, 2 * DAY, -400]);
  else
    world.now += random.pick([
      1,
      5,
      LEASE - 1,
      LEASE,
      LEASE + 1,
      7,
      30,
      -1,
      -5,
      -LEASE,
      -LEASE - 1,
      2 * LEASE,
    ]);
}

function createStep(world: World, random: SeededRandom): WatchedStep {
  const row = sampleRow(world, random);
  const replaces = world.known.filter(() => random.chance(0.05)).map(({ id }) => id);
  const limit = random.chance(0.3) ? 1 + random.below(6) : null;
  const session = { id: row.id, userId: row.userId, row, issued: [] as KnownSession["issued"] };
  if (row.rootHash !== null) session.issued.push({ generation: 0, hash: row.rootHash });
  world.known.push(session);
  if (world.known.length > WORKING_SET) world.known.shift();
  return watchAll(world, { op: "create", row, options: { ifVersion: null, limit, replaces } });
}

function sampleRow({ now }: World, random: SeededRandom): SessionRow {
  const userId = random.pick(USERS);
  const idleLifetime = random.pick([DAY, DAY, 3_000, null]);
  const absoluteExpiresAt = random.chance(0.3) ? now + random.pick([2_000, 10_000, DAY]) : null;
  return {
    id: mintSessionId(userId, random.bytes),
    userId,
    familyHash: hash(random),
    rootHash: random.chance(0.03) ? null : hash(random),
    rootGeneration: 0,
    childHash: null,
    childIssuedAt: null,
    replacedAt: null,
    generation: 0,
    context: { n: random.below(9) },
    device: { userAgent: null, address: null },
    transport: random.pick(["cookie", "bearer"]),
    amr: ["pwd"],
    createdAt: now,
    authTime: now,
    refreshedAt: now,
    accessLifetime: random.pick([120, 600]),
    idleLifetime,
    expiresAt: idleExpiry({ idleLifetime, absoluteExpiresAt }, now),
    absoluteExpiresAt,
    endedAt: null,
    endReason: null,
  };
}

function rotateStep(world: World, session: KnownSession, random: SeededRandom): WatchedStep {
  const transport = random.chance(0.06) ? random.pick(["cookie", "bearer"]) : null;
  const rotation: Rotation = {
    id: random.chance(0.01) ? mintSessionId(session.userId, random.bytes) : session.id,
    token: presentedToken(session, random),
    policy: { lease: random.chance(0.9) ? LEASE : random.pick([5, 300]), transport },
    next: hash(random),
    now: world.now,
  };
  return watchOne(session, { op: "rotate", rotation });
}

function presentedToken({ row, issued }: KnownSession, random: SeededRandom): Rotation["token"] {
  const newest = issued[issued.length - 1] ?? { generation: 0, hash: hash(random) };
  const root = issued.find((token) => token.hash === row?.rootHash) ?? newest;
  const choice = random.chance(0.5) ? newest : root;
  const familyHash = row?.familyHash ?? hash(random);
  const token = { familyHash, secretHash: choice.hash, generation: choice.generation };
  if (random.chance(0.9)) return token;
  const stale = issued[random.below(issued.length)] ?? newest;
  return random.pick([
    { ...token, secretHash: stale.hash, generation: stale.generation },
    { ...token, secretHash: hash(random) },
    { ...token, familyHash: hash(random) },
    { ...token, familyHash: hash(random), secretHash: hash(random), generation: 0 },
    { ...token, generation: Math.max(0, token.generation + random.pick([-1, 1, 2])) },
    { ...token, secretHash: hash(random), generation: (row?.generation ?? 0) + 1 },
  ]);
}

function otherStep(world: World, session: KnownSession, random: SeededRandom): WatchedStep {
  const { now } = world;
  const { id, userId, row } = session;
  const options = { reason: random.pick(["logout", "revoked"]), now };
  const familyHash = random.pick([null, row?.familyHash ?? null, hash(random)]);
  const generation = (row?.generation ?? 0) + random.pick([0, 0, 0, -1, 1]);
  const change = random.pick([
    { context: { n: random.below(9) } },
    { device: { userAgent: `b${random.below(9)}`, address: null } },
  ]);
  const userOrAll = random.pick([userId, null]);
  if (random.chance(0.3))
    return watchOne(session, { op: "update", id, change, staleAt: random.pick([now, null]) });
  if (random.chance(0.4)) return watchOne(session, { op: "confirm", id, generation, lease: LEASE, now });
  if (random.chance(0.4)) return watchOne(session, { op: "list", userId, now });
  if (random.chance(0.2)) return watchOne(session, { op: "endedSince", limit: random.pick([7, 50]), now });
  if (random.chance(0.5)) return watchOne(session, { op: "end", id, familyHash, options });
  if (random.chance(0.5))
    return watchAll(world, { op: "prune", options: { userId: userOrAll, keep: random.chance(0.5), now } });
  return watchAll(world, { op: "endAll", userId, except: random.pick([id, null]), options });
}

function watchOne({ id }: KnownSession, step: Step): WatchedStep {
  return { step, watch: [id] };
}

function watchAll({ known }: World, step: Step): WatchedStep {
  return { step, watch: known.map(({ id }) => id) };
}

function hash(random: SeededRandom): SecretHash {
  return encodeBase64urlNoPadding(random.bytes(32));
}

/** A repeatable generator for tests. The same seed gives the same run. Never use it for secrets. */
export interface SeededRandom {
  /** A whole number from 0 to `below` - 1. */
  below(limit: number): number;
  chance(probability: number): boolean;
  pick<const T>(choices: readonly [T, ...T[]]): T;
  bytes(length: number): Uint8Array;
}

/** Makes the generator of a seed (mulberry32). */
export function seededRandom(seed: number): SeededRandom {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return {
    below,
    chance: (probability) => next() < probability,
    pick: (choices) => choices[below(choices.length)] ?? choices[0],
    bytes: (length) => Uint8Array.from({ length }, () => below(256)),
  };
}
