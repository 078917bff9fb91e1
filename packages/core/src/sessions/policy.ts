import { MAX_ACCESS_LIFETIME } from "../keys/key-ring.ts";
import type { EpochSeconds, Seconds } from "../platform/time.ts";
import type { SessionRow } from "./session.ts";

export interface RefreshPolicy {
  /** Idle life of a session; null never ends. */
  readonly lifetime: Seconds | null;
  /** Absolute life of a session; null never ends. */
  readonly maxLifetime: Seconds | null;
  readonly lease: Seconds;
  /** `validate` refreshes this long before the access token expires. */
  readonly refreshBefore: Seconds;
}

export const MIN_LEASE: Seconds = 5;
export const MAX_LEASE: Seconds = 300;

/** What is wrong with a set of lifetimes, and what to write instead. */
export interface LifetimeFault {
  readonly option: "accessLifetime" | "lease" | "refreshBefore" | "refreshLifetime" | "maxLifetime";
  readonly value: Seconds;
  readonly why: string;
}

/** Checks the bounds that keep leased rotation sound; the same for the configuration and for one session. */
export function faultOfLifetimes(access: Seconds, refresh: RefreshPolicy | null): LifetimeFault | null {
  if (access > MAX_ACCESS_LIFETIME) {
    return fault("accessLifetime", access, `must be at most ${MAX_ACCESS_LIFETIME}`);
  }
  if (refresh === null) return null;
  const { lease, refreshBefore, lifetime, maxLifetime } = refresh;
  if (lease < MIN_LEASE || lease > MAX_LEASE) {
    return fault("lease", lease, `must be from ${MIN_LEASE} to ${MAX_LEASE}`);
  }
  // The loser of a race works on its access token until the lease is over.
  if (access < 2 * lease) {
    return fault("accessLifetime", access, `must be at least twice the lease: ${2 * lease} or more`);
  }
  if (refreshBefore > access - 2 * lease) {
    const most = access - 2 * lease;
    return fault(
      "refreshBefore",
      refreshBefore,
      `must leave two leases of the access token: ${most} or less`,
    );
  }
  // An access-only answer does not move the idle expiry.
  const least = access + 2 * lease;
  if (lifetime !== null && lifetime < least) {
    return fault("refreshLifetime", lifetime, `must be the access token's and two leases: ${least} or more`);
  }
  if (maxLifetime !== null && maxLifetime < (lifetime ?? least)) {
    const floor = lifetime ?? least;
    return fault("maxLifetime", maxLifetime, `must not be below the idle lifetime: ${floor} or more`);
  }
  return null;
}

/** The default `refreshBefore`: a fifth of the access token's life, a minute at most, and always sound. */
export function defaultRefreshBefore(access: Seconds, lease: Seconds): Seconds {
  return Math.max(0, Math.min(60, Math.floor(access / 5), access - 2 * lease));
}

/** When an access token minted at `now` expires: never beyond the session's absolute expiry. */
export function accessExpiry(
  row: Pick<SessionRow, "accessLifetime" | "absoluteExpiresAt">,
  now: EpochSeconds,
): EpochSeconds {
  return Math.min(now + row.accessLifetime, row.absoluteExpiresAt ?? Number.POSITIVE_INFINITY);
}

function fault(option: LifetimeFault["option"], value: Seconds, why: string): LifetimeFault {
  return { option, value, why };
}
