import { labelledDigest } from "../platform/digest.ts";
import { utf8 } from "../platform/encoding.ts";
import { type EpochSeconds, hours, minutes, type Seconds } from "../platform/time.ts";

/** At most `limit` attempts in a window, which begins with the first attempt. */
export interface ThrottleRule {
  readonly limit: number;
  readonly window: Seconds;
}

/** The stored counter of one key. One without attempts is the same as none. */
export interface ThrottleRow {
  readonly count: number;
  readonly since: EpochSeconds;
}

/** One attempt in the bucket of a key. */
export interface ThrottleAttempt {
  readonly key: string;
  readonly rule: ThrottleRule;
}

/** Whether an attempt is allowed, and if not, when to try again and the index of the first bucket that refuses it. */
export type ThrottleVerdict =
  | { readonly allowed: true }
  | { readonly allowed: false; readonly retryAfter: Seconds; readonly index: number };

/** The stored counters of the attempts of one call, in their order; null for a key without a counter. */
export type ThrottleRows = readonly (ThrottleRow | null)[];

/**
 * Decides one attempt in several buckets: it is counted in all of them, or in none if one of them refuses it. Pure; every
 * store must give the same result.
 */
export function decideThrottle(
  rows: ThrottleRows,
  attempts: readonly ThrottleAttempt[],
  now: EpochSeconds,
): { readonly verdict: ThrottleVerdict; readonly rows: ThrottleRows } {
  const verdict = throttleVerdict(
    attempts.map(({ rule }, index) => secondsToWait(rows[index] ?? null, rule, now)),
  );
  if (!verdict.allowed) return { verdict, rows };
  return { verdict, rows: attempts.map(({ rule }, index) => countAttempt(rows[index] ?? null, rule, now)) };
}

/** Makes the verdict on an attempt from the seconds that each bucket makes it wait; 0 if the bucket allows it. */
export function throttleVerdict(waits: readonly Seconds[]): ThrottleVerdict {
  const index = waits.findIndex((wait) => wait > 0);
  return index < 0 ? { allowed: true } : { allowed: false, retryAfter: Math.max(...waits), index };
}

/** Gives back one attempt, of a sign-in that succeeded. Null if none is left. */
export function releaseAttempt(row: ThrottleRow): ThrottleRow | null {
  return row.count > 1 ? { ...row, count: row.count - 1 } : null;
}

function secondsToWait(row: ThrottleRow | null, rule: ThrottleRule, now: EpochSeconds): Seconds {
  if (row === null || isWindowVoid(row, rule, now) || row.count < rule.limit) return 0;
  return row.since + rule.window - now;
}

function countAttempt(row: ThrottleRow | null, rule: ThrottleRule, now: EpochSeconds): ThrottleRow {
  if (row === null || isWindowVoid(row, rule, now)) return { count: 1, since: now };
  return { ...row, count: row.count + 1 };
}

// Clocks of servers differ a little, so a window may begin slightly ahead. One that begins far ahead is void.
function isWindowVoid({ count, since }: ThrottleRow, { window }: ThrottleRule, now: EpochSeconds): boolean {
  const age = now - since;
  return count === 0 || age >= window || age < -window;
}

/**
 * The store of attempts. Keys are digests, and those of one call differ. A store may delete a row after its window has
 * ended.
 */
export interface ThrottleStore {
  /**
   * Counts one attempt in all of the buckets, or in none, by `decideThrottle`, in one atomic step. If the buckets are on
   * several servers, `hitEach` counts in each and gives back after a refusal. Then a concurrent attempt may be refused
   * too early, and never allowed beyond a limit.
   */
  hit(attempts: readonly ThrottleAttempt[], now: EpochSeconds): Promise<ThrottleVerdict>;

  /**
   * Gives back one attempt in each bucket by `releaseAttempt`. A key without a counter changes nothing. An attempt that is
   * given back after its window has ended is taken from the next window.
   */
  release(keys: readonly string[]): Promise<void>;
}

/**
 * Counts an attempt in buckets that no single step covers: in each by itself, at the same time. `hit` returns the seconds
 * to wait, 0 if it counted. If a bucket refuses or fails, the others are given back.
 */
export async function hitEach(
  attempts: readonly ThrottleAttempt[],
  hit: (attempt: ThrottleAttempt) => Promise<Seconds>,
  release: (keys: readonly string[]) => Promise<void>,
): Promise<ThrottleVerdict> {
  const results = await Promise.allSettled(attempts.map(hit));
  const failure = results.find((result) => result.status === "rejected");
  const waits = results.map((result) => (result.status === "fulfilled" ? result.value : 1));
  const verdict = throttleVerdict(waits);
  if (verdict.allowed) return verdict;
  const counted = attempts.filter((_, index) => waits[index] === 0).map(({ key }) => key);
  if (counted.length > 0) await release(counted);
  if (failure !== undefined) throw failure.reason;
  return verdict;
}

