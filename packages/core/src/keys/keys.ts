import type { Algorithm } from "./algorithms.ts";
import type { PlainJwk, PublicJwk } from "./jwk.ts";

/** The key to sign with. */
export interface SigningKey {
  readonly kid: string;
  readonly algorithm: Algorithm;
  /** Bytes for HS256. */
  readonly key: CryptoKey | Uint8Array;
}

/** The names that a key can have and a token can ask for. */
export const KID: RegExp = /^[A-Za-z0-9_-]{1,64}$/;

/** The key to check a signature with. jose imports a public key at its first use, and keeps it. */
export interface VerificationKey {
  readonly kid: string;
  readonly algorithm: Algorithm;
  /** Bytes for HS256. */
  readonly key: PlainJwk | Uint8Array;
}

/** The keys in use, wherever they come from. */
export interface Keys {
  /** The key to sign with now. */
  signing(): Promise<SigningKey>;
  /** The key of that name, or null; an unknown name costs one shared look at the store at most, then a pause. */
  find(kid: string): Promise<VerificationKey | null>;
  jwks(): Promise<{ readonly keys: readonly PublicJwk[] }>;
  rotate(): Promise<void>;
  /** `false` where there is no such key. */
  revoke(kid: string): Promise<boolean>;
}

/** A document and its version: 1 when it was first saved, one more with every save. */
export interface VersionedDocument {
  readonly version: number;
  readonly document: string;
}

/** Where the key ring lives: one small document under compare-and-set. */
export interface KeyStore {
  load(): Promise<VersionedDocument | null>;

  /** Saves where the stored version is still `ifVersion` (0: nothing stored); `false` where it is not. */
  save(ifVersion: number, document: string): Promise<boolean>;
}
