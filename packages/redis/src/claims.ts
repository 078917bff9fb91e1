import type { Connection } from "./connection.ts";

/** How long after its claims a user's row may be written, in seconds. */
export const DEADLINE = 30;
/** The age, in seconds, at which a claim is void if no row confirms it. It exceeds the deadline by more than two servers' clocks differ. */
export const STALE = 60;

/** ARGV: user, the claim to replace or empty. Returns whether the claim is granted, the claim now in place, the time. */
const CLAIM = `
local held = redis.call('GET', KEYS[1])
local now = redis.call('TIME')
if held and held ~= ARGV[2] then return { 0, held, now[1] } end
local claim = string.format('%d.%06d', now[1], now[2]) .. ':' .. ARGV[1]
redis.call('SET', KEYS[1], claim)
return { 1, claim, now[1] }`;

const GET = "return redis.call('GET', KEYS[1])";

/** ARGV: the claim as it was read. */
const RELEASE = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`;

/**
 * Names that at most one user holds: an e-mail address, an account. Each is in its own slot, so it is claimed before
 * the user's row is written. The row decides: a claim that no row confirms is void after a minute.
 */
export interface Claims {
  /** The user with the claim on a name, also if no row confirms it. */
  holder(key: string): Promise<string | null>;
  /** Claims all names. If one of them is taken, claims none and returns null. */
  claimAll(userId: string, names: readonly Claimable[]): Promise<Granted | null>;
  /** Reads the current claims of a user, to be released after the row that confirms them is gone. */
  held(keys: readonly string[], userId: string): Promise<readonly Claim[]>;
  /** Releases claims that have not changed since they were read; a later claim on the same name stays. */
  release(claims: readonly Claim[]): Promise<void>;
}

export interface Claimable {
  readonly key: string;
  /** Whether the row of a user confirms the claim. */
  readonly isHeldBy: (userId: string) => Promise<boolean>;
}

export interface Claim {
  readonly key: string;
  readonly value: string;
}

export interface Granted {
  readonly claims: readonly Claim[];
  /** The time of the server until which the row may be written; null if there are no names. */
  readonly deadline: number | null;
}

interface Attempt {
  readonly granted: boolean;
  readonly value: string;
  readonly now: number;
}

export function redisClaims(connection: Connection): Claims {
  return {
    holder: async (key) => {
      const value = await connection.run(GET, [key], []);
      return value === null ? null : parse(value).holder;
    },
    claimAll: (userId, names) => claimAll(connection, userId, names),
    held: async (keys, userId) => {
      const values = await Promise.all(keys.map((key) => connection.run(GET, [key], [])));
      return keys.flatMap((key, n) => {
        const value = values[n];
        return typeof value === "string" && parse(value).holder === userId ? [{ key, value }] : [];
      });
    },
    release: (claims) => release(connection, claims),
  };
}

async function claimAll(
  connection: Connection,
  userId: string,
  names: readonly Claimable[],
): Promise<Granted | null> {
  const claims: Claim[] = [];
  const deadlines: number[] = [];
  for (const name of names) {
    const { granted, value, now } = await claim(connection, userId, name);
    if (!granted) {
      await release(connection, claims);
      return null;
    }
    claims.push({ key: name.key, value });
    deadlines.push(now + DEADLINE);
  }
  return { claims, deadline: deadlines.length === 0 ? null : Math.min(...deadlines) };
}

async function claim(connection: Connection, userId: string, { key, isHeldBy }: Claimable): Promise<Attempt> {
  const attempt = async (replaces: string): Promise<Attempt> =>
    readAttempt(await connection.run(CLAIM, [key], [userId, replaces]));
  const first = await attempt("");
  if (first.granted) return first;
  const { since, holder } = parse(first.value);
  if (first.now - since < STALE || (await isHeldBy(holder))) return first;
  return attempt(first.value);
}

async function release(connection: Connection, claims: readonly Claim[]): Promise<void> {
  for (const { key, value } of claims) await connection.run(RELEASE, [key], [value]);
}

function readAttempt(reply: unknown): Attempt {
  const [granted, value, now] = Array.isArray(reply) ? reply : [];
  if (typeof value !== "string")
    throw new Error("redis: the key of an identifier or account holds an invalid claim");
  return { granted: granted === 1, value, now: Number(now) };
}

function parse(value: unknown): { readonly since: number; readonly holder: string } {
  const [, since, holder] = /^(\d+\.\d{6}):(.*)$/s.exec(String(value)) ?? [];
  if (since === undefined || holder === undefined) {
    throw new Error("redis: the key of an identifier or account holds an invalid claim");
  }
  return { since: Number(since), holder };
}
