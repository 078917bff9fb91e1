import { isRecord, isUnauthenticated, type Result, success, unauthenticated } from "./result.ts";
import {
  type CallWithProof,
  endsSession,
  type RouteRequest,
  type SignOutScope,
  type Transport,
} from "./transport.ts";

/**
 * Where an application keeps its tokens. Both tokens are in one string, so that they are always written together. Keep it
 * as you keep a password: in the keychain, or in a file that only its owner can read.
 */
export interface TokenStorage {
  /** The string that was written last; null if there is none. */
  readonly read: () => Promise<string | null> | string | null;
  /** Replaces the string; null deletes it. */
  readonly write: (value: string | null) => Promise<void> | void;
}

interface Tokens {
  readonly access: string;
  /** Null if the server issues access tokens only. */
  readonly refresh: string | null;
}

/** The application keeps the tokens. They are read before each use, because another process may have written new ones. */
export function tokenTransport(callRoute: CallWithProof, storage: TokenStorage): Transport {
  return {
    isRefreshedByServer: false,
    authorize: async (request) => withToken(await readTokens(storage))(request),
    refresh: () => refresh(callRoute, storage),
    load: async () => {
      const loaded = await load(callRoute, storage);
      if (loaded.ok || !isUnauthenticated(loaded.error)) return loaded;
      const refreshed = await refresh(callRoute, storage);
      return refreshed.ok ? load(callRoute, storage) : refreshed;
    },
    call: (request) => call(callRoute, storage, request),
    signOut: (scope) => signOut(callRoute, storage, scope),
  };
}

async function refresh(callRoute: CallWithProof, storage: TokenStorage): Promise<Result<unknown>> {
  const sent = await readTokens(storage);
  if (sent === null || sent.refresh === null) return unauthenticated();
  const body = { refresh_token: sent.refresh };
  const result = await callRoute({ path: "/refresh", method: "POST", body }, withToken(null));
  if (result.ok) {
    const tokens = tokensOf(result.data, sent.refresh);
    if (tokens !== null) await replaceTokens(storage, sent, tokens);
    return result;
  }
  if (!isUnauthenticated(result.error)) return result;
  // If another process has refreshed or signed in since, its refresh token is tried next.
  const stored = await readTokens(storage);
  if (stored !== null && stored.refresh !== sent.refresh) return refresh(callRoute, storage);
  await writeTokens(storage, null);
  return result;
}

async function load(callRoute: CallWithProof, storage: TokenStorage): Promise<Result<unknown>> {
  const sent = await readTokens(storage);
  if (sent === null) return unauthenticated();
  return callRoute({ path: "/session", method: "GET" }, withToken(sent));
}

async function call(
  callRoute: CallWithProof,
  storage: TokenStorage,
  { body, ...request }: RouteRequest,
): Promise<Result<unknown>> {
  // The token names the session that the server ends when the new one begins.
  const authorize = withToken(await readTokens(storage));
  const content = body === undefined ? {} : { body: { ...body, transport: "bearer" } };
  const result = await callRoute({ ...request, ...content }, authorize);
  const tokens = result.ok ? tokensOf(result.data, null) : null;
  if (tokens !== null) await writeTokens(storage, tokens);
  return result;
}

async function signOut(
  callRoute: CallWithProof,
  storage: TokenStorage,
  scope: SignOutScope,
): Promise<Result<unknown>> {
  const sent = await readTokens(storage);
  if (sent === null) return success(null);
  const token = sent.refresh === null ? {} : { refresh_token: sent.refresh };
  const request = { path: "/logout", method: "POST", body: { scope, ...token } } as const;
  const result = await callRoute(request, withToken(sent));
  if (endsSession(result, scope)) await replaceTokens(storage, sent, null);
  return result;
}

async function readTokens(storage: TokenStorage): Promise<Tokens | null> {
  return parseTokens(await storage.read());
}

async function writeTokens(storage: TokenStorage, tokens: Tokens | null): Promise<void> {
  await storage.write(tokens === null ? null : JSON.stringify(tokens));
}

/** An answer may be late: it is dropped unless the storage still has the refresh token that was sent. */
async function replaceTokens(storage: TokenStorage, sent: Tokens, tokens: Tokens | null): Promise<void> {
  if ((await readTokens(storage))?.refresh === sent.refresh) await writeTokens(storage, tokens);
}

function withToken(tokens: Tokens | null): (request: Request) => Request {
  return (request) => {
    const headers = new Headers(request.headers);
    if (tokens !== null) headers.set("authorization", `Bearer ${tokens.access}`);
    // Cookies of this origin belong to another session.
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

// RFC 6750 2.1: a token has only characters that a header can carry.
function isToken(value: unknown): value is string {
  return typeof value === "string" && /^[\x21-\x7e]+$/.test(value);
}

/** RFC 6749 5.1. If the answer has no refresh token, the one that was sent stays valid. */
function tokensOf(answer: unknown, sent: string | null): Tokens | null {
  if (!isRecord(answer) || !isToken(answer.access_token)) return null;
  const { access_token: access, refresh_token: refresh } = answer;
  return { access, refresh: isToken(refresh) ? refresh : sent };
}
