/** What a thief would have: the refresh cookies that browsers got lately. For this demo only. */
export interface Copies {
  /** Takes a copy where a Set-Cookie line carries a refresh token; tells whether it did. */
  readonly take: (line: string) => boolean;
  /** How many copies there are of a session's tokens. */
  readonly count: (sessionId: string) => number;
  /** The cookie of the token that is `back` rotations old, or null. */
  readonly find: (sessionId: string, back: number) => string | null;
}

const SESSIONS = 100;
const TOKENS = 4;
const REFRESH_COOKIE = /^latchkey\.refresh[^=]*=lkr_([\w-]+)/;

/** Keeps the last four tokens of each of the last hundred sessions in memory. */
export function openCopies(): Copies {
  const cookies = new Map<string, readonly string[]>();
  return {
    take: (line) => {
      const [cookie, token] = REFRESH_COOKIE.exec(line) ?? [];
      if (cookie === undefined || token === undefined) return false;
      const id = sessionIdOf(token);
      const kept = [...(cookies.get(id) ?? []), cookie].slice(-TOKENS);
      cookies.delete(id);
      cookies.set(id, kept);
      const [oldest] = cookies.keys();
      if (cookies.size > SESSIONS && oldest !== undefined) cookies.delete(oldest);
      return true;
    },
    count: (sessionId) => cookies.get(sessionId)?.length ?? 0,
    find: (sessionId, back) => cookies.get(sessionId)?.at(-1 - back) ?? null,
  };
}

// A token begins with a version byte and the 16 bytes of its session's id.
function sessionIdOf(token: string): string {
  return Buffer.from(token, "base64url").subarray(1, 17).toString("base64url");
}
