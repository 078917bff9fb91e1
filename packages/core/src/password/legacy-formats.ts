import { concat, fromBase64, utf8 } from "../platform/encoding.ts";
import { checkMembers, type MembersOf, refuse } from "../platform/option-error.ts";
import { pbkdf2Hash, type ScryptReader, scryptReader } from "./legacy-derivations.ts";
import {
  createLegacyHashes,
  type LegacyFormat,
  type LegacyHashes,
  type LegacyOptions,
} from "./legacy-format.ts";

const DJANGO_PBKDF2 = /^pbkdf2_(sha1|sha256)\$(\d{1,10})\$([^$]{1,128})\$([A-Za-z0-9+/]{16,128}={0,2})$/;
const DJANGO_SCRYPT =
  /^scrypt\$(\d{1,10})\$([^$]{1,128})\$(\d{1,5})\$(\d{1,5})\$([A-Za-z0-9+/]{16,128}={0,2})$/;
const EMPTY_32 = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

/**
 * Checks the hashes of Django: `pbkdf2_sha256$600000$salt$key`, `pbkdf2_sha1`, and `scrypt$16384$salt$8$5$key`. At most 2,000,000
 * rounds, and scrypt of at most 64 MiB. `bcryptHashes` and `argon2Hashes` read the others that Django makes. `like` is
 * by default one of 600,000 rounds.
 *
 * It does not read `!`, which Django stores for a user without a password: import that user without `passwordHash`.
 *
 * @example
 * password({ legacy: [djangoHashes()] });
 */
export function djangoHashes(options: LegacyOptions = {}): LegacyHashes {
  const like = `pbkdf2_sha256$600000$salt$${EMPTY_32}`;
  return createLegacyHashes({ name: "djangoHashes", like, read: djangoReader(scryptReader()) }, options);
}

function djangoReader(scrypt: ScryptReader): LegacyFormat["read"] {
  return (stored) => {
    const [, digest, rounds, salt, key] = DJANGO_PBKDF2.exec(stored) ?? [];
    if (digest !== undefined && salt !== undefined && key !== undefined)
      return pbkdf2Hash(digest, Number(rounds), { salt: utf8(salt), key: fromBase64(key) });
    const [, N, scryptSalt, r, p, scryptKey] = DJANGO_SCRYPT.exec(stored) ?? [];
    if (scryptSalt === undefined || scryptKey === undefined) return null;
    const cost = { N: Number(N), r: Number(r), p: Number(p) };
    return scrypt(cost, { salt: utf8(scryptSalt), key: fromBase64(scryptKey) });
  };
}

const WERKZEUG_PBKDF2 = /^pbkdf2:(sha1|sha256|sha512):(\d{1,10})\$([^$]{1,128})\$([0-9a-f]{40,128})$/;
const WERKZEUG_SCRYPT = /^scrypt:(\d{1,10}):(\d{1,5}):(\d{1,5})\$([^$]{1,128})\$([0-9a-f]{128})$/;

/**
 * Checks the hashes of Werkzeug, as Flask applications have them: `scrypt:32768:8:1$salt$key` and `pbkdf2:sha256:600000$salt$key`, also
 * with `sha1` and `sha512`. At most 2,000,000 rounds, and scrypt of at most 64 MiB. `like` is by default `scrypt:32768:8:1`.
 *
 * @example
 * password({ legacy: [werkzeugHashes()] });
 */
export function werkzeugHashes(options: LegacyOptions = {}): LegacyHashes {
  const like = `scrypt:32768:8:1$salt$${"00".repeat(64)}`;
  return createLegacyHashes({ name: "werkzeugHashes", like, read: werkzeugReader(scryptReader()) }, options);
}

function werkzeugReader(scrypt: ScryptReader): LegacyFormat["read"] {
  return (stored) => {
    const [, digest, rounds, salt, key] = WERKZEUG_PBKDF2.exec(stored) ?? [];
    if (digest !== undefined && salt !== undefined && key !== undefined)
      return pbkdf2Hash(digest, Number(rounds), { salt: utf8(salt), key: fromHex(key) });
    const [, N, r, p, scryptSalt, scryptKey] = WERKZEUG_SCRYPT.exec(stored) ?? [];
    if (scryptSalt === undefined || scryptKey === undefined) return null;
    const cost = { N: Number(N), r: Number(r), p: Number(p) };
    return scrypt(cost, { salt: utf8(scryptSalt), key: fromHex(scryptKey) });
  };
}

const BETTER_AUTH = /^([0-9a-f]{32}):([0-9a-f]{128})$/;

/**
 * Checks the hashes of better-auth: `salt:key` in hexadecimal, by scrypt at N = 16384, r = 16, p = 1, of the password in NFKC.
 *
 * @example
 * password({ legacy: [betterAuthHashes()] });
 */
