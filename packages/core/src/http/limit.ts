import type { App } from "../accounts/app.ts";
import type { Client } from "../accounts/client.ts";
import { now } from "../platform/env.ts";
import { AuthError, reportQuietly } from "../platform/errors.ts";
import {
  attemptIn,
  type Bucket,
  keyOf,
  networkBuckets,
  type RateLimits,
  type ThrottleStore,
} from "../throttle/throttle.ts";
import type { User } from "../users/user.ts";

/**
 * Counts one attempt in all of the buckets, or in none. Fails with `rate_limited` if one of them is full, and with
 * `store_unavailable` if the throttle store fails.
 */
export async function countAttempt(
  app: App,
  buckets: readonly Bucket[],
  throttle: ThrottleStore = app.throttle,
): Promise<void> {
  const {
    config: { limits },
    env,
  } = app;
  if (limits === null || buckets.length === 0) return;
  const verdict = await throttle.hit(
    buckets.map((bucket) => attemptIn(limits, bucket)),
    now(env),
  );
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
  await countAttempt(app, buckets);
  let isFailure = false;
  try {
    const result = await check();
    isFailure = result === null;
    return result;
  } finally {
    if (!isFailure) await giveBackAttempt(app, buckets);
  }
}

/** Gives back one attempt in each bucket. A store that fails does not fail the request. */
export async function giveBackAttempt(app: App, buckets: readonly Bucket[]): Promise<void> {
  if (app.config.limits === null || buckets.length === 0) return;
  await app.throttle.release(buckets.map(keyOf)).catch(reportQuietly(app.engine.report));
}
