import { sha256 } from "@oslojs/crypto/sha2";
import { encodeHexLowerCase } from "@oslojs/encoding";
import { utf8 } from "../platform/encoding.ts";
import {
  createLegacyHashes,
  type LegacyHash,
  type LegacyHashes,
  type LegacyOptions,
} from "./legacy-format.ts";

const FORM = /^(bcrypt\$|bcrypt_sha256\$)?(\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53})$/;
const MIN_COST = 4;
// About 2 s of CPU time.
const MAX_COST = 14;
/** The bytes of a password that the format reads. */
const READ = 72;

/**
 * Checks bcrypt hashes: `$2a$`, `$2b$` and `$2y$`, as bcrypt libraries, Rails, Laravel and `password_hash` of PHP make them, and
 * `bcrypt$$2b$` and `bcrypt_sha256$$2b$` of Django. The format reads 72 bytes of a password. Costs from 4 to 14. `like`
 * is by default one of the cost 10.
 *
 * It runs in the thread of JavaScript, with pauses, so other requests wait at times.
 *
 * @example
 * password({ legacy: [bcryptHashes({ like: "$2b$12$..." })] });
 */
export function bcryptHashes(options: LegacyOptions = {}): LegacyHashes {
  const like = hashAt("$2b$", 10);
  return createLegacyHashes({ name: "bcryptHashes", like, read: readBcrypt }, options);
}

function hashAt(prefix: string, cost: number): string {
  return `${prefix}${String(cost).padStart(2, "0")}$${".".repeat(53)}`;
}

function readBcrypt(stored: string): LegacyHash | string | null {
  const [, wrapper, hash, digits] = FORM.exec(stored) ?? [];
  if (hash === undefined) return null;
  const cost = Number(digits);
  if (cost < MIN_COST || cost > MAX_COST)
    return `the cost ${cost} of bcrypt is not run: from ${MIN_COST} to ${MAX_COST}`;
  const prepare = wrapper === "bcrypt_sha256$" ? hexDigest : (password: string) => password;
  return {
    algorithm: "bcrypt",
    work: 2 ** cost,
    // A longer password has the hash of its beginning, and one that repeats itself after a NUL that of one part.
    readsAll: (password) => utf8(prepare(password)).length < READ && !password.includes("\u0000"),
    async matches(password) {
      const { compare } = await import("bcryptjs");
      return compare(prepare(password), hash);
    },
    async spend(password, work) {
      const { compare } = await import("bcryptjs");
      for (let bit = MIN_COST; bit <= MAX_COST; bit++) {
        if ((work & (2 ** bit)) !== 0) await compare(password, hashAt("$2b$", bit));
      }
    },
  };
}

function hexDigest(password: string): string {
  return encodeHexLowerCase(sha256(utf8(password)));
}
