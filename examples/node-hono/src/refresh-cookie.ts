const REFRESH_COOKIE = /(?:^|; )(latchkey\.refresh[^=;]*=lkr_([\w-]+))/g;

/** A refresh cookie as it travels, and what it tells without being used. */
export interface RefreshCookie {
  /** Name and value: a secret. */
  readonly pair: string;
  readonly sessionId: string;
  /** Which of the session's tokens it is, counted from 0. */
  readonly generation: number;
}

/** The refresh cookies of a Cookie header, or of a Set-Cookie line. */
export function refreshCookies(text: string): readonly RefreshCookie[] {
  return [...text.matchAll(REFRESH_COOKIE)].map(([, pair = "", token = ""]) => {
    // A token begins with a version byte, the 16 bytes of its session's id, and 4 of its generation.
    const bytes = Buffer.from(token, "base64url");
    const generation = bytes.length < 21 ? 0 : bytes.readUInt32BE(17);
    return { pair, sessionId: bytes.subarray(1, 17).toString("base64url"), generation };
  });
}

/** Which token of a session a Cookie header holds, or null. */
export function generationIn(text: string, sessionId: string): number | null {
  return refreshCookies(text).find((cookie) => cookie.sessionId === sessionId)?.generation ?? null;
}
