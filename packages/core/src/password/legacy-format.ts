import { checkMembers, type MembersOf } from "../platform/option-error.ts";

/** Checks the hashes of another system, for `legacy` of `password()`. Bring your own for a format that Latchkey does not have. */
export interface LegacyHashes {
  /** The name of the factory, for messages. */
  readonly name: string;

  /** Whether a stored text has this format, at any cost. */
  isHash(stored: string): boolean;

  /** Why a hash of this format is not run, such as a cost beyond the bounds; null for one that is run. */
  refusal(stored: string): string | null;

  /**
   * Whether `stored` is a hash of `password`, which arrives as typed: well formed, at most 1,024 code points after NFC. If it is null,
   * of another format or refused, it is not run: the result is `false`, after as much work as a usual hash takes. It must not put the
   * password into an error. Only `true` is a match; any value but a boolean is `internal_error`.
   */
  verify(password: string, stored: string | null): Promise<boolean>;

  /**
   * Whether a match shows all of `password`. Where it is false, such as for a text beyond the bytes that the format reads, the sign-in
   * succeeds and keeps the stored hash: a current hash would fix what the user mistyped there. Optional: without it, always true.
   */
  readsAll?(password: string, stored: string): boolean;
}

/** Whether a hash can be checked at a sign-in: by a part of the configuration, by none, or by one that refuses to run it. */
export type HashVerdict =
  | { readonly kind: "ok" }
  | { readonly kind: "unknown"; readonly advice: string }
  | { readonly kind: "refused"; readonly reason: string };

/** What a sign-in knows of a password: as typed, and in the normal form that the hasher gets. */
interface TypedPassword {
  readonly typed: string;
  readonly normal: string;
}

/** Tells which of them matches: a hash of the hasher, a hash of an older system, only a part of the password, or none. */
export type LegacyVerifier = (
  password: TypedPassword,
  stored: string | null,
) => Promise<"own" | "legacy" | "part" | "none">;

/** The options of a format whose hashes name their cost. */
export interface LegacyOptions {
  /**
   * A stored hash of the usual cost, or only of the same form. An account without a hash of this format costs as much to refuse as an
   * account with this one, and a cheaper hash of the same algorithm too. Pass your costliest, or the default is used.
   */
  readonly like?: string;
}

const OPTIONS: MembersOf<LegacyOptions> = { like: null };

/** A stored hash that was read. */
export interface LegacyHash {
  /** Costs of the same algorithm can be compared. */
  readonly algorithm: string;
  readonly work: number;
  matches(password: string): Promise<boolean>;
  /** Whether a match shows all of a password. Default always. */
  readonly readsAll?: (password: string) => boolean;
  /** Runs about as much work, for nothing. */
  spend(password: string, work: number): Promise<unknown>;
}

/** One format, as data and the function that reads it. */
export interface LegacyFormat {
  readonly name: string;
  readonly like: string;
  /** Reads a stored hash: null for another format, a text for the reason why it is not run. */
  read(stored: string): LegacyHash | string | null;
}

/** Makes the checks of a format. Throws a `TypeError` for a `like` that it does not read. */
export function createLegacyHashes(
  { name, like: usual, read }: LegacyFormat,
  options: LegacyOptions,
): LegacyHashes {
  checkMembers(name, options, OPTIONS);
  const like = readLike(name, options.like ?? usual, read);
  return {
    name,
    isHash: (stored) => read(stored) !== null,
    refusal(stored) {
      const found = read(stored);
      return typeof found === "string" ? found : null;
    },
    readsAll(password, stored) {
      const found = read(stored);
      return found === null || typeof found === "string" || (found.readsAll?.(password) ?? true);
    },
    async verify(password, stored) {
      const found = stored === null ? null : read(stored);
      if (found === null || typeof found === "string") {
        await like.matches(password);
        return false;
      }
      if (await found.matches(password)) return true;
      const missing = found.algorithm === like.algorithm ? like.work - found.work : 0;
      if (missing > 0) await like.spend(password, missing);
      return false;
    },
  };
}

// The value is not shown: it may be the hash of a user.
function readLike(name: string, like: unknown, read: LegacyFormat["read"]): LegacyHash {
  const found = typeof like === "string" ? read(like) : null;
  if (found !== null && typeof found !== "string") return found;
  const why = found === null ? "it is no hash of this format" : found;
  throw new TypeError(`${name}: like cannot be used: ${why}. Write a stored hash of the usual cost`);
}
