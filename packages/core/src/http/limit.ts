import type { App } from "../accounts/app.ts";
import { toBase64url, utf8 } from "../platform/bytes.ts";
import { labelledHash } from "../platform/digest.ts";
import { now } from "../platform/env.ts";
import { AuthError } from "../platform/errors.ts";
import { clientNetworks } from "../throttle/address.ts";
import { type RateLimits, type ThrottleStore, widenRule } from "../throttle/throttle.ts";

/** Counts one attempt on a subject, and fails with `rate_limited` beyond the rule. A throttle that is down fails it too. */
export async function limit(app: App, rule: keyof RateLimits, ...subject: readonly string[]): Promise<void> {
  await countAttempt(app, app.throttle, { rule, subject, width: 0 });
}

/**
 * The same by the client: by each network that its address is in, the narrowest first. An attempt that one of them
 * refuses is not counted in the wider ones, or one client could use up what others share.
 */
export async function limitClient(
  app: App,
  rule: keyof RateLimits,
  request: Request,
  ...subject: readonly string[]
): Promise<void> {
  for (const attempt of attemptsOf(app, rule, request, subject))
    await countAttempt(app, app.throttle, attempt);
}

/** The same, counted in this process: for what costs less than a call to the store would. */
export async function limitClientLocally(app: App, rule: keyof RateLimits, request: Request): Promise<void> {
  for (const attempt of attemptsOf(app, rule, request, []))
    await countAttempt(app, app.localThrottle, attempt);
}

/** Counts one attempt on a subject, but lets it pass where the throttle is down. */
export async function limitUnlessStoreDown(
  app: App,
  rule: keyof RateLimits,
  ...subject: readonly string[]
): Promise<void> {
  try {
    await limit(app, rule, ...subject);
  } catch (error) {
    if (!(error instanceof AuthError) || error.code !== "store_unavailable") throw error;
  }
}

/** Forgets the failures of a client on an account that it has just signed in to; a store that fails to fails no sign-in. */
export async function resetFailures(app: App, request: Request, account: string): Promise<void> {
  if (app.config.limits === null) return;
  const attempts = attemptsOf(app, "account", request, [account]);
  const keys = [...attempts.map(keyOf), keyOf({ rule: "accountTotal", subject: [account] })];
  await Promise.all(keys.map((key) => app.throttle.reset(key).catch(() => undefined)));
}

interface Attempt {
  readonly rule: keyof RateLimits;
  readonly subject: readonly string[];
  /** How wide the network is that is counted; 0 is the narrowest. */
  readonly width: number;
}

/** All clients whose address is unknown are one client. */
function attemptsOf(
  app: App,
  rule: keyof RateLimits,
  request: Request,
  subject: readonly string[],
): readonly Attempt[] {
  const networks = clientNetworks(app.deviceOf(request).address);
  return (networks.length === 0 ? ["unknown"] : networks).map((network, width) => {
    return { rule, subject: [...subject, network], width };
  });
}

async function countAttempt(app: App, throttle: ThrottleStore, attempt: Attempt): Promise<void> {
  const {
    config: { limits },
    env,
  } = app;
  if (limits === null) return;
  const { rule, width } = attempt;
  const verdict = await throttle.hit(keyOf(attempt), widenRule(limits, rule, width), now(env));
  if (verdict.allowed) return;
  app.engine.emit({ type: "throttle.refused", rule });
  throw new AuthError("rate_limited", undefined, verdict.retryAfter);
}

// A digest: what is counted names no account and no address.
function keyOf({ rule, subject }: Pick<Attempt, "rule" | "subject">): string {
  return toBase64url(labelledHash("throttle", utf8(JSON.stringify([rule, ...subject]))));
}
