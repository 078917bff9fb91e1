import type { Connection } from "./connection.ts";

/** Long enough for whoever holds a claim to make good on it; then nobody may any more. */
const DEADLINE = 30;
/** Longer than the deadline by more than the clocks of two servers differ. */
const STALE = 60;

const CLAIM = `
local held = redis.call('GET', KEYS[1])
local now = redis.call('TIME')[1]
if held and held ~= ARGV[2] then return { 0, held, now } end
redis.call('SET', KEYS[1], now .. ':' .. ARGV[1])
return { 1, ARGV[1], now }`;

const RELEASE = `
local held = redis.call('GET', KEYS[1])
if held and string.match(held, '^%d+:(.*)$') == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`;

const HOLDER = "return redis.call('GET', KEYS[1])";

/**
 * Names that one user holds at most: an e-mail address, an account. Each is in a slot of its own, so it is claimed
 * before the user's row is written. The row is the truth: a claim that no row bears out is void after a minute.
 */
export interface Claims {
  /** Who claims a name, whether or not a row bears it out. */
  holder(key: string): Promise<string | null>;
  /**
   * Claims all of the names or none. Returns the server's time until which the row may be written, infinite without
   * names, or null where one is taken.
   */
  claimAll(userId: string, names: readonly Claimed[]): Promise<number | null>;
  /** Gives back what of these names the user claims. */
  release(keys: readonly string[], userId: string): Promise<void>;
}

export interface Claimed {
  readonly key: string;
  /** Whether a user's row bears the claim out. */
  readonly isHeldBy: (userId: string) => Promise<boolean>;
}

export function redisClaims(connection: Connection): Claims {
  const attempt = async (key: string, userId: string, instead: string): Promise<Attempt> =>
    read(await connection.run(CLAIM, [key], [userId, instead]));

  const claim = async (userId: string, { key, isHeldBy }: Claimed): Promise<number | null> => {
    const first = await attempt(key, userId, "");
    if (first.granted) return first.now + DEADLINE;
    const { since, holder } = parse(first.held);
    if (first.now - since < STALE || (await isHeldBy(holder))) return null;
    const second = await attempt(key, userId, first.held);
    return second.granted ? second.now + DEADLINE : null;
  };

  const release = async (keys: readonly string[], userId: string): Promise<void> => {
    for (const key of keys) await connection.run(RELEASE, [key], [userId]);
  };

  return {
    holder: async (key) => {
      const held = await connection.run(HOLDER, [key], []);
      return held === null ? null : parse(held).holder;
    },

    claimAll: async (userId, names) => {
      let deadline = Infinity;
      for (const [n, name] of names.entries()) {
        const until = await claim(userId, name);
        if (until === null) {
          await release(
            names.slice(0, n).map(({ key }) => key),
            userId,
          );
          return null;
        }
        deadline = Math.min(deadline, until);
      }
      return deadline;
    },

    release,
  };
}

interface Attempt {
  readonly granted: boolean;
  readonly held: string;
  readonly now: number;
}

function read(reply: unknown): Attempt {
  const [granted, held, now] = Array.isArray(reply) ? reply : [];
  if (typeof held !== "string") throw new Error("redis: a claim is not what the store writes");
  return { granted: granted === 1, held, now: Number(now) };
}

function parse(held: unknown): { readonly since: number; readonly holder: string } {
  const [, since, holder] = /^(\d+):(.*)$/s.exec(String(held)) ?? [];
  if (since === undefined || holder === undefined) {
    throw new Error("redis: a claim is not what the store writes");
  }
  return { since: Number(since), holder };
}
