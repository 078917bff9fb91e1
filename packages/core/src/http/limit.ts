import type { App } from "../accounts/app.ts";
import type { Client } from "../accounts/client.ts";
import { labelledHash } from "../platform/digest.ts";
import { toBase64url, utf8 } from "../platform/encoding.ts";
import { now } from "../platform/env.ts";
import { AuthError, reportQuietly } from "../platform/errors.ts";
import { type RateLimits, type ThrottleStore, widenRule } from "../throttle/throttle.ts";

/** Counts one attempt on a subject. Fails with `rate_limited` beyond the rule, and if the throttle store fails. */
export async function limit(app: App, rule: keyof RateLimits, ...subject: readonly string[]): Promise<void> {
  await countAttempts(app, app.throttle, [{ rule, subject, width: 0 }]);
}

/**
 * Counts one attempt of a client in each network of its address. If a network refuses the attempt, none counts it.
 * Otherwise one client could use up the attempts of its whole network.
 */
export async function limitClient(
  app: App,
  rule: keyof RateLimits,
  client: Client,
  ...subject: readonly string[]
): Promise<void> {
  await countAttempts(app, app.throttle, attemptsOf(rule, client, subject));
}

/** Like `limitClient`, but counts in this process, for attempts that cost less than a call to the store. */
export async function limitClientLocally(app: App, rule: keyof RateLimits, client: Client): Promise<void> {
  await countAttempts(app, app.localThrottle, attemptsOf(rule, client, []));
}

/** Counts one attempt on a subject, but allows it if the throttle store is down. */
export async function limitUnlessStoreDown(
  app: App,
  rule: keyof RateLimits,
  ...subject: readonly string[]
): Promise<void> {
  try {
    await limit(app, rule, ...subject);
  } catch (error) {
    if (!(error instanceof AuthError) || error.code !== "store_unavailable") throw error;
    app.engine.report(error);
  }
}

/** Gives back the attempt of a client on an account after a sign-in. A failing store does not fail the sign-in. */
export async function releaseSignIn(app: App, client: Client, account: string): Promise<void> {
  if (app.config.limits === null) return;
  const attempts = attemptsOf("account", client, [account]);
  const keys = [...attempts.map(keyOf), keyOf({ rule: "accountTotal", subject: [account] })];
  await app.throttle.release(keys).catch(reportQuietly(app.engine.report));
}

interface Attempt {
  readonly rule: keyof RateLimits;
  readonly subject: readonly string[];
  /** The index of the network; 0 is the narrowest. */
  readonly width: number;
}

/** None for a client without a known address: a limit that such clients share would lock all of them out at once. */
function attemptsOf(rule: keyof RateLimits, client: Client, subject: readonly string[]): readonly Attempt[] {
  return client.networks().map((network, width) => ({ rule, subject: [...subject, network], width }));
}

async function countAttempts(app: App, throttle: ThrottleStore, attempts: readonly Attempt[]): Promise<void> {
  const {
    config: { limits },
    env,
  } = app;
  if (limits === null || attempts.length === 0) return;
  const counted = attempts.map((attempt) => {
    return { key: keyOf(attempt), rule: widenRule(limits, attempt.rule, attempt.width) };
  });
  const verdict = await throttle.hit(counted, now(env));
  if (verdict.allowed) return;
  const refusing = attempts[verdict.index];
  if (refusing !== undefined) app.engine.emit({ type: "throttle.refused", rule: refusing.rule });
  throw new AuthError("rate_limited", undefined, verdict.retryAfter);
}

// The key is a digest, so that the store holds no account and no address.
function keyOf({ rule, subject }: Pick<Attempt, "rule" | "subject">): string {
  return toBase64url(labelledHash("throttle", utf8(JSON.stringify([rule, ...subject]))));
}
