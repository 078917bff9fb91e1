import {
  type EpochSeconds,
  type Identifier,
  type LinkedAccount,
  userTag,
  userTagOf,
} from "@latchkey/core/store";

/** The settings that all parts of the store share. */
export interface Settings {
  readonly names: Names;
  /** The first two values of every script: the time, empty for the server's clock, and 1 if keys get a time to live. */
  readonly clock: (now: EpochSeconds) => readonly (string | number)[];
  /** The same for the scripts on sessions, which have no time to live with `keepEnded`. */
  readonly sessionClock: (now: EpochSeconds) => readonly (string | number)[];
  /** Whether expired keys have a time to live, so that the server deletes them. */
  readonly expiring: boolean;
}

/** The names of the keys. All keys of a user contain the user's tag in braces, so they are in one slot. */
export interface Names {
  session(id: string): string;
  sessions(userId: string): string;
  user(userId: string): string;
  links(userId: string): string;
  linkTokens(userId: string): string;
  userTokens(userId: string, purpose: string): string;
  identifier(identifier: Identifier): string;
  account(account: LinkedAccount): string;
  token(hash: string): string;
  slot(slot: string): string;
  attempts(key: string): string;
  readonly keyRing: string;
  readonly feed: string;
  readonly userIndex: string;
  /** Patterns for SCAN. */
  readonly sessionsPattern: string;
  readonly tokensPattern: string;
  readonly slotsPattern: string;
  readonly usersPattern: string;
}

export function namesUnder(prefix: string): Names {
  checkPrefix(prefix);
  return {
    ...namesOfUser((tag) => `${prefix}{${tag}}:`),
    identifier: (identifier) =>
      "email" in identifier
        ? `${prefix}email:${identifier.email}`
        : `${prefix}username:${identifier.username}`,
    account: ({ provider, subject }) => `${prefix}account:${JSON.stringify([provider, subject])}`,
    token: (hash) => `${prefix}token:${hash}`,
    slot: (slot) => `${prefix}slot:${slot}`,
    attempts: (key) => `${prefix}attempts:${key}`,
    keyRing: `${prefix}keys`,
    feed: `${prefix}feed`,
    userIndex: `${prefix}users`,
    sessionsPattern: `${prefix}{*}:sessions:*`,
    tokensPattern: `${prefix}token:*`,
    slotsPattern: `${prefix}slot:*`,
    usersPattern: `${prefix}{*}:user:*`,
  };
}

type NamesOfUser = Pick<Names, "session" | "sessions" | "user" | "links" | "linkTokens" | "userTokens">;

function namesOfUser(of: (tag: string) => string): NamesOfUser {
  const ofSession = (id: string): string => {
    const tag = userTagOf(id);
    if (tag === null) throw new TypeError("redis: a session id is 16 bytes in base64url");
    return of(tag);
  };
  return {
    session: (id) => `${ofSession(id)}session:${id}`,
    sessions: (userId) => `${of(userTag(userId))}sessions:${userId}`,
    user: (userId) => `${of(userTag(userId))}user:${userId}`,
    links: (userId) => `${of(userTag(userId))}links:${userId}`,
    linkTokens: (userId) => `${of(userTag(userId))}link-tokens:${userId}`,
    userTokens: (userId, purpose) => `${of(userTag(userId))}tokens:${JSON.stringify([purpose, userId])}`,
  };
}

function checkPrefix(prefix: string): void {
  if (typeof prefix === "string" && /^[\w:.-]*$/.test(prefix)) return;
  throw new TypeError(
    `redis: prefix is ${JSON.stringify(prefix)}, but it must be a string of letters, digits and : . _ - only`,
  );
}
