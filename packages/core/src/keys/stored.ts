import { type Env, endsWithRequest, now, shareRun } from "../platform/env.ts";
import { AuthError } from "../platform/errors.ts";
import { isRecord, parseJson } from "../platform/json.ts";
import type { EpochSeconds, Seconds } from "../platform/time.ts";
import type { AsymmetricAlgorithm } from "./algorithms.ts";
import { type Jwk, plainJwk, publicJwk } from "./jwk.ts";
import { generateKey, importKey, thumbprint } from "./jws.ts";
import {
  currentKey,
  extendRing,
  formatRing,
  type KeyRecord,
  type KeyRing,
  missingKeys,
  parseRing,
  revokeKey,
  rotateRing,
  SIGNING_RING_AGE,
  VERIFYING_RING_AGE,
  verificationKeys,
} from "./key-ring.ts";
import type { KeyStore, Keys, SigningKey, VerificationKey } from "./keys.ts";
import { open, seal } from "./seal.ts";

export interface StoredKeysOptions {
  readonly store: KeyStore;
  readonly env: Env;
  readonly algorithm: AsymmetricAlgorithm;
  readonly rotateEvery: Seconds;
  /** Newest first; empty leaves private keys unsealed. */
  readonly secrets: readonly string[];
  readonly changed: (change: KeyChange) => void;
}

export type KeyChange = { readonly type: "created" | "rotated" | "revoked"; readonly kid: string };

/** After a look at the store that was in vain, the next one waits this long (JWT-05). */
const COOL_DOWN: Seconds = 1;
const ATTEMPTS = 8;
const LABEL = "key-ring";

interface StoredRing {
  readonly version: number;
  readonly ring: KeyRing;
}

interface Loaded extends StoredRing {
  readonly at: EpochSeconds;
  readonly signing: ReadonlyMap<string, SigningKey>;
  readonly verification: ReadonlyMap<string, VerificationKey>;
}

/** Keys that Latchkey makes and rotates by itself, in a ring that every process shares through the store. */
export function storedKeys(options: StoredKeysOptions): Keys {
  const { env } = options;
  let loaded: Loaded | null = null;
  let inVainAt: EpochSeconds | null = null;

  const load = async (change: RingChange = keep): Promise<Loaded> => {
    const before = loaded;
    const found = await importRing(options, await settle(options, change));
    // What was read before a change and arrives after it must not bring a revoked key back.
    if (loaded === null || loaded === before || found.version >= loaded.version) loaded = found;
    return loaded;
  };
  const { run: shared, isUnderWay } = shareRun(() => load());
  const pausing = (): boolean => inVainAt !== null && Math.abs(now(env) - inVainAt) < COOL_DOWN;
  // A copy of the ring outlives a store that is down: tokens are checked and signed with what is known.
  const within = async (age: Seconds): Promise<Loaded> => {
    if (loaded === null) return shared();
    if (Math.abs(now(env) - loaded.at) <= age || pausing()) return loaded;
    const stale = loaded;
    return shared().catch(() => {
      inVainAt = now(env);
      return stale;
    });
  };

  return {
    async signing() {
      const found = await within(SIGNING_RING_AGE);
      const key = found.signing.get(signingKid(found, now(env)));
      if (key === undefined) throw new AuthError("internal_error", "no signing key can be opened");
      return key;
    },
    async find(kid) {
      const known = (await within(VERIFYING_RING_AGE)).verification.get(kid);
      if (known !== undefined) return known;
      if (pausing()) return null;
      // Where looks are not shared, nobody begins another meanwhile.
      if (endsWithRequest()) inVainAt = now(env);
      const wasUnderWay = isUnderWay();
      const found = (await shared()).verification.get(kid);
      // A look that was under way may have missed the key: one of our own tells.
      const fresh = found ?? (wasUnderWay ? (await shared()).verification.get(kid) : undefined);
      inVainAt = fresh === undefined ? now(env) : null;
      return fresh ?? null;
    },
    async jwks() {
      const { ring } = await within(SIGNING_RING_AGE);
      return { keys: verificationKeys(ring, now(env)).map((key) => key.publicJwk) };
    },
    async rotate() {
      const { ring, signing } = await load(rotateRing);
      const current = currentKey(ring, now(env), (key) => signing.has(key.kid));
      if (current !== null) options.changed({ type: "rotated", kid: current.kid });
    },
    async revoke(kid) {
      const known = await revokeThrough(load, kid);
      if (known) options.changed({ type: "revoked", kid });
      return known;
    },
  };
}

