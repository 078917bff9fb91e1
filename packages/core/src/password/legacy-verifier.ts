import { callAndWait, callNow, requireFlag } from "../platform/callback-answer.ts";
import { createQueue, type PasswordHasher, queueBounds } from "./hasher.ts";
import type { HashVerdict, LegacyHashes, LegacyVerifier } from "./legacy-format.ts";

/** About what one derivation of an older system takes. */
const SECONDS = 0.3;

type Ask = (normal: string, stored: string | null) => Promise<boolean>;

/**
 * Makes a verifier. Every refusal runs the hasher once and each format once, in the same order, so that its time does not tell which
 * kind of hash an account has, or whether there is one. The older formats have a bounded queue of their own.
 */
export function legacyVerifier(
  hasher: PasswordHasher,
  legacy: readonly LegacyHashes[],
  ask: Ask,
): LegacyVerifier {
  const each = SECONDS * legacy.length;
  const queue = createQueue(queueBounds("password: legacy", {}, { each, pooled: true }));

  async function askLegacy(typed: string, stored: string | null): ReturnType<LegacyVerifier> {
    const format = stored === null ? null : formatOf(hasher, legacy, stored);
    let found: Awaited<ReturnType<LegacyVerifier>> = "none";
    for (const one of legacy) {
      const asked = one === format ? stored : null;
      const answer = await callAndWait("legacy.verify", () => one.verify(typed, asked));
      requireFlag("legacy.verify", answer);
      if (one === format && answer) found = readsAll(one, typed, stored) ? "legacy" : "part";
    }
    return found;
  }

  return async ({ typed, normal }, stored) => {
    const isLegacy = stored !== null && formatOf(hasher, legacy, stored) !== null;
    if (await ask(normal, isLegacy ? null : stored)) return "own";
    // One place in the queue for all formats: a refusal half-way would tell one from another.
    return queue(() => askLegacy(typed, isLegacy ? stored : null));
  };
}

function readsAll(format: LegacyHashes, typed: string, stored: string | null): boolean {
  if (format.readsAll === undefined || stored === null) return true;
  const answer = callNow("legacy.readsAll", () => format.readsAll?.(typed, stored));
  requireFlag("legacy.readsAll", answer);
  return answer;
}

/** The format of an older system that a stored hash has; null if the hasher reads it, or no format does. */
function formatOf(
  hasher: PasswordHasher,
  legacy: readonly LegacyHashes[],
  stored: string,
): LegacyHashes | null {
  if (readsItself(hasher, stored)) return null;
  return legacy.find((format) => format.isHash(stored)) ?? null;
}

// A hasher of the application may have no isHash.
function readsItself(hasher: PasswordHasher, stored: string): boolean {
  return hasher.isHash === undefined ? !hasher.needsRehash(stored) : hasher.isHash(stored);
}

/** Decides whether a hash can be checked. Pure. */
export function decideHash(
  hasher: PasswordHasher,
  legacy: readonly LegacyHashes[],
  stored: string,
): HashVerdict {
  if (readsItself(hasher, stored)) return { kind: "ok" };
  const format = formatOf(hasher, legacy, stored);
  if (format === null) return { kind: "unknown", advice: adviceFor(stored) };
  const reason = format.refusal(stored);
  return reason === null ? { kind: "ok" } : { kind: "refused", reason: `${format.name}: ${reason}` };
}

/** How the hashes of each format begin. */
const BEGINNINGS: readonly (readonly [RegExp, string])[] = [
  [/^(bcrypt(_sha256)?\$)?\$2[aby]\$/, "bcryptHashes()"],
  [/^(argon2)?\$argon2/, "argon2Hashes()"],
  [/^(pbkdf2_sha(1|256)|scrypt)\$/, "djangoHashes()"],
  [/^(pbkdf2|scrypt):/, "werkzeugHashes()"],
  [/^[0-9a-f]{32}:[0-9a-f]{128}$/, "betterAuthHashes()"],
  [/^\$firebase-scrypt\$/, "firebaseHashes({ ... })"],
];

function adviceFor(stored: string): string {
  if (stored.startsWith("$scrypt$"))
    return "give password() a scryptHasher(), which reads costs of up to 64 MiB";
  if (stored.startsWith("$pbkdf2-sha256$"))
    return "give password() a pbkdf2Hasher(), which reads at most 100,000 rounds";
  const factory = BEGINNINGS.find(([beginning]) => beginning.test(stored))?.[1];
  return factory === undefined
    ? "write a LegacyHashes of your own for its format, and add it to legacy of password()"
    : `add ${factory} of @latchkey/core/legacy-hashes to legacy of password()`;
}