export function betterAuthHashes(): LegacyHashes {
  const like = `${"00".repeat(16)}:${"00".repeat(64)}`;
  return createLegacyHashes({ name: "betterAuthHashes", like, read: betterAuthReader(scryptReader()) }, {});
}

function betterAuthReader(scrypt: ScryptReader): LegacyFormat["read"] {
  return (stored) => {
    const [, salt, key] = BETTER_AUTH.exec(stored) ?? [];
    if (salt === undefined || key === undefined) return null;
    // The salt is the text of the digits, not their bytes.
    const read = scrypt({ N: 16_384, r: 16, p: 1 }, { salt: utf8(salt), key: fromHex(key) });
    if (read === null || typeof read === "string") return read;
    return {
      ...read,
      matches: (password) => read.matches(password.normalize("NFKC")),
      readsAll: (password) => password.normalize("NFKC") === password.normalize("NFC"),
    };
  };
}

/** The hash parameters of a Firebase project, as the console and `firebase auth:export` show them. */
export interface FirebaseOptions {
  /** `base64_signer_key`. */
  readonly signerKey: string;
  /** `base64_salt_separator`. */
  readonly saltSeparator: string;
  /** `rounds`, 8 in general. */
  readonly rounds: number;
  /** `mem_cost`, 14 in general. */
  readonly memCost: number;
}

const FIREBASE_OPTIONS: MembersOf<FirebaseOptions> = {
  signerKey: null,
  saltSeparator: null,
  rounds: null,
  memCost: null,
};
const FIREBASE = /^\$firebase-scrypt\$([A-Za-z0-9+/_-]{1,128}={0,2})\$([A-Za-z0-9+/_-]{16,128}={0,2})$/;

/**
 * Checks the hashes of Firebase Authentication, which has one key for all users of a project. Import them as
 * `$firebase-scrypt$<salt>$<passwordHash>` with the two texts of the export. Throws a `TypeError` for parameters that are malformed.
 *
 * @example
 * password({ legacy: [firebaseHashes({ signerKey, saltSeparator: "Bw==", rounds: 8, memCost: 14 })] });
 */
export function firebaseHashes(options: FirebaseOptions): LegacyHashes {
  checkMembers("firebaseHashes", options, FIREBASE_OPTIONS);
  const read = firebaseReader(options, scryptReader());
  const like = `$firebase-scrypt$AAAA$${"A".repeat(86)}==`;
  const usable = read(like);
  if (usable === null || typeof usable === "string")
    throw new TypeError(`firebaseHashes: rounds and memCost cannot be used: ${usable}`);
  return createLegacyHashes({ name: "firebaseHashes", like, read }, {});
}

function firebaseReader(options: FirebaseOptions, scrypt: ScryptReader): LegacyFormat["read"] {
  const { rounds, memCost } = options;
  const signerKey = firebaseBytes(options.signerKey);
  if (signerKey?.length !== MAX_SIGNER_KEY)
    throw new TypeError("firebaseHashes: signerKey must be the base64 of 64 bytes: copy base64_signer_key");
  const separator = firebaseBytes(options.saltSeparator);
  if (separator === null)
    throw refuse("firebaseHashes: saltSeparator", options.saltSeparator, "it must be base64_salt_separator");
  return (stored) => {
    const [, salt = "", key = ""] = FIREBASE.exec(stored) ?? [];
    const bytes = firebaseBytes(salt);
    if (salt === "" || bytes === null) return null;
    const found = { salt: concat(bytes, separator), key: firebaseBytes(key) };
    return scrypt({ N: 2 ** memCost, r: rounds, p: 1 }, found, (derived) =>
      encryptSigner(signerKey, derived),
    );
  };
}

const MAX_SIGNER_KEY = 64;

/** The Admin SDK writes the URL-safe alphabet, the export of the command line the standard one. */
function firebaseBytes(text: unknown): Uint8Array<ArrayBuffer> | null {
  return typeof text === "string" ? fromBase64(text.replaceAll("-", "+").replaceAll("_", "/")) : null;
}

// AES-256 in counter mode from zero, under the first half of what scrypt derived.
async function encryptSigner(signerKey: Uint8Array<ArrayBuffer>, derived: Uint8Array): Promise<Uint8Array> {
  const raw = new Uint8Array(derived.subarray(0, 32));
  const key = await crypto.subtle.importKey("raw", raw, "AES-CTR", false, ["encrypt"]);
  const algorithm = { name: "AES-CTR", counter: new Uint8Array(16), length: 128 };
  return new Uint8Array(await crypto.subtle.encrypt(algorithm, key, signerKey));
}

function fromHex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16));
}
