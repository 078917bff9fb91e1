import { MAX_ACCESS_LIFETIME } from "../keys/key-ring.ts";
import type { EpochSeconds, Seconds } from "../platform/time.ts";
import type { SessionRow } from "./session.ts";

export interface RefreshPolicy {
  /** Idle lifetime of a session; null means no idle expiry. */
  readonly lifetime: Seconds | null;
  /** Absolute lifetime of a session; null means no absolute expiry. */
  readonly maxLifetime: Seconds | null;
  readonly lease: Seconds;
  /** `validate` refreshes this long before the access token expires. */
  readonly refreshBefore: Seconds;
}

export const MIN_LEASE: Seconds = 5;
export const MAX_LEASE: Seconds = 300;

/** An invalid lifetime, and the bound that it must meet. */
export interface LifetimeFault {
  readonly option: "accessLifetime" | "lease" | "refreshBefore" | "refreshLifetime" | "maxLifetime";
  readonly value: Seconds;
  readonly why: string;
}

/** Checks the bounds that leased rotation needs, for the configuration or for one session. */
export function faultOfLifetimes(access: Seconds, refresh: RefreshPolicy | null): LifetimeFault | null {
  if (access > MAX_ACCESS_LIFETIME) {
    return fault("accessLifetime", access, `must be at most ${MAX_ACCESS_LIFETIME}`);
  }
  if (refresh === null) return null;
  const { lease, refreshBefore, lifetime, maxLifetime } = refresh;
  if (lease < MIN_LEASE || lease > MAX_LEASE) {
    return fault("lease", lease, `must be from ${MIN_LEASE} to ${MAX_LEASE}`);
  }
  // The loser of a rotation race uses its access token until the lease ends.
  if (access < 2 * lease) {
    return fault("accessLifetime", access, `must be at least 2 × lease (${2 * lease} seconds)`);
  }
  if (refreshBefore > access - 2 * lease) {
    const most = access - 2 * lease;
    return fault(
      "refreshBefore",
      refreshBefore,
      `must be at most accessToken.lifetime - 2 × lease (${most} seconds)`,
    );
  }
  // An access-only response does not extend the idle expiry.
  const least = access + 2 * lease;
  if (lifetime !== null && lifetime < least) {
    return fault(
      "refreshLifetime",
      lifetime,
      `must be at least accessToken.lifetime + 2 × lease (${least} seconds)`,
    );
  }
  if (maxLifetime !== null && maxLifetime < (lifetime ?? least)) {
    const bound =
      lifetime === null
        ? `accessToken.lifetime + 2 × lease (${least} seconds)`
        : `the idle lifetime (${lifetime} seconds)`;
    return fault("maxLifetime", maxLifetime, `must be at least ${bound}`);
  }
  return null;
}

/** The default `refreshBefore`: a fifth of the access lifetime, at most a minute, and within the bounds. */
export function defaultRefreshBefore(access: Seconds, lease: Seconds): Seconds {
  return Math.max(0, Math.min(60, Math.floor(access / 5), access - 2 * lease));
}

/** Computes the expiry of an access token minted at `now`. It is never later than the session's absolute expiry. */
export function accessExpiry(
  row: Pick<SessionRow, "accessLifetime" | "absoluteExpiresAt">,
  now: EpochSeconds,
): EpochSeconds {
  return Math.min(now + row.accessLifetime, row.absoluteExpiresAt ?? Number.POSITIVE_INFINITY);
}

function fault(option: LifetimeFault["option"], value: Seconds, why: string): LifetimeFault {
  return { option, value, why };
}
