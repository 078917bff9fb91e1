import {
  type CreateOptions,
  type EndedSession,
  type EpochSeconds,
  mintSessionId,
  type PresentedToken,
  type Rotation,
  type SecretHash,
  type SessionId,
  type SessionRow,
  type User,
} from "@latchkey/core/store";
import { sha256 } from "@oslojs/crypto/sha2";
import { encodeBase64urlNoPadding } from "@oslojs/encoding";

/** The creation time of the sample rows. */
export const START: EpochSeconds = 1_900_000_000;
export const LEASE = 60;

/** Without a condition, a limit or replaced sessions. */
export const DEFAULTS: CreateOptions = { ifVersion: null, limit: null, replaces: [] };

/** A digest in the form of a real one, different for each name. */
export function digest(name: string): SecretHash {
  return encodeBase64urlNoPadding(hash(name));
}

/** The session id of that name and user. */
export function sessionId(name: string, userId = "ann"): SessionId {
  return mintSessionId(userId, (length) => hash(name).subarray(0, length));
}

function hash(name: string): Uint8Array {
  return sha256(new TextEncoder().encode(name));
}

/** A new session. Its n-th refresh token has the digest `secret(name, n)`. */
export function sampleSession(name: string, changes: Partial<SessionRow> = {}): SessionRow {
  const userId = changes.userId ?? "ann";
  return {
    id: sessionId(name, userId),
    userId,
    familyHash: digest(`${name} family`),
    rootHash: secret(name, 0),
    rootGeneration: 0,
    childHash: null,
    childIssuedAt: null,
    replacedAt: null,
    generation: 0,
    context: { role: "reader", nested: { list: [1, "two", null, true] } },
    device: { userAgent: "Browser/1.0", address: "192.0.2.1" },
    transport: "cookie",
    amr: ["pwd"],
    createdAt: START,
    authTime: START,
    refreshedAt: START,
    accessLifetime: 600,
    idleLifetime: 86_400,
    expiresAt: START + 86_400,
    absoluteExpiresAt: null,
    endedAt: null,
    endReason: null,
    ...changes,
  };
}

/** The same session after one rotation: `secret(name, 0)` is the root, `secret(name, 1)` the child. */
export function sampleWithChild(name: string, changes: Partial<SessionRow> = {}): SessionRow {
  return sampleSession(name, { childHash: secret(name, 1), childIssuedAt: START, generation: 1, ...changes });
}

export function secret(name: string, generation: number): SecretHash {
  return digest(`${name} token ${generation}`);
}

/** The input of `decide` for the token of that generation. */
export function sampleToken(name: string, generation: number): PresentedToken {
  return { familyHash: digest(`${name} family`), secretHash: secret(name, generation), generation };
}

/** The token of `generation` presented at `now`; the one to issue is `secret(name, generation + 1)`. */
export function sampleRotation(
  name: string,
  generation: number,
  now: EpochSeconds,
  changes: Partial<Rotation> = {},
): Rotation {
  return {
    id: sessionId(name),
    token: sampleToken(name, generation),
    policy: { lease: LEASE, transport: null },
    next: secret(name, generation + 1),
    now,
    ...changes,
  };
}

export function sampleUser(id: string, changes: Partial<User> = {}): User {
  return {
    id,
    email: `${id}@example.com`,
    username: id,
    name: null,
    picture: null,
    emailVerified: false,
    passwordHash: "$scrypt$ln=15,r=8,p=3$c2FsdA$a2V5",
    credentialsVersion: 1,
    createdAt: START,
    disabledAt: null,
    ...changes,
  };
}

/** Sorts ended sessions, because a store may return them in any order. */
export function sortEnded(ended: readonly EndedSession[] | null): readonly EndedSession[] | null {
  return ended === null ? null : [...ended].sort((a, b) => (a.id < b.id ? -1 : 1));
}
