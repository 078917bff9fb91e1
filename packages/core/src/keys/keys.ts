import type { EpochSeconds } from "../platform/time.ts";
import type { Algorithm } from "./algorithms.ts";
import type { PlainJwk, PublicJwk } from "./jwk.ts";

/** The form of a key id, in a key or in a token. */
export const KID: RegExp = /^[A-Za-z0-9_-]{1,64}$/;

/** The key to sign with. */
export interface SigningKey {
  readonly kid: string;
  readonly algorithm: Algorithm;
  /** jose imports bytes, which only HS256 may have, at each use. */
  readonly key: CryptoKey | Uint8Array;
}

/** The key to verify with. jose imports a public key at its first use and caches it. */
export interface VerificationKey {
  readonly kid: string;
  readonly algorithm: Algorithm;
  /** A JWK, but for HS256. */
  readonly key: PlainJwk | CryptoKey | Uint8Array;
}

/** The keys in use, from any source. */
export interface Keys {
  /** The key to sign with now. */
  signing(): Promise<SigningKey>;
  /** Finds a key by its id, or null. An unknown id causes at most one shared load, then a pause. */
  find(kid: string): Promise<VerificationKey | null>;
  /** The key of an id if this process has it and need not load its keys first, at `at`, which is now. Null says nothing about the key. */
  known(kid: string, at: EpochSeconds): VerificationKey | null;
  jwks(): Promise<{ readonly keys: readonly PublicJwk[] }>;
  /** Checks that this process can sign with the key that signs now. Writes nothing. Fails with `internal_error`. */
  check(): Promise<unknown>;
  rotate(): Promise<void>;
  /** Returns `false` for an unknown key. */
  revoke(kid: string): Promise<boolean>;
}

/** A document and its version: 1 at the first save, and one more at every save. */
export interface VersionedDocument {
  readonly version: number;
  readonly document: string;
}

/** The store of the key ring: one small document with compare-and-set. */
export interface KeyStore {
  load(): Promise<VersionedDocument | null>;

  /** Saves if the stored version is still `ifVersion` (0: nothing is stored). Otherwise returns `false`. */
  save(ifVersion: number, document: string): Promise<boolean>;
}
