import type { JwsHeader } from "../keys/jws.ts";
import type { Keys, VerificationKey } from "../keys/keys.ts";
import { decodeUtf8, freezeDeep, type Json, utf8 } from "../platform/encoding.ts";
import { endsWithRequest } from "../platform/env.ts";
import type { EpochSeconds } from "../platform/time.ts";
import { type AccessClaims, type Expected, judgeClaims, matchesTransport } from "./access-claims.ts";
import type { Transport } from "./session.ts";

/** An access token that was verified: the key of its signature, and its claims, which are frozen. */
export interface KnownToken {
  readonly key: VerificationKey;
  readonly claims: AccessClaims;
}

/** The access tokens that this process verified. It proves the signature and the form, and nothing that time can change. */
export interface TokenCache {
  /** Finds a token by all of its characters. Null if it was not verified, or not lately. It counts as used if it is live at `at`. */
  get(token: string, at: EpochSeconds): KnownToken | null;
  /**
   * Freezes the claims of a token, returns them, and keeps the token unless the cache has no size. Only for a token whose signature and
   * claims were verified, so that no other can push an honest one out.
   */
  put(token: string, key: VerificationKey, claims: AccessClaims): AccessClaims;
  /** The header of the last token that was kept, if its first segment is this one. Most tokens of a server have the same header. */
  readonly recallHeader: (segment: string) => JwsHeader | null;
}

/** The only access token of a request. */
export interface SoleToken {
  readonly token: string;
  readonly transport: Transport;
}

/** The requirements for a token that was verified before. */
export interface Recollection extends Expected {
  readonly keys: Pick<Keys, "known">;
  readonly cache: TokenCache;
  readonly restrictTransport: boolean;
}

/** Finds a live token that was verified before. Null leaves the decision to a verification, also about a token that is refused. */
export function recallToken(expected: Recollection, { token, transport }: SoleToken): KnownToken | null {
  const known = expected.cache.get(token, expected.now);
  if (known === null || expected.keys.known(known.key.kid, expected.now) !== known.key) return null;
  const isLive = judgeClaims(known.claims, expected) === "live";
  return isLive && matchesTransport(expected, known.claims, transport) ? known : null;
}

const ON_SERVERS = 16_384;
const ON_WORKERS = 2_048;
const MOST = 1_000_000;
/** The map has the last characters of the signature as its key: a hash of the whole token would cost more than all the rest. */
const KEY = 24;

/** What the size of a cache must be, for an error message. */
export const CACHE_SIZE: string = `must be a whole number from 1 to ${MOST}, or false`;

/** Whether a value is the size of a cache, or `false` for none. */
export function isCacheSize(value: unknown): value is number | false {
  if (value === false) return true;
  return Number.isInteger(value) && Number(value) >= 1 && Number(value) <= MOST;
}

interface Entry extends KnownToken {
  /** The first segment of the token with its dot. Tokens of one key share it. */
  readonly header: string;
  readonly rest: string;
}

/**
 * Makes a cache that keeps the last `size` tokens that were used, and at most twice as many. It has two generations: when the
 * young one is full, it becomes the old one, and the old one is dropped.
 */
export function tokenCache(size: number | false = endsWithRequest() ? ON_WORKERS : ON_SERVERS): TokenCache {
  let young = new Map<string, Entry>();
  let old = new Map<string, Entry>();
  let last: Entry | null = null;
  const keep = (entry: Entry): void => {
    if (young.size >= Number(size)) [young, old] = [new Map(), young];
    young.set(entry.rest.slice(-KEY), entry);
  };
  return {
    get(token, at) {
      const end = token.slice(-KEY);
      const recent = young.get(end);
      const entry = recent ?? old.get(end);
      if (entry === undefined || !isTokenOf(entry, token)) return null;
      if (recent === undefined && entry.claims.exp > at) keep(entry);
      return entry;
    },
    put(token, key, claims) {
      if (size === false) {
        freezeDeep(claims);
        return claims;
      }
      const entry = entryOf(token, key, claims, last);
      freezeDeep(entry.claims);
      last = entry;
      keep(entry);
      return entry.claims;
    },
    recallHeader: (segment) =>
      last?.header === `${segment}.` ? { alg: last.key.algorithm, kid: last.key.kid } : null,
  };
}

function isTokenOf({ header, rest }: Entry, token: string): boolean {
  return token.slice(header.length) === rest && token.slice(0, header.length) === header;
}

/** Makes an entry that shares what it has in common with the last one: most tokens have the same header, issuer and methods. */
function entryOf(token: string, key: VerificationKey, claims: AccessClaims, last: Entry | null): Entry {
  const rest = token.indexOf(".") + 1;
  const header = token.slice(0, rest);
  return {
    key,
    claims: last === null ? claims : shareValues(claims, last.claims),
    header: last?.header === header ? last.header : copyOf(header),
    rest: copyOf(token.slice(rest)),
  };
}

function shareValues(claims: AccessClaims, before: AccessClaims): AccessClaims {
  return {
    ...claims,
    iss: shared(claims.iss, before.iss),
    aud: shared(claims.aud, before.aud),
    sub: shared(claims.sub, before.sub),
    transport: shared(claims.transport, before.transport),
    amr: shared(claims.amr, before.amr),
    context: shared(claims.context, before.context),
  };
}

/** Returns the older of two equal values, so that one of them is kept in memory. */
function shared<Value extends Json>(value: Value, before: Value): Value {
  if (typeof value !== "object") return value === before ? before : value;
  return JSON.stringify(value) === JSON.stringify(before) ? before : value;
}

// A token that was cut out of a header keeps the whole header in memory.
function copyOf(text: string): string {
  return decodeUtf8(utf8(text)) ?? text;
}
