const SECOND = 1_000;
/** What timers can wait, in milliseconds. */
const LONGEST = 2 ** 31 - 1;
const LONGEST_PAUSE = 60 * SECOND;

/**
 * When to renew an access token that is good for so many seconds, in milliseconds: after 60 to 75 % of them. By chance, so
 * that tabs do not crowd; before the last fifth, in which a server refreshes by itself, outside of anybody's turn.
 */
export function renewAfter(expiresIn: number, random: number): number {
  return Math.min(Math.max(expiresIn * SECOND * (0.6 + 0.15 * random), SECOND), LONGEST);
}

/** How long to wait before trying again for the nth time: twice as long each time, up to a minute, half of it by chance. */
export function pauseAfter(failures: number, random: number): number {
  return Math.min(2 ** failures * SECOND, LONGEST_PAUSE) * (0.5 + 0.5 * random);
}
