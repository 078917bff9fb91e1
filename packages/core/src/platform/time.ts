/** A duration in whole seconds, the unit of every duration in the API. */
export type Seconds = number;

/** Whole seconds since 1970-01-01T00:00:00Z, as in a JWT's NumericDate (RFC 7519 section 2). */
export type EpochSeconds = number;

/** Returns `n` seconds. */
export function seconds(n: number): Seconds {
  return n;
}

/** Returns `n` minutes in seconds. */
export function minutes(n: number): Seconds {
  return n * 60;
}

/** Returns `n` hours in seconds. */
export function hours(n: number): Seconds {
  return n * 3_600;
}

/** Returns `n` days in seconds. */
export function days(n: number): Seconds {
  return n * 86_400;
}