/** The kid that signs, or "" for none. Where the clock stepped back since the ring was made, its oldest key is in use already. */
function signingKid({ ring, signing }: Loaded, at: EpochSeconds): string {
  const usable = (key: KeyRecord): boolean => signing.has(key.kid);
  return (
    (currentKey(ring, at, usable) ?? ring.find((key) => usable(key) && key.supersededAt === undefined))
      ?.kid ?? ""
  );
}

type Usable = (key: KeyRecord) => boolean;
type RingChange = (ring: KeyRing, now: EpochSeconds, usable: Usable) => KeyRing;
const keep: RingChange = (ring) => ring;

/** Revokes a key, and tells whether there was one. */
async function revokeThrough(load: (change: RingChange) => Promise<unknown>, kid: string): Promise<boolean> {
  let known = false;
  await load((ring, at, usable) => {
    const left = revokeKey(ring, kid, at, usable);
    known = left !== ring;
    return left;
  });
  return known;
}

/** Reads the ring, changes it, adds what is missing, and saves it under compare-and-set until one process wins. */
async function settle(options: StoredKeysOptions, change: RingChange): Promise<StoredRing> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const stored = await options.store.load();
    const ring = stored === null ? [] : parseRing(stored.document);
    const version = stored?.version ?? 0;
    const at = now(options.env);
    const openable = await openableKids(options, ring);
    const usable: Usable = (key) => openable.has(key.kid);
    const changed = change(ring, at, usable);
    const turns = missingKeys(changed, at, options.rotateEvery, usable);
    if (changed === ring && turns.length === 0) return { version, ring };
    const made = await Promise.all(turns.map((turn) => makeKey(options, turn)));
    const result = extendRing(changed, made, at);
    if (await options.store.save(version, formatRing(result))) {
      for (const key of made) options.changed({ type: "created", kid: key.kid });
      return { version: version + 1, ring: result };
    }
  }
  throw new AuthError("store_unavailable", "the key ring could not be saved");
}

async function makeKey(options: StoredKeysOptions, activeAt: EpochSeconds): Promise<KeyRecord> {
  const { algorithm, secrets, env } = options;
  const jwk = await generateKey(algorithm);
  const kid = await thumbprint(jwk);
  const text = JSON.stringify(jwk);
  const [newest] = secrets;
  return {
    kid,
    algorithm,
    publicJwk: publicJwk({ ...jwk }, kid, algorithm),
    privateKey: newest === undefined ? text : await seal(text, newest, LABEL, env.random),
    activeAt,
  };
}

async function openPrivateKey(options: StoredKeysOptions, key: KeyRecord): Promise<Jwk | null> {
  if (key.algorithm !== options.algorithm) return null;
  const sealed = !key.privateKey.startsWith("{");
  const text = sealed ? await open(key.privateKey, options.secrets, LABEL) : key.privateKey;
  const jwk = text === null ? null : parseJson(text);
  return isRecord(jwk) ? jwk : null;
}

async function openableKids(options: StoredKeysOptions, ring: KeyRing): Promise<ReadonlySet<string>> {
  const opened = await Promise.all(ring.map((key) => openPrivateKey(options, key)));
  return new Set(ring.filter((_, index) => opened[index] !== null).map((key) => key.kid));
}

async function importRing(options: StoredKeysOptions, { version, ring }: StoredRing): Promise<Loaded> {
  const at = now(options.env);
  const signing = new Map<string, SigningKey>();
  const verification = new Map<string, VerificationKey>();
  for (const record of verificationKeys(ring, at)) {
    const { kid, algorithm } = record;
    verification.set(kid, { kid, algorithm, key: plainJwk(record.publicJwk) });
    const jwk = await openPrivateKey(options, record);
    if (jwk !== null) signing.set(kid, { kid, algorithm, key: await importKey(jwk, algorithm) });
  }
  return { at, version, ring, signing, verification };
}
