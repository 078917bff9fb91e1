import type { Algorithm } from "../keys/algorithms.ts";
import type { Jwk } from "../keys/jwk.ts";
import { faultOfProvided } from "../keys/key-set.ts";
import { isLoopback } from "../platform/origin.ts";

const MIN_SECRET_BYTES = 32;
const MIN_SECRET_VARIETY = 8;
const MAKE_ONE = "make one with: openssl rand -base64 32";

/** Checks the secrets one by one, and whether there must be any. Throws a `TypeError` that shows none of them. */
export function checkSecrets(
  given: string | readonly string[] | undefined,
  baseURL: URL | null,
): readonly string[] {
  const secrets = given === undefined ? [] : typeof given === "string" ? [given] : given;
  if (secrets.length === 0 && baseURL !== null && !isLoopback(baseURL.hostname)) {
    throw new TypeError(
      "secret is missing, but it is required outside localhost: pass 32 random bytes in base64",
    );
  }
  for (const secret of secrets) checkSecret(secret);
  if (new Set(secrets).size !== secrets.length)
    throw new TypeError("secret has the same value twice: remove one");
  return Object.freeze([...secrets]);
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
export function checkKeys(
  provided: readonly Jwk[] | null,
  algorithm: Algorithm,
  secrets: readonly string[],
): void {
  if (algorithm === "HS256") {
    if (provided !== null) throw new TypeError("keys.provided has no use with HS256: pass secret instead");
    if (secrets.length === 0) throw new TypeError("secret is missing, but HS256 is keyed with it: pass one");
    return;
  }
  const fault = provided === null ? null : faultOfProvided(provided, algorithm);
  if (fault !== null) throw new TypeError(`keys.provided${fault}`);
}
