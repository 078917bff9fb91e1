import { type RefreshCookie, refreshCookies } from "./refresh-cookie.ts";

/** The latest refresh cookies, which the demo replays as a thief would. Never keep such copies in an application. */
export interface Copies {
  /** Copies the refresh token of a Set-Cookie line. Returns whether there was one. */
  readonly take: (line: string) => boolean;
  /** The generations of the copied tokens of a session, oldest first. */
  readonly generations: (sessionId: string) => readonly number[];
  /** The cookie of the copied token `back` places before the newest, or null. */
  readonly find: (sessionId: string, back: number) => string | null;
}

const SESSIONS = 100;
const TOKENS = 4;

/** Keeps the last four tokens of each of the last hundred sessions in memory. */
export function openCopies(): Copies {
  const cookies = new Map<string, readonly RefreshCookie[]>();
  return {
    take: (line) => {
      const [cookie] = refreshCookies(line);
      if (cookie === undefined) return false;
      const kept = [...(cookies.get(cookie.sessionId) ?? []), cookie].slice(-TOKENS);
      cookies.delete(cookie.sessionId);
      cookies.set(cookie.sessionId, kept);
      const [oldest] = cookies.keys();
      if (cookies.size > SESSIONS && oldest !== undefined) cookies.delete(oldest);
      return true;
    },
    generations: (sessionId) => (cookies.get(sessionId) ?? []).map(({ generation }) => generation),
    find: (sessionId, back) => cookies.get(sessionId)?.at(-1 - back)?.pair ?? null,
  };
}
