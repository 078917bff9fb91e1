import type { App } from "../app/app.ts";
import { toBase64url, utf8 } from "../bytes.ts";
import { labelledHash } from "../digest.ts";
import { now } from "../env.ts";
import { AuthError } from "../errors.ts";
import { clientNetwork } from "../throttle/address.ts";
import type { RateLimits } from "../throttle/limits.ts";
import type { User } from "../users/store.ts";

/** Counts one attempt, and fails with `rate_limited` beyond the rule. Closed: a store that is down fails it as well. */
export async function limit<Context, U extends User>(
  app: App<Context, U>,
  rule: keyof RateLimits,
  ...subject: readonly string[]
): Promise<void> {
  const { limits, env } = app.config;
  if (limits === null) return;
  const verdict = await app.throttle.hit(keyOf(rule, subject), limits[rule], now(env));
  if (verdict.allowed) return;
  app.engine.emit({ type: "throttle.refused", rule });
  throw new AuthError("rate_limited", undefined, verdict.retryAfter);
}

/** The same, but open: where the throttle is down, the attempt goes on. */
export async function limitIfAble<Context, U extends User>(
  app: App<Context, U>,
  rule: keyof RateLimits,
  ...subject: readonly string[]
): Promise<void> {
  try {
    await limit(app, rule, ...subject);
  } catch (error) {
    if (!(error instanceof AuthError) || error.code !== "store_unavailable") throw error;
  }
}

/** Forgets the attempts on a subject; a store that fails to costs nobody a sign-in. */
export async function forgive<Context, U extends User>(
  app: App<Context, U>,
  rule: keyof RateLimits,
  ...subject: readonly string[]
): Promise<void> {
  if (app.config.limits !== null) await app.throttle.reset(keyOf(rule, subject)).catch(() => undefined);
}

/** Who is behind a request, as far as attempts are counted: all whose address is unknown share one bucket. */
export function clientOf<Context, U extends User>(app: App<Context, U>, request: Request): string {
  return clientNetwork(app.deviceOf(request).address) ?? "unknown";
}

// A digest: what is counted names nobody.
function keyOf(rule: keyof RateLimits, subject: readonly string[]): string {
  return toBase64url(labelledHash("throttle", utf8(JSON.stringify([rule, ...subject]))));
}