/** The rules for each kind of attempt. A client network is an IPv4 address, or the /64, /56 and /48 of an IPv6 address. */
export interface RateLimits {
  /** Failed sign-ins of a browser in which the user has signed in before, by its device cookie. No other rule counts them. Default 10 in 15 minutes. */
  readonly device: ThrottleRule;
  /** Failed sign-ins of all other clients, by account and client network. Default 10 in 15 minutes. */
  readonly account: ThrottleRule;
  /** Failed sign-ins of all other clients, by account. Default 100 in 15 minutes. */
  readonly accountTotal: ThrottleRule;
  /** Failed sign-ins of all other clients, and starts of flows with a provider, by client network. Default 100 in a minute. */
  readonly signIn: ThrottleRule;
  /** Sign-ups, by client network. Default 20 in a minute. */
  readonly signUp: ThrottleRule;
  /**
   * Sign-ups with one email or username, messages of one kind to one address, and sign-outs by one session that fail sign-ins in
   * progress. Default 5 in an hour.
   */
  readonly mailbox: ThrottleRule;
  /** Requests for a message, by client network. Default 20 in a minute. */
  readonly mail: ThrottleRule;
  /** Refreshes that give no refresh token, by the session that the token proved. Default 600 in a minute. */
  readonly refresh: ThrottleRule;
  /** Refreshes whose token proves no session, by client network and in each process. They refuse no token that proves one. Default 300 in a minute. */
  readonly unprovenRefresh: ThrottleRule;
}

export const defaultLimits: RateLimits = {
  device: { limit: 10, window: minutes(15) },
  account: { limit: 10, window: minutes(15) },
  // OWASP ASVS 5.0 6.3.1, NIST SP 800-63B-4 3.2.2: at most 100 consecutive failures.
  accountTotal: { limit: 100, window: minutes(15) },
  signIn: { limit: 100, window: minutes(1) },
  signUp: { limit: 20, window: minutes(1) },
  mailbox: { limit: 5, window: hours(1) },
  mail: { limit: 20, window: minutes(1) },
  refresh: { limit: 600, window: minutes(1) },
  unprovenRefresh: { limit: 300, window: minutes(1) },
};

/** The factor by which each wider network of a client has more attempts. */
const WIDENING_FACTORS: Readonly<Record<keyof RateLimits, number>> = {
  device: 1,
  account: 2,
  accountTotal: 1,
  signIn: 4,
  signUp: 4,
  mailbox: 1,
  mail: 4,
  refresh: 1,
  unprovenRefresh: 4,
};

/** A rule, and the subject whose attempts it counts. */
export interface Bucket {
  readonly rule: keyof RateLimits;
  readonly subject: readonly string[];
  /** The index of the client's network, 0 for the narrowest. Each wider network has more attempts. */
  readonly width: number;
}

export function bucketOf(rule: keyof RateLimits, ...subject: readonly string[]): Bucket {
  return { rule, subject, width: 0 };
}

/**
 * Makes a bucket for each network of a client. None for a client without a known address: a bucket that such clients share
 * would lock all of them out at once.
 */
export function networkBuckets(
  rule: keyof RateLimits,
  networks: readonly string[],
  ...subject: readonly string[]
): readonly Bucket[] {
  return networks.map((network, width) => ({ rule, subject: [...subject, network], width }));
}

/** A sign-in with a password. */
export interface PasswordAttempt {
  readonly account: string;
  /** The id of the device, if the user has signed in with it before. */
  readonly device: string | null;
  readonly networks: () => readonly string[];
}

/**
 * Chooses the buckets of a sign-in with a password. A device that the user has signed in with has one of its own, and
 * counts in no other, so no attempt of another client can lock it out (OWASP, "Slow down online guessing attacks with
 * device cookies"). There is no bucket of all accounts, and none of all clients.
 */
export function signInBuckets({ account, device, networks }: PasswordAttempt): readonly Bucket[] {
  if (device !== null) return [bucketOf("device", device)];
  const known = networks();
  return [
    bucketOf("accountTotal", account),
    ...networkBuckets("account", known, account),
    ...networkBuckets("signIn", known),
  ];
}

/** Makes the attempt of a bucket. The key is a digest, so that the store holds no account and no address. */
export function attemptIn(limits: RateLimits, bucket: Bucket): ThrottleAttempt {
  const { limit, window } = limits[bucket.rule];
  const widened = limit * WIDENING_FACTORS[bucket.rule] ** bucket.width;
  return { key: keyOf(bucket), rule: { limit: widened, window } };
}

/** Names a bucket in the store. */
function keyOf({ rule, subject }: Bucket): string {
  return labelledDigest("throttle", utf8(JSON.stringify([rule, ...subject])));
}
