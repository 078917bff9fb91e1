import { labelledDigest, labelledHash, type SecretHash } from "../platform/digest.ts";
import { concat, fromBase64url, toBase64url, utf8 } from "../platform/encoding.ts";
import type { UserId } from "../users/user.ts";
import type { SessionId } from "./session.ts";

const PREFIX = "lkr_";
/** The first byte of a token: the session outlives the browser, or ends with it. */
const REMEMBERED = 1;
const FORGOTTEN = 2;
const ID = 16;
const GENERATION = 4;
/** The lengths of the two secrets, in bytes. */
const FAMILY_SECRET = 16;
export const ROTATING_SECRET = 32;
const SIZE = 1 + ID + GENERATION + FAMILY_SECRET + ROTATING_SECRET;
const USER_TAG = 8;

/** `lkr_` and 92 characters of base64url. The prefix lets a secret scanner find leaked tokens. */
export const REFRESH_TOKEN_LENGTH: number = PREFIX.length + (SIZE * 4) / 3;

export interface RefreshToken {
  /** The session id, in base64url. */
  readonly id: SessionId;
  readonly generation: number;
  /** The same in every token of the family. */
  readonly familySecret: Uint8Array;
  /** Fresh in every token. */
  readonly rotatingSecret: Uint8Array;
  /**
   * Whether its cookie outlives the browser. Each token of the family repeats it. It is no decision about security: the holder of a
   * token can keep it for as long as they like.
   */
  readonly remember: boolean;
}

type Random = (length: number) => Uint8Array;

/** Parses a refresh token. Returns null for another length, alphabet or version, and for any form that is not canonical. */
export function parseRefreshToken(text: string): RefreshToken | null {
  if (typeof text !== "string" || text.length !== REFRESH_TOKEN_LENGTH || !text.startsWith(PREFIX))
    return null;
  const bytes = fromBase64url(text.slice(PREFIX.length));
  if (bytes === null || (bytes[0] !== REMEMBERED && bytes[0] !== FORGOTTEN)) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const secrets = 1 + ID + GENERATION;
  return {
    id: toBase64url(bytes.subarray(1, 1 + ID)),
    generation: view.getUint32(1 + ID),
    familySecret: bytes.slice(secrets, secrets + FAMILY_SECRET),
    rotatingSecret: bytes.slice(secrets + FAMILY_SECRET),
    remember: bytes[0] === REMEMBERED,
  };
}

export function formatRefreshToken(token: RefreshToken): string {
  const bytes = new Uint8Array(SIZE);
  const secrets = 1 + ID + GENERATION;
  bytes[0] = token.remember ? REMEMBERED : FORGOTTEN;
  bytes.set(idBytes(token.id), 1);
  new DataView(bytes.buffer).setUint32(1 + ID, token.generation);
  bytes.set(token.familySecret, secrets);
  bytes.set(token.rotatingSecret, secrets + FAMILY_SECRET);
  return PREFIX + toBase64url(bytes);
}

/** Makes a session id: a tag that all sessions of a user share, and 8 random bytes. */
export function mintSessionId(userId: UserId, random: Random): SessionId {
  return toBase64url(concat(tagBytes(userId), random(ID - USER_TAG)));
}

/** Makes the id and the two secrets of a new session. They are drawn by one call, since a call costs Node more than a digest. */
export function mintFamily(
  userId: UserId,
  random: Random,
): Pick<RefreshToken, "id" | "familySecret" | "rotatingSecret"> {
  const drawn = random(ID - USER_TAG + FAMILY_SECRET + ROTATING_SECRET);
  const secrets = drawn.subarray(ID - USER_TAG);
  return {
    id: mintSessionId(userId, () => drawn.subarray(0, ID - USER_TAG)),
    familySecret: secrets.subarray(0, FAMILY_SECRET),
    rotatingSecret: secrets.subarray(FAMILY_SECRET),
  };
}

/** The tag that all sessions of a user share, in base64url. Stores use it to keep the sessions of a user together. */
export function userTag(userId: UserId): string {
  return toBase64url(tagBytes(userId));
}

/** The user tag of a session id; null if the text is not a session id. */
export function userTagOf(id: SessionId): string | null {
  return isSessionId(id) ? toBase64url(idBytes(id).subarray(0, USER_TAG)) : null;
}

/** Hashes the family secret for the store. The session id is part of the input, so a digest is valid in one row only. */
export function hashFamilySecret(id: SessionId, familySecret: Uint8Array): SecretHash {
  return labelledDigest("family", idBytes(id), familySecret);
}

/**
 * Hashes a rotating secret for the store. The generation is not part of the input, because the store assigns it in its
 * atomic step, after the digest was computed. The row holds the generation as a number, and it is compared as such.
 */
export function hashRotatingSecret(id: SessionId, rotatingSecret: Uint8Array): SecretHash {
  return labelledDigest("refresh-token", idBytes(id), rotatingSecret);
}

/** Whether a text has the form of a session id. */
export function isSessionId(text: string): boolean {
  return typeof text === "string" && text.length === 22 && fromBase64url(text)?.length === ID;
}

function tagBytes(userId: UserId): Uint8Array {
  return labelledHash("user-tag", utf8(userId)).subarray(0, USER_TAG);
}

function idBytes(id: SessionId): Uint8Array {
  const bytes = fromBase64url(id);
  if (bytes?.length !== ID) throw new TypeError("a session id is 16 bytes in base64url");
  return bytes;
}
