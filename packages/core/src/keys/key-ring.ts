import { isRecord, parseJson } from "../platform/encoding.ts";
import { AuthError } from "../platform/errors.ts";
import { type EpochSeconds, MAX_ACCESS_LIFETIME, minutes, type Seconds } from "../platform/time.ts";
import { type AsymmetricAlgorithm, isAsymmetric } from "./algorithms.ts";
import { type PublicJwk, publicJwk } from "./jwk.ts";

/** One signing key. `privateKey` is sealed with `secret` if there is one. */
export interface KeyRecord {
  readonly kid: string;
  readonly algorithm: AsymmetricAlgorithm;
  readonly publicJwk: PublicJwk;
  readonly privateKey: string;
  /** The time from which it signs. Before that it is only published, so that every verifier knows it before its first use. */
  readonly activeAt: EpochSeconds;
  /** Set if the key that superseded it was revoked. Otherwise the `activeAt` of the next key is the time. */
  readonly supersededAt?: EpochSeconds;
}

/** The ids of the keys that this process can sign with. */
export type UsableKids = Pick<ReadonlySet<string>, "has">;

/** The keys in the order of `activeAt`. */
export type KeyRing = readonly KeyRecord[];

/** The maximum age of the ring in a process, for signing and for verifying. */
export const SIGNING_RING_AGE: Seconds = minutes(1);
export const VERIFYING_RING_AGE: Seconds = minutes(10);

/** How long a key is published before it signs, and how long a key set may be cached. */
export const ANNOUNCE: Seconds = minutes(15);
export const JWKS_MAX_AGE: Seconds = minutes(5);

const RETIREMENT: Seconds = MAX_ACCESS_LIFETIME + SIGNING_RING_AGE + VERIFYING_RING_AGE;

/** The key that signs at `now`: the newest active one that this process can sign with. */
export function currentKey(ring: KeyRing, now: EpochSeconds, usable: UsableKids): KeyRecord | null {
  const isDue = (key: KeyRecord): boolean => key.activeAt <= now && key.supersededAt === undefined;
  return ring.findLast((key) => isDue(key) && usable.has(key.kid)) ?? null;
}

/** The keys that verify at `now`: published, current, and superseded ones until their last token has expired. */
export function verificationKeys(ring: KeyRing, now: EpochSeconds): KeyRing {
  return ring.filter((key, index) => {
    const superseded = key.supersededAt ?? ring[index + 1]?.activeAt;
    return superseded === undefined || now < superseded + RETIREMENT;
  });
}

/** The `activeAt` of each key that a ring lacks at `now`. Empty if it is complete. */
export function missingKeys(
  ring: KeyRing,
  now: EpochSeconds,
  rotateEvery: Seconds,
  usable: UsableKids,
): readonly EpochSeconds[] {
  const current = currentKey(ring, now, usable);
  const announced = ring.some((key) => key.activeAt > now && usable.has(key.kid));
  const turn = Math.max((current?.activeAt ?? now) + rotateEvery, now + ANNOUNCE);
  return [...(current === null ? [now] : []), ...(announced ? [] : [turn])];
}

/** Adds new keys to the ring, and removes those that no longer verify. */
export function extendRing(ring: KeyRing, made: KeyRing, now: EpochSeconds): KeyRing {
  return verificationKeys(sortByActivation([...ring, ...made]), now);
}

/** Activates the published key now. */
export function rotateRing(ring: KeyRing, now: EpochSeconds, usable: UsableKids): KeyRing {
  const next = ring.find((key) => key.activeAt > now && usable.has(key.kid));
  return sortByActivation(ring.map((key) => (key === next ? { ...key, activeAt: now } : key)));
}

/**
 * Removes one key, so that its tokens are refused from now on. If it was the current key, the published key is activated.
 * A superseded key does not become current again, and does not verify longer.
 */
export function revokeKey(ring: KeyRing, kid: string, now: EpochSeconds, usable: UsableKids): KeyRing {
  const known = verificationKeys(ring, now);
  const index = known.findIndex((key) => key.kid === kid);
  const revoked = known[index];
  if (revoked === undefined) return ring;
  const left = known.flatMap((key, at) => {
    if (key === revoked) return [];
    return at === index - 1 && revoked.activeAt <= now ? [markSuperseded(key, revoked.activeAt)] : [key];
  });
  return currentKey(known, now, usable) === revoked ? rotateRing(left, now, usable) : left;
}

function markSuperseded(key: KeyRecord, at: EpochSeconds): KeyRecord {
  return { ...key, supersededAt: key.supersededAt ?? at };
}

function sortByActivation(ring: KeyRing): KeyRing {
  return ring.toSorted((a, b) => a.activeAt - b.activeAt);
}

/** Parses a stored ring. Fails with `internal_error` for any other document. */
export function parseRing(document: string): KeyRing {
  const parsed = parseJson(document);
  if (!Array.isArray(parsed)) throw new AuthError("internal_error", "the stored key ring is damaged");
  return parsed.map(parseRecord);
}

function parseRecord(value: unknown): KeyRecord {
  if (
    isRecord(value) &&
    typeof value["kid"] === "string" &&
    isAsymmetric(value["algorithm"]) &&
    isRecord(value["publicJwk"]) &&
    typeof value["privateKey"] === "string" &&
    typeof value["activeAt"] === "number"
  ) {
    const { kid, algorithm, privateKey, activeAt, supersededAt } = value;
    const record = {
      kid,
      algorithm,
      publicJwk: publicJwk(value["publicJwk"], kid, algorithm),
      privateKey,
      activeAt,
    };
    return typeof supersededAt === "number" ? { ...record, supersededAt } : record;
  }
  throw new AuthError("internal_error", "the stored key ring is damaged");
}
