import type { Algorithm } from "../keys/algorithms.ts";
import type { Jwk } from "../keys/jwk.ts";
import { faultOfProvided } from "../keys/key-set.ts";
import { isLoopback } from "../platform/origin.ts";

const MIN_SECRET_BYTES = 32;
const MIN_SECRET_VARIETY = 8;
const MAKE_ONE = "make one with: openssl rand -base64 32";

/** A secret that an environment variable should have held, and did not. */
type Unset = undefined | "";

/** Checks the secrets one by one. None of an empty environment is left. Throws a `TypeError` that shows none of them. */
export function checkSecrets(given: string | readonly (string | Unset)[] | undefined): readonly string[] {
  const all = typeof given === "string" ? [given] : (given ?? []);
  const secrets = all.filter((secret): secret is string => !isUnset(secret));
  // Without the newest secret an older one would sign, and without an older one what it sealed is lost.
  const index = all.findIndex(isUnset);
  if (secrets.length > 0 && index !== -1)
    throw new TypeError(
      `secret[${index}] is missing beside other secrets: pass it, or remove it from the list`,
    );
  for (const secret of secrets) checkSecret(secret);
  if (new Set(secrets).size !== secrets.length)
    throw new TypeError("secret has the same value twice: remove one");
  return Object.freeze([...secrets]);
}

function isUnset(secret: string | Unset): boolean {
  return secret === undefined || secret === "";
}

/**
 * Tells that a secret is required and missing; null if it is not. That is no fault of the program: a build has no secrets. So it is
 * refused at the first request, and nothing is served without it.
 */
export function missingSecret(
  secrets: readonly string[],
  baseURL: URL | null,
  algorithm: Algorithm,
): string | null {
  if (secrets.length > 0) return null;
  if (algorithm === "HS256") return "secret is missing, but HS256 is keyed with it: pass one";
  if (baseURL === null || isLoopback(baseURL.hostname)) return null;
  return "secret is missing, but it is required outside localhost: pass 32 random bytes in base64";
}

function checkSecret(secret: string): void {
  if (new TextEncoder().encode(secret).length < MIN_SECRET_BYTES) {
    throw new TypeError(`secret is shorter than ${MIN_SECRET_BYTES} bytes: ${MAKE_ONE}`);
  }
  if (secret.trim() !== secret || /^(["']).*\1$/.test(secret)) {
    throw new TypeError("secret begins or ends with white space or quotes: strip what the environment added");
  }
  if (new Set(secret).size < MIN_SECRET_VARIETY || /change.?me|example|your.?secret/i.test(secret)) {
    throw new TypeError(`secret can be guessed: ${MAKE_ONE}`);
  }
}

/** Checks that there are keys for the algorithm, and none too many. Throws a `TypeError` that shows no key. */
export function checkKeys(provided: readonly Jwk[] | null, algorithm: Algorithm): void {
  if (algorithm === "HS256") {
    if (provided !== null) throw new TypeError("keys.provided has no use with HS256: pass secret instead");
    return;
  }
  const fault = provided === null ? null : faultOfProvided(provided, algorithm);
  if (fault !== null) throw new TypeError(`keys.provided${fault}`);
}
