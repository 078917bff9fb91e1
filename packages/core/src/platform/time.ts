/** A span of whole seconds. Every duration in the API is one. A plain number fits; a point in time does not. */
export type Seconds = number & { readonly brand?: "Seconds" };

/** Whole seconds since 1970-01-01T00:00:00Z, as in a JWT's NumericDate (RFC 7519 section 2). A span does not fit. */
export type EpochSeconds = number & { readonly brand?: "EpochSeconds" };

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

const UNITS: readonly (readonly [name: string, letter: string, length: Seconds])[] = [
  ["days", "d", days(1)],
  ["hours", "h", hours(1)],
  ["minutes", "m", minutes(1)],
  ["seconds", "s", 1],
];

/** How a configuration writes a duration: `minutes(10)` for 600. */
export function writtenDuration(duration: Seconds): string {
  const unit = UNITS.find(([, , length]) => duration >= length && duration % length === 0);
  return unit === undefined ? String(duration) : `${unit[0]}(${duration / unit[2]})`;
}

/** What to write instead of a value that is no whole number of seconds; `"15m"` was meant as `minutes(15)`. */
export function durationInstead(value: unknown): string {
  const [, amount = "15", letter = "m"] =
    (typeof value === "string" && /^(\d{1,9}) ?([smhd]?)/.exec(value)) || [];
  const unit = UNITS.find(([, each]) => each === (letter || "s"));
  return `write seconds as a number, such as ${unit?.[0]}(${Number(amount)})`;
}

/** The longest lifetime of an access token. A superseded key verifies until its last token has expired. */
export const MAX_ACCESS_LIFETIME: Seconds = hours(24);
