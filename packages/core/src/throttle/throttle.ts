import { type EpochSeconds, minutes, type Seconds } from "../platform/time.ts";

/** At most `limit` attempts in a window, which begins with the first attempt. */
export interface ThrottleRule {
  readonly limit: number;
  readonly window: Seconds;
}

/** The stored counter of one key. */
export interface ThrottleRow {
  readonly count: number;
  readonly since: EpochSeconds;
}

/** Whether an attempt is allowed, and if not, when to try again. */
export type ThrottleVerdict =
  | { readonly allowed: true }
  | { readonly allowed: false; readonly retryAfter: Seconds };

/** Decides one attempt. Pure; every store must give the same result. A refused attempt is not counted. */
export function decideThrottle(
  row: ThrottleRow | null,
  rule: ThrottleRule,
  now: EpochSeconds,
): { readonly verdict: ThrottleVerdict; readonly row: ThrottleRow } {
  if (row === null || isWindowVoid(row, rule, now))
    return { verdict: { allowed: true }, row: { count: 1, since: now } };
  if (row.count < rule.limit) return { verdict: { allowed: true }, row: { ...row, count: row.count + 1 } };
  return { verdict: { allowed: false, retryAfter: row.since + rule.window - now }, row };
}

// Clocks of servers differ a little, so a window may begin slightly ahead. One that begins far ahead is void.
function isWindowVoid({ since }: ThrottleRow, { window }: ThrottleRule, now: EpochSeconds): boolean {
  const age = now - since;
  return age >= window || age < -window;
}

/** The rules for each kind of attempt. */
export interface RateLimits {
  /** Failed sign-ins, by account and client. */
  readonly account: ThrottleRule;
  /** Failed sign-ins, by account over all clients. */
  readonly accountTotal: ThrottleRule;
  /** Sign-ins, by client. */
  readonly signIn: ThrottleRule;
  /** Sign-ups, by client. */
  readonly signUp: ThrottleRule;
  /** Refreshes that give no refresh token, by the session that the token proved. */
  readonly refresh: ThrottleRule;
  /** Refreshes whose token proves no session, by client and in each process. They refuse no token that proves one. */
  readonly unprovenRefresh: ThrottleRule;
}

export const defaultLimits: RateLimits = {
  account: { limit: 10, window: minutes(15) },
  // OWASP ASVS 5.0 6.3.1, NIST SP 800-63B-4 3.2.2: at most 100 consecutive failures.
  accountTotal: { limit: 100, window: minutes(15) },
  signIn: { limit: 100, window: minutes(1) },
  signUp: { limit: 20, window: minutes(1) },
  refresh: { limit: 600, window: minutes(1) },
  unprovenRefresh: { limit: 300, window: minutes(1) },
};

/** The factor by which each wider network of a client has more attempts. */
const WIDENING_FACTORS: Readonly<Record<keyof RateLimits, number>> = {
  account: 2,
  accountTotal: 1,
  signIn: 4,
  signUp: 4,
  refresh: 1,
  unprovenRefresh: 4,
};

/** Returns the rule for a network of a client. The narrowest network is 0, and each wider one has more attempts. */
export function widenRule(limits: RateLimits, name: keyof RateLimits, width: number): ThrottleRule {
  const { limit, window } = limits[name];
  return { limit: limit * WIDENING_FACTORS[name] ** width, window };
}

/** The store of attempts. Keys are digests. A store may delete a row after its window has ended. */
export interface ThrottleStore {
  /** Counts one attempt by `decideThrottle`, in one atomic step. */
  hit(key: string, rule: ThrottleRule, now: EpochSeconds): Promise<ThrottleVerdict>;

  /** Deletes the counter of a key. */
  reset(key: string): Promise<void>;
}

/** The oldest keys are deleted beyond this number, so that an attacker cannot fill the memory of the process. */
const MAX_KEYS = 100_000;
const KEYS_AFTER_EVICTION = 90_000;

interface KeptRow extends ThrottleRow {
  readonly until: EpochSeconds;
}

/** Counts attempts in this process alone. */
export function localThrottle(): ThrottleStore {
  const rows = new Map<string, KeptRow>();
  return {
    hit: async (key, rule, now) => {
      const { verdict, row } = decideThrottle(rows.get(key) ?? null, rule, now);
      rows.delete(key);
      rows.set(key, { ...row, until: row.since + rule.window });
      if (rows.size > MAX_KEYS) evictOldest(rows, now);
      return verdict;
    },

    reset: async (key) => {
      rows.delete(key);
    },
  };
}

function evictOldest(rows: Map<string, KeptRow>, now: EpochSeconds): void {
  for (const [key, { until }] of rows) if (until <= now) rows.delete(key);
  for (const key of rows.keys()) {
    if (rows.size <= KEYS_AFTER_EVICTION) return;
    rows.delete(key);
  }
}

const MAX = 64;

/** The prefix lengths of the counted IPv6 networks: from one subnet to the most that one subscriber gets. */
const PREFIXES = [64, 56, 48] as const;

/**
 * Lists the networks of a client's address for the counters, the narrowest first: the IPv4 address, or the /64, the /56
 * and the /48 of an IPv6 address. One subscriber may have a whole /48. Empty for an invalid address.
 */
export function clientNetworks(address: string | null): readonly string[] {
  if (address === null || address.length > MAX) return [];
  const text = address.trim();
  const bare = /^\[([^\]]+)\](?::\d+)?$/.exec(text)?.[1] ?? text.replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, "$1");
  return bare.includes(":") ? networksOf6(bare.replace(/%.*$/, "")) : addressOf4(bare);
}

function addressOf4(text: string): readonly string[] {
  const parts = text.split(".");
  const isSound =
    parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256);
  return isSound ? [text] : [];
}

function networksOf6(text: string): readonly string[] {
  const host = /^[\da-f:.]+$/i.test(text) ? URL.parse(`http://[${text}]`)?.hostname.slice(1, -1) : undefined;
  if (host === undefined) return [];
  // RFC 4291 2.2: the URL parser returns the canonical form. This expands the "::".
  const [head = "", tail] = host.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const groups = [...left, ...Array<string>(8 - left.length - right.length).fill("0"), ...right];
  const mapped = mappedAddress(groups);
  return mapped === null ? PREFIXES.map((bits) => networkOf(groups, bits)) : [mapped];
}

function networkOf(groups: readonly string[], bits: number): string {
  const kept = groups.slice(0, 4).map((group, index) => {
    const most = Math.min(Math.max(bits - 16 * index, 0), 16);
    return (Number.parseInt(group, 16) & (0xffff << (16 - most)) & 0xffff).toString(16);
  });
  return `${kept.join(":")}::/${bits}`;
}

// RFC 4291 2.5.5.2: a dual-stack socket shows an IPv4 client as a mapped IPv6 address.
function mappedAddress(groups: readonly string[]): string | null {
  const [high, low] = groups.slice(6).map((group) => Number.parseInt(group, 16));
  const isMapped = groups.slice(0, 5).every((group) => group === "0") && groups[5] === "ffff";
  if (!isMapped || high === undefined || low === undefined) return null;
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join(".");
}
