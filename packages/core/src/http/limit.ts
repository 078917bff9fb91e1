import type { App } from "../accounts/app.ts";
import type { Client } from "../accounts/client.ts";
import { now } from "../platform/env.ts";
import { AuthError, reportQuietly } from "../platform/errors.ts";
import {
  attemptIn,
  type Bucket,
  networkBuckets,
  type RateLimits,
  type ThrottleAttempt,
  type ThrottleStore,
} from "../throttle/throttle.ts";
import type { User } from "../users/user.ts";

/**
 * Counts one attempt in all of the buckets, or in none. Fails with `rate_limited` if one of them is full, and with
 * `store_unavailable` if the throttle store fails.
 */
export function countAttempt(
  app: App,
  buckets: readonly Bucket[],
  throttle: ThrottleStore = app.throttle,
): Promise<void> {
  return hitBuckets(app, { buckets, attempts: attemptsIn(app, buckets) }, throttle);
}

/** The attempts in buckets. Empty without limits. Each costs a digest. */
function attemptsIn({ config: { limits } }: App, buckets: readonly Bucket[]): readonly ThrottleAttempt[] {
  return limits === null ? [] : buckets.map((bucket) => attemptIn(limits, bucket));
}

interface CountedAttempt {
  readonly buckets: readonly Bucket[];
  readonly attempts: readonly ThrottleAttempt[];
}

async function hitBuckets(
  app: App,
  { buckets, attempts }: CountedAttempt,
  throttle: ThrottleStore,
): Promise<void> {
  if (attempts.length === 0) return;
  const verdict = await throttle.hit(attempts, now(app.env));
  if (verdict.allowed) return;
  const refusing = buckets[verdict.index];
  if (refusing !== undefined) app.engine.emit({ type: "throttle.refused", rule: refusing.rule });
  throw new AuthError("rate_limited", undefined, verdict.retryAfter);
}

/** Counts one attempt of a client in each of its networks, in this process, because it costs less than a call to the store. */
export function limitClientLocally(app: App, rule: keyof RateLimits, client: Client): Promise<void> {
  return countAttempt(app, networkBuckets(rule, client.networks()), app.localThrottle);
}

/** Counts one attempt, but allows it if the throttle store is down. */
export async function limitUnlessStoreDown(app: App, bucket: Bucket): Promise<void> {
  try {
    await countAttempt(app, [bucket]);
  } catch (error) {
    if (!(error instanceof AuthError) || error.code !== "store_unavailable") throw error;
    app.engine.report(error);
  }
}

/**
 * Counts an attempt before a check, so that concurrent attempts cannot exceed the rules, and gives it back unless the
 * check returns null. The buckets then hold failures and attempts in progress.
 */
export async function countFailure(
  app: App,
  buckets: readonly Bucket[],
  check: () => Promise<User | null>,
): Promise<User | null> {
  const attempts = attemptsIn(app, buckets);
  await hitBuckets(app, { buckets, attempts }, app.throttle);
  let isFailure = false;
  try {
    const result = await check();
    isFailure = result === null;
    return result;
  } finally {
    if (!isFailure) await releaseAttempts(app, attempts);
  }
}

/** Gives back one attempt in each bucket. A store that fails does not fail the request. */
export function giveBackAttempt(app: App, buckets: readonly Bucket[]): Promise<void> {
  return releaseAttempts(app, attemptsIn(app, buckets));
}

async function releaseAttempts(app: App, attempts: readonly ThrottleAttempt[]): Promise<void> {
  if (attempts.length === 0) return;
  const keys = attempts.map(({ key }) => key);
  await app.throttle.release(keys).catch(reportQuietly(app.engine.report));
}
