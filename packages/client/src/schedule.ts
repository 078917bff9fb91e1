const SECOND = 1_000;
/** What timers can wait, in milliseconds. */
const LONGEST = 2 ** 31 - 1;
const LONGEST_PAUSE = 60 * SECOND;

/** When to renew an access token that is good for so many seconds: after 75 to 90 % of them, so that tabs do not crowd. */
export function renewAfter(expiresIn: number, random: number): number {
  return Math.min(Math.max(expiresIn * SECOND * (0.75 + 0.15 * random), SECOND), LONGEST);
}

/** How long to wait before trying again for the nth time: twice as long each time, up to a minute, half of it by chance. */
export function pauseAfter(failures: number, random: number): number {
  return Math.min(2 ** failures * SECOND, LONGEST_PAUSE) * (0.5 + 0.5 * random);
}
