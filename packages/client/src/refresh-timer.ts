import type { Env } from "./env.ts";

const SECOND = 1_000;
/** The longest delay of a timer, in milliseconds. */
const LONGEST_DELAY = 2 ** 31 - 1;
const LONGEST_PAUSE = 60 * SECOND;

/**
 * Knows when to contact the server next: to refresh the access token, or to try again after a failure. It calls `onDue`
 * then, but only while it is needed and the page is visible. If the page is hidden, it calls when the page is shown.
 */
export interface RefreshTimer {
  /** Schedules the refresh of an access token that expires in so many seconds from now. */
  readonly schedule: (expiresIn: number) => void;
  /** Schedules another attempt after a failure. The pause grows with each failure in a row. */
  readonly scheduleRetry: () => void;
  /** For a session without refresh tokens: schedules a check at the time when the access token expires. */
  readonly scheduleExpiry: () => void;
  /** Schedules nothing, because there is no session. */
  readonly clear: () => void;
  /** Must be called after the page was shown or hidden, and after the timer became needed or unneeded. */
  readonly update: () => void;
  /** When to refresh the access token, by `env.now`. Null before the server has answered; infinite if never. */
  readonly refreshAt: () => number | null;
  /** When the access token expires, by `env.now`. */
  readonly expiresAt: () => number;
  /** Whether the last request failed. */
  readonly isRetrying: () => boolean;
}

export function createRefreshTimer(env: Env, isNeeded: () => boolean, onDue: () => void): RefreshTimer {
  const { now, later, random, page } = env;
  let failures = 0;
  let refreshAt: number | null = null;
  let expiresAt = -Infinity;
  let dueAt: number | null = null;
  let cancel = (): void => undefined;

  const ring = (): void => {
    dueAt = null;
    onDue();
  };
  const update = (): void => {
    cancel();
    if (!isNeeded() || dueAt === null || page?.isVisible() === false) return;
    const delay = Math.max(dueAt - now(), 0);
    // After a longer delay, `setTimeout` calls at once. The rest of the wait gets another timer.
    cancel = delay > LONGEST_DELAY ? later(update, LONGEST_DELAY) : later(ring, delay);
  };
  const setDue = (time: number): void => {
    dueAt = time;
    update();
  };

  return {
    schedule: (expiresIn) => {
      failures = 0;
      refreshAt = now() + refreshAfter(expiresIn, random());
      expiresAt = now() + expiresIn * 1_000;
      setDue(refreshAt);
    },
    scheduleRetry: () => {
      failures += 1;
      setDue(now() + pauseAfter(failures, random()));
    },
    scheduleExpiry: () => {
      refreshAt = Infinity;
      setDue(expiresAt);
    },
    clear: () => {
      failures = 0;
      refreshAt = Infinity;
      dueAt = null;
      cancel();
    },
    update,
    refreshAt: () => refreshAt,
    expiresAt: () => expiresAt,
    isRetrying: () => failures > 0,
  };
}

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
