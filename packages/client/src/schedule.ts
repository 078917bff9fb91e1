const SECOND = 1_000;
/** The longest delay of a timer, in milliseconds. */
const LONGEST_DELAY = 2 ** 31 - 1;
const LONGEST_PAUSE = 60 * SECOND;

/**
 * How long to wait, in milliseconds, before refreshing an access token that expires in so many seconds: 60 to 75 % of that
 * time. It is random so that tabs do not refresh at once. It ends before the last fifth of the lifetime, when a server
 * refreshes by itself, outside of the lock.
 */
export function refreshAfter(expiresIn: number, random: number): number {
  return Math.min(Math.max(expiresIn * SECOND * (0.6 + 0.15 * random), SECOND), LONGEST_DELAY);
}

/** How long to wait, in milliseconds, after so many failures in a row. It doubles up to a minute; half of it is random. */
export function pauseAfter(failures: number, random: number): number {
  return Math.min(2 ** failures * SECOND, LONGEST_PAUSE) * (0.5 + 0.5 * random);
}
