import type { Connection } from "./connection.ts";

/** Long enough for whoever holds a claim to make good on it, in seconds; then nobody may any more. */
const DEADLINE = 30;
/** Longer than the deadline by more than the clocks of two servers differ. */
const STALE = 60;

/** ARGV: user, the claim to take over or empty. Returns whether it is granted, the claim that holds, the time. */
const CLAIM = `
local held = redis.call('GET', KEYS[1])
local now = redis.call('TIME')
if held and held ~= ARGV[2] then return { 0, held, now[1] } end
local claim = string.format('%d.%06d', now[1], now[2]) .. ':' .. ARGV[1]
redis.call('SET', KEYS[1], claim)
return { 1, claim, now[1] }`;

const HELD = "return redis.call('GET', KEYS[1])";

/** ARGV: the claim as it was seen. */
const RELEASE = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`;

/**
 * Names that one user holds at most: an e-mail address, an account. Each is in a slot of its own, so it is claimed
 * before the user's row is written. The row is the truth: a claim that no row bears out is void after a minute.
 */
export interface Claims {
  /** Who claims a name, whether or not a row bears it out. */
  holder(key: string): Promise<string | null>;
  /** Claims all of the names, or none and returns null where one is taken. */
  claimAll(userId: string, names: readonly Claimable[]): Promise<Granted | null>;
  /** The claims of a user as they are, to be released once no row bears them out any more. */
  held(keys: readonly string[], userId: string): Promise<readonly Claim[]>;
  /** Gives claims back that are still as they were seen: a later one of the same name stays. */
  release(claims: readonly Claim[]): Promise<void>;
}

export interface Claimable {
  readonly key: string;
  /** Whether a user's row bears the claim out. */
  readonly isHeldBy: (userId: string) => Promise<boolean>;
}

export interface Claim {
  readonly key: string;
  readonly value: string;
}

export interface Granted {
  readonly claims: readonly Claim[];
  /** The server's time until which the row may be written; null without names. */
  readonly deadline: number | null;
}

interface Attempt {
  readonly granted: boolean;
  readonly value: string;
  readonly now: number;
}

export function redisClaims(connection: Connection): Claims {
  const attempt = async (key: string, userId: string, instead: string): Promise<Attempt> =>
    readAttempt(await connection.run(CLAIM, [key], [userId, instead]));

  const claim = async (userId: string, { key, isHeldBy }: Claimable): Promise<Attempt> => {
    const first = await attempt(key, userId, "");
    if (first.granted) return first;
    const { since, holder } = parse(first.value);
    if (first.now - since < STALE || (await isHeldBy(holder))) return first;
    return attempt(key, userId, first.value);
  };

  const release = async (claims: readonly Claim[]): Promise<void> => {
    for (const { key, value } of claims) await connection.run(RELEASE, [key], [value]);
  };

  return {
    holder: async (key) => {
      const value = await connection.run(HELD, [key], []);
      return value === null ? null : parse(value).holder;
    },

    claimAll: async (userId, names) => {
      const claims: Claim[] = [];
      const deadlines: number[] = [];
      for (const name of names) {
        const { granted, value, now } = await claim(userId, name);
        if (!granted) {
          await release(claims);
          return null;
        }
        claims.push({ key: name.key, value });
        deadlines.push(now + DEADLINE);
      }
      return { claims, deadline: deadlines.length === 0 ? null : Math.min(...deadlines) };
    },

    held: async (keys, userId) => {
      const values = await Promise.all(keys.map((key) => connection.run(HELD, [key], [])));
      return keys.flatMap((key, n) => {
        const value = values[n];
        return typeof value === "string" && parse(value).holder === userId ? [{ key, value }] : [];
      });
    },

    release,
  };
}

function readAttempt(reply: unknown): Attempt {
  const [granted, value, now] = Array.isArray(reply) ? reply : [];
  if (typeof value !== "string") throw new Error("redis: a claim is not what the store writes");
  return { granted: granted === 1, value, now: Number(now) };
}

function parse(value: unknown): { readonly since: number; readonly holder: string } {
  const [, since, holder] = /^(\d+\.\d{6}):(.*)$/s.exec(String(value)) ?? [];
  if (since === undefined || holder === undefined) {
    throw new Error("redis: a claim is not what the store writes");
  }
  return { since: Number(since), holder };
}
