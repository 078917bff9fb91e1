import { isRecord, parseJson } from "../platform/encoding.ts";
import { attempts, type Env, now } from "../platform/env.ts";
import { AuthError } from "../platform/errors.ts";
import type { EpochSeconds, Seconds } from "../platform/time.ts";
import type { AsymmetricAlgorithm } from "./algorithms.ts";
import { type CachePauses, type RefreshingCache, refreshingCache } from "./cache.ts";
import { type Jwk, plainJwk, publicJwk } from "./jwk.ts";
import { isPair } from "./jws.ts";
import {
  currentKey,
  extendRing,
  type KeyRecord,
  type KeyRing,
  missingKeys,
  parseRing,
  revokeKey,
  rotateRing,
  SIGNING_RING_AGE,
  type UsableKids,
  VERIFYING_RING_AGE,
  verificationKeys,
} from "./key-ring.ts";
import type { KeyStore, Keys, SigningKey, VerificationKey } from "./keys.ts";
import { generateKey, importKey, thumbprint } from "./platform-key.ts";
import { type Sealer, sealer } from "./seal.ts";

export interface StoredKeysOptions {
  readonly store: KeyStore;
  readonly env: Env;
  readonly algorithm: AsymmetricAlgorithm;
  readonly rotateEvery: Seconds;
  /** Newest first; empty leaves private keys unsealed. */
  readonly secrets: readonly string[];
  readonly changed: (change: KeyChange) => void;
  /** Hears of a failure of the store while the cached keys are used. */
  readonly failed?: (error: unknown) => void;
}

export type KeyChange = { readonly type: "created" | "rotated" | "revoked"; readonly kid: string };

/** The pauses after a load that failed or missed a key (JWT-05). */
const PAUSES: CachePauses = { loaded: 0, missed: 1, empty: 0 };
const LABEL = "key-ring";

interface StoredRing {
  readonly version: number;
  readonly ring: KeyRing;
}

interface Loaded extends StoredRing {
  readonly signing: ReadonlyMap<string, SigningKey>;
  readonly verification: ReadonlyMap<string, VerificationKey>;
}

/** What a load of the ring needs, and keeps for the next one. */
interface RingOptions extends StoredKeysOptions {
  readonly sealer: Sealer;
  /** Reads the ring of the store. */
  readonly read: () => Promise<StoredRing>;
  /** The private keys of the last load, by `nameOf`. So each one is opened and imported once. */
  readonly imported: Map<string, CryptoKey>;
}

/** Makes the keys that Latchkey generates and rotates, in a ring that all processes share through the store. */
export function storedKeys(given: StoredKeysOptions): Keys {
  const { env, store } = given;
  const options = { ...given, sealer: sealer(LABEL), read: ringReader(store), imported: new Map() };
  const load = async (change: RingChange = keep): Promise<Loaded> =>
    importRing(options, await changeRing(options, change), kept());
  // While the store is down, tokens are signed and verified with the cached ring.
  const cache: RefreshingCache<Loaded> = refreshingCache({
    env,
    pauses: PAUSES,
    load,
    ...(options.failed === undefined ? {} : { failed: options.failed }),
    supersedes: (found, kept) => found.version >= kept.version,
  });
  const kept = (): Loaded | null => cache.findKnown(Number.POSITIVE_INFINITY, (loaded) => loaded);
  const changed = (change: RingChange): Promise<Loaded> => cache.replace(() => load(change));

  return {
    async signing() {
      const found = await cache.get(SIGNING_RING_AGE);
      const key = found.signing.get(signingKid(found, now(env)));
      if (key === undefined)
        throw new AuthError("internal_error", "no signing key can be decrypted with secret");
      return key;
    },
    async find(kid) {
      const { verification } = await cache.get(VERIFYING_RING_AGE);
      return verification.get(kid) ?? cache.findOrLoad((found) => found.verification.get(kid) ?? null);
    },
    known: (kid, at) => cache.fresh(VERIFYING_RING_AGE, at)?.verification.get(kid) ?? null,
    async jwks() {
      const { ring } = await cache.get(SIGNING_RING_AGE);
      return { keys: verificationKeys(ring, now(env)).map((key) => key.publicJwk) };
    },
    check: ringCheck(options),
    async rotate() {
      const { ring, signing } = await changed(rotateRing);
      const current = currentKey(ring, now(env), signing);
      if (current !== null) options.changed({ type: "rotated", kid: current.kid });
    },
    async revoke(kid) {
      const known = await revokeThrough(changed, kid);
      if (known) options.changed({ type: "revoked", kid });
      return known;
    },
  };
}

/** The kid that signs, or "" for none. If the clock stepped back, no key is active yet, and the oldest one signs. */
function signingKid({ ring, signing }: Loaded, at: EpochSeconds): string {
  return (
    (
      currentKey(ring, at, signing) ??
      ring.find((key) => signing.has(key.kid) && key.supersededAt === undefined)
    )?.kid ?? ""
  );
}

/**
 * Makes the check of the key that signs for all processes. An empty ring passes: its first key is made at the first use. If
 * this process cannot open the key, it would make another one, and the other processes would not open that.
 */
