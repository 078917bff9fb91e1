import { type RefreshCookie, refreshCookies } from "./refresh-cookie.ts";

/** What a thief would have: the refresh cookies that browsers got lately. For this demo only. */
export interface Copies {
  /** Takes a copy where a Set-Cookie line carries a refresh token; tells whether it did. */
  readonly take: (line: string) => boolean;
  /** Which of a session's tokens there are copies of, oldest first. */
  readonly generations: (sessionId: string) => readonly number[];
  /** The cookie of the token that is `back` rotations old, or null. */
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
