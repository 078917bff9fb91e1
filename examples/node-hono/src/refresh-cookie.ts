const REFRESH_COOKIE = /(?:^|; )(latchkey\.refresh[^=;]*=lkr_([\w-]+))/g;

/** A refresh cookie, and the fields that can be read from its token. */
export interface RefreshCookie {
  /** Name and value: a secret. */
  readonly pair: string;
  readonly sessionId: string;
  /** The number of the token in its session, from 0. */
  readonly generation: number;
}

/** The refresh cookies of a Cookie header, or of a Set-Cookie line. */
export function refreshCookies(text: string): readonly RefreshCookie[] {
  return [...text.matchAll(REFRESH_COOKIE)].map(([, pair = "", token = ""]) => {
    // A token begins with a version byte, 16 bytes of the session id, and 4 bytes of the generation.
    const bytes = Buffer.from(token, "base64url");
    const generation = bytes.length < 21 ? 0 : bytes.readUInt32BE(17);
    return { pair, sessionId: bytes.subarray(1, 17).toString("base64url"), generation };
  });
}

/** The generation of a session's token in a Cookie header, or null. */
export function generationIn(text: string, sessionId: string): number | null {
  return refreshCookies(text).find((cookie) => cookie.sessionId === sessionId)?.generation ?? null;
}