function ringCheck(options: RingOptions): () => Promise<void> {
  return async () => {
    const { ring } = await options.read();
    const own = ring.filter(({ algorithm }) => algorithm === options.algorithm);
    const current = currentKey(own, now(options.env), { has: () => true });
    if (current === null) return;
    const { kid, algorithm } = current;
    const jwk = await openPrivateKey(options, current);
    if (jwk === null)
      throw unusableKey(
        kid,
        "secret does not open it: pass the secret that sealed it, at least as an older one, or revoke the key",
      );
    const signing = { kid, algorithm, key: await importKey(jwk, algorithm) };
    if (await isPair(signing, { kid, algorithm, key: plainJwk(current.publicJwk) })) return;
    throw unusableKey(kid, "its public part does not verify its signature: revoke it");
  };
}

function unusableKey(kid: string, reason: string): AuthError {
  return new AuthError("internal_error", `the stored key with the kid "${kid}" cannot sign: ${reason}`);
}

/** Makes the reader of the stored ring. It parses a document once. */
function ringReader(store: KeyStore): RingOptions["read"] {
  let last: { readonly document: string; readonly ring: KeyRing } | null = null;
  return async () => {
    const stored = await store.load();
    if (stored === null) return { version: 0, ring: [] };
    const { version, document } = stored;
    if (last?.document !== document) last = { document, ring: parseRing(document) };
    return { version, ring: last.ring };
  };
}

type RingChange = (ring: KeyRing, now: EpochSeconds, usable: UsableKids) => KeyRing;
const keep: RingChange = (ring) => ring;

/** Revokes a key. Returns `false` for an unknown key. */
async function revokeThrough(apply: (change: RingChange) => Promise<unknown>, kid: string): Promise<boolean> {
  let known = false;
  await apply((ring, at, usable) => {
    const left = revokeKey(ring, kid, at, usable);
    known = left !== ring;
    return left;
  });
  return known;
}

/** Loads the ring, changes it, adds missing keys and saves it. Repeats if another process saved in between. */
async function changeRing(options: RingOptions, change: RingChange): Promise<StoredRing> {
  for await (const _ of attempts()) {
    const { version, ring } = await options.read();
    const at = now(options.env);
    const usable = await openableKids(options, ring);
    const changed = change(ring, at, usable);
    const turns = missingKeys(changed, at, options.rotateEvery, usable);
    if (changed === ring && turns.length === 0) return { version, ring };
    const made = await Promise.all(turns.map((turn) => makeKey(options, turn)));
    const result = extendRing(changed, made, at);
    if (await options.store.save(version, JSON.stringify(result))) {
      for (const key of made) options.changed({ type: "created", kid: key.kid });
      return { version: version + 1, ring: result };
    }
  }
  throw new AuthError("store_unavailable", "the key ring could not be saved");
}

async function makeKey(options: RingOptions, activeAt: EpochSeconds): Promise<KeyRecord> {
  const { algorithm, secrets, env } = options;
  const jwk = await generateKey(algorithm);
  const kid = await thumbprint(jwk);
  const text = JSON.stringify(jwk);
  const [newest] = secrets;
  return {
    kid,
    algorithm,
    publicJwk: publicJwk({ ...jwk }, kid, algorithm),
    privateKey: newest === undefined ? text : await options.sealer.seal(text, newest, env.random),
    activeAt,
  };
}

async function openPrivateKey(options: RingOptions, key: KeyRecord): Promise<Jwk | null> {
  if (key.algorithm !== options.algorithm) return null;
  const sealed = !key.privateKey.startsWith("{");
  const text = sealed ? await options.sealer.open(key.privateKey, options.secrets) : key.privateKey;
  const jwk = text === null ? null : parseJson(text);
  return isRecord(jwk) ? jwk : null;
}

async function openableKids(options: RingOptions, ring: KeyRing): Promise<ReadonlySet<string>> {
  const { imported } = options;
  const opened = await Promise.all(
    ring.map(async (key) => imported.has(nameOf(key)) || (await openPrivateKey(options, key)) !== null),
  );
  return new Set(ring.filter((_, index) => opened[index]).map((key) => key.kid));
}

function nameOf({ algorithm, privateKey }: KeyRecord): string {
  return `${algorithm} ${privateKey}`;
}

/** The private key of a record: the same object at each load. Null if no secret opens it. */
async function privateKeyOf(options: RingOptions, record: KeyRecord): Promise<CryptoKey | null> {
  const known = options.imported.get(nameOf(record));
  if (known !== undefined) return known;
  const jwk = await openPrivateKey(options, record);
  if (jwk === null) return null;
  const key = await importKey(jwk, record.algorithm);
  options.imported.set(nameOf(record), key);
  return key;
}

async function importRing(
  options: RingOptions,
  { version, ring }: StoredRing,
  before: Loaded | null,
): Promise<Loaded> {
  const at = now(options.env);
  const signing = new Map<string, SigningKey>();
  const verification = new Map<string, VerificationKey>();
  for (const record of verificationKeys(ring, at)) {
    const { kid, algorithm } = record;
    verification.set(kid, verificationKeyOf(record, before?.verification.get(kid)));
    const key = await privateKeyOf(options, record);
    if (key !== null) signing.set(kid, { kid, algorithm, key });
  }
  const names = new Set(ring.map(nameOf));
  for (const name of options.imported.keys()) if (!names.has(name)) options.imported.delete(name);
  return { version, ring, signing, verification };
}

// Verified tokens are kept with their key, and jose keeps what it imported. So a key that has not changed stays the same object.
function verificationKeyOf(
  { kid, algorithm, publicJwk }: KeyRecord,
  before: VerificationKey | undefined,
): VerificationKey {
  const key = plainJwk(publicJwk);
  const isSame = before?.algorithm === algorithm && JSON.stringify(before.key) === JSON.stringify(key);
  return isSame ? before : { kid, algorithm, key };
}
