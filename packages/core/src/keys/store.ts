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
