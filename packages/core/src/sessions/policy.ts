import { MAX_ACCESS_LIFETIME, type Seconds, writtenDuration } from "../platform/time.ts";

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

/** The values that bound each other. */
type LifetimeOption = "accessLifetime" | "lease" | "refreshBefore" | "refreshLifetime" | "maxLifetime";

/** What the application calls each of them. */
type LifetimeNames = Readonly<Record<LifetimeOption, string>>;

/** The names in the configuration. */
export const CONFIGURED_NAMES: LifetimeNames = {
  accessLifetime: "accessToken.lifetime",
  lease: "refreshToken.lease",
  refreshBefore: "refreshToken.refreshBefore",
  refreshLifetime: "refreshToken.lifetime",
  maxLifetime: "refreshToken.maxLifetime",
};

/** What is wrong with a set of lifetimes, and what to write instead. */
export interface LifetimeFault {
  readonly option: LifetimeOption;
  readonly value: Seconds;
  readonly why: string;
}

/** Checks the bounds that keep leased rotation sound; the same for the configuration and for one session. */
export function faultOfLifetimes(
  access: Seconds,
  refresh: RefreshPolicy | null,
  names: LifetimeNames = CONFIGURED_NAMES,
): LifetimeFault | null {
  if (access > MAX_ACCESS_LIFETIME) {
    return fault("accessLifetime", access, atMost("", MAX_ACCESS_LIFETIME));
  }
  if (refresh === null) return null;
  const { lease, refreshBefore, lifetime, maxLifetime } = refresh;
  if (lease < MIN_LEASE || lease > MAX_LEASE) {
    return fault(
      "lease",
      lease,
      `must be from ${MIN_LEASE} to ${MAX_LEASE} seconds: leave it out for minutes(1)`,
    );
  }
  const leases = `2 × ${names.lease}`;
  // The loser of a race works on its access token until the lease is over.
  if (access < 2 * lease) return fault("accessLifetime", access, atLeast(leases, 2 * lease));
  if (refreshBefore > access - 2 * lease) {
    const most = atMost(`${names.accessLifetime} - ${leases}`, access - 2 * lease);
    return fault("refreshBefore", refreshBefore, most);
  }
  return faultOfEnds({ lifetime, maxLifetime }, access + 2 * lease, {
    ...names,
    least: `${names.accessLifetime} + ${leases}`,
  });
}

// An access-only answer does not move the idle expiry.
function faultOfEnds(
  { lifetime, maxLifetime }: Pick<RefreshPolicy, "lifetime" | "maxLifetime">,
  least: Seconds,
  names: { readonly refreshLifetime: string; readonly least: string },
): LifetimeFault | null {
  if (lifetime !== null && lifetime < least) {
    return fault("refreshLifetime", lifetime, `${atLeast(names.least, least)}, or null for no end`);
  }
  const floor = lifetime ?? least;
  if (maxLifetime === null || maxLifetime >= floor) return null;
  const bound = atLeast(lifetime === null ? names.least : names.refreshLifetime, floor);
  return fault("maxLifetime", maxLifetime, `${bound}, or null for no end`);
}

function atLeast(bound: string, duration: Seconds): string {
  return `must be at least ${bound} (${duration} seconds): write ${writtenDuration(duration)} or more`;
}

function atMost(bound: string, duration: Seconds): string {
  const limit = bound === "" ? `${duration} seconds` : `${bound} (${duration} seconds)`;
  return `must be at most ${limit}: write ${writtenDuration(duration)} or less`;
}

/** The default `refreshBefore`: a fifth of the access lifetime, at most a minute, and within the bounds. */
export function defaultRefreshBefore(access: Seconds, lease: Seconds): Seconds {
  return Math.max(0, Math.min(60, Math.floor(access / 5), access - 2 * lease));
}

function fault(option: LifetimeOption, value: Seconds, why: string): LifetimeFault {
  return { option, value, why };
}
