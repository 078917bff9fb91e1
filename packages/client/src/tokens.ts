import { type Failure, failure, isFinal, isRecord, type Result, success } from "./result.ts";
import { type Ask, isOver, type Transport } from "./transport.ts";

/**
 * Where an application keeps its tokens: one string, written as a whole, so that no refresh token is ever parted from
 * its access token. Keep it as you would a password: in the keychain, in a file that only its owner can read.
 */
export interface TokenStorage {
  /** The string that was written last; null where there is none. */
  readonly read: () => Promise<string | null> | string | null;
  /** Keeps the string in place of the last one; null deletes it. */
  readonly write: (value: string | null) => Promise<void> | void;
}

interface Tokens {
  readonly access: string;
  /** Null where the server gives access tokens alone. */
  readonly refresh: string | null;
}

/** The application keeps the tokens. They are read anew before each use: another process may have written since. */
export function tokenTransport(ask: Ask, storage: TokenStorage): Transport {
  const read = async (): Promise<Tokens | null> => parseTokens(await storage.read());
  const write = async (tokens: Tokens | null): Promise<void> =>
    storage.write(tokens === null ? null : JSON.stringify(tokens));

  // An answer may be late: it counts only where the refresh token is still there that was sent for it.
  const replace = async (sent: Tokens, tokens: Tokens | null): Promise<void> => {
    if ((await read())?.refresh === sent.refresh) await write(tokens);
  };

  const renew = async (): Promise<Result<unknown>> => {
    const sent = await read();
    if (sent === null || sent.refresh === null) return nobody();
    const body = { refresh_token: sent.refresh };
    const result = await ask({ path: "/refresh", method: "POST", body }, bearing(null));
    if (result.ok) {
      const tokens = tokensOf(result.data, sent.refresh);
      if (tokens !== null) await replace(sent, tokens);
      return result;
    }
    if (!isFinal(result.error)) return result;
    // Another process may have renewed or signed in meanwhile: then it is that token's turn.
    const kept = await read();
    if (kept !== null && kept.refresh !== sent.refresh) return renew();
    await write(null);
    return result;
  };

  const look = async (): Promise<Result<unknown>> => {
    const sent = await read();
    return sent === null ? nobody() : ask({ path: "/session", method: "GET" }, bearing(sent));
  };

  return {
    isRefreshedByServer: false,
    authorize: async (request) => bearing(await read())(request),
    renew,
    look: async () => {
      const seen = await look();
      if (seen.ok || !isFinal(seen.error)) return seen;
      const renewed = await renew();
      return renewed.ok ? look() : renewed;
    },
    signIn: async (path, body) => {
      // The session that it takes the place of is ended by the server.
      const prove = bearing(await read());
      const result = await ask({ path, method: "POST", body: { ...body, transport: "bearer" } }, prove);
      const tokens = result.ok ? tokensOf(result.data, null) : null;
      if (tokens !== null) await write(tokens);
      return result;
    },
    signOut: async (scope) => {
      const sent = await read();
      if (sent === null) return success(null);
      const token = sent.refresh === null ? {} : { refresh_token: sent.refresh };
      const result = await ask({ path: "/logout", method: "POST", body: { scope, ...token } }, bearing(sent));
      if (isOver(result, scope)) await replace(sent, null);
      return result;
    },
  };
}

function nobody(): Failure {
  return failure("unauthenticated", "Sign in first.", 401);
}

function bearing(tokens: Tokens | null): (request: Request) => Request {
  return (request) => {
    const headers = new Headers(request.headers);
    if (tokens !== null) headers.set("authorization", `Bearer ${tokens.access}`);
    // Cookies that happen to be there belong to somebody else's session.
    return new Request(request, { headers, credentials: "omit" });
  };
}

function parseTokens(value: string | null): Tokens | null {
  if (value === null) return null;
  try {
    const tokens: unknown = JSON.parse(value);
    if (!isRecord(tokens) || !isToken(tokens.access)) return null;
    return { access: tokens.access, refresh: isToken(tokens.refresh) ? tokens.refresh : null };
  } catch {
    return null;
  }
}

// RFC 6750 2.1: what cannot stand in a header is no token.
function isToken(value: unknown): value is string {
  return typeof value === "string" && /^[\x21-\x7e]+$/.test(value);
}

/** RFC 6749 5.1. An answer without a refresh token leaves the one that was sent. */
function tokensOf(answer: unknown, sent: string | null): Tokens | null {
  if (!isRecord(answer) || !isToken(answer.access_token)) return null;
  const { access_token: access, refresh_token: refresh } = answer;
  return { access, refresh: isToken(refresh) ? refresh : sent };
}
