import { type EpochSeconds, hours, minutes, type Seconds } from "../time.ts";
import type { AsymmetricAlgorithm, PublicJwk } from "./algorithms.ts";

/** One signing key. `privateKey` is sealed with `secret` where there is one. */
export interface KeyRecord {
  readonly kid: string;
  readonly algorithm: AsymmetricAlgorithm;
  readonly publicJwk: PublicJwk;
  readonly privateKey: string;
  /** From when on it signs. Until then it is announced, so that every verifier knows it before its first use. */
  readonly activeAt: EpochSeconds;
}

/** The keys in the order of their turn. */
export type KeyRing = readonly KeyRecord[];

/** No access token lives longer, whatever a session asks for; a superseded key verifies until the last one is over. */
export const MAX_ACCESS_LIFETIME: Seconds = hours(24);

/** The oldest copy of the ring that a process signs with, and the oldest that it verifies with. */
export const SIGNING_RING_AGE: Seconds = minutes(1);
export const VERIFYING_RING_AGE: Seconds = minutes(10);

/** How long a key is announced before it signs, and how long a key set may be cached. */
export const ANNOUNCE: Seconds = minutes(15);
export const JWKS_MAX_AGE: Seconds = minutes(5);

const RETIREMENT: Seconds = MAX_ACCESS_LIFETIME + SIGNING_RING_AGE + VERIFYING_RING_AGE;

/** The key that signs at `now`: the newest whose turn has come, among those that this process can sign with. */
export function currentKey(
  ring: KeyRing,
  now: EpochSeconds,
  usable: (key: KeyRecord) => boolean,
): KeyRecord | null {
  return ring.findLast((key) => key.activeAt <= now && usable(key)) ?? null;
}

/** The keys whose tokens are good at `now`: announced, current, and superseded ones until their last token is over. */
export function verificationKeys(ring: KeyRing, now: EpochSeconds): KeyRing {
  return ring.filter((_, index) => {
    const successor = ring[index + 1];
    return successor === undefined || now < successor.activeAt + RETIREMENT;
  });
}

/** What is missing from a ring at `now`: when each new key takes its turn. Empty where nothing is. */
export function missingKeys(
  ring: KeyRing,
  now: EpochSeconds,
  rotateEvery: Seconds,
  usable: (key: KeyRecord) => boolean,
): readonly EpochSeconds[] {
  const current = currentKey(ring, now, usable);
  const announced = ring.some((key) => key.activeAt > now && usable(key));
  const turn = Math.max((current?.activeAt ?? now) + rotateEvery, now + ANNOUNCE);
  return [...(current === null ? [now] : []), ...(announced ? [] : [turn])];
}

/** The ring with new keys in their places and without those that nobody needs any more. */
export function extendRing(ring: KeyRing, made: KeyRing, now: EpochSeconds): KeyRing {
  return verificationKeys(inOrder([...ring, ...made]), now);
}

/** The ring after the announced key has taken its turn early. */
export function rotateRing(ring: KeyRing, now: EpochSeconds): KeyRing {
  const next = ring.find((key) => key.activeAt > now);
  return inOrder(ring.map((key) => (key === next ? { ...key, activeAt: now } : key)));
}

/** The ring without one key: its tokens are refused from now on. The announced key takes over from a current one. */
export function revokeKey(ring: KeyRing, kid: string, now: EpochSeconds): KeyRing {
  const left = ring.filter((key) => key.kid !== kid);
  const current = currentKey(ring, now, () => true);
  // A superseded key does not come back: nobody remembers why it was.
  return current?.kid === kid ? rotateRing(left, now) : left;
}

function inOrder(ring: KeyRing): KeyRing {
  return ring.toSorted((a, b) => a.activeAt - b.activeAt);
}
