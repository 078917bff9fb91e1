import { badAnswer, callAndWait, callNow, kindOf, requireFlag } from "../platform/callback-answer.ts";
import { isRecord } from "../platform/encoding.ts";
import { type Env, withTimeout } from "../platform/env.ts";
import { checkMembers, type MembersOf, refuse } from "../platform/option-error.ts";
import { type Identifier, parseEmail, parseUsername, type SignInIdentifier } from "../users/identifier.ts";
import type { User } from "../users/user.ts";
import { BREACHED_TIMEOUT, type BreachedPasswords, checkBreached } from "./breached.ts";
import { checkHasher, checkLegacy, checkOption, type PasswordHasher } from "./hasher.ts";
import type { HashVerdict, LegacyHashes, LegacyVerifier } from "./legacy-format.ts";
import {
  checkPassword,
  isPossiblePassword,
  MAX_LENGTH,
  MIN_LENGTH,
  type PasswordVerdict,
  possiblePassword,
} from "./policy.ts";
import { scryptHasher } from "./scrypt.ts";

/** What `password` takes. */
export interface PasswordOptions {
  /**
   * What a user signs in with. Default `"email"`. With `"email-or-username"` a sign-up takes `email` and an optional `username`, and a
   * sign-in takes either: a text with "@" is an address, because no username has one.
   */
  readonly identifier?: SignInIdentifier;
  /** In code points, at least 8. Default 8; 15 is NIST's figure where the password is the only factor. */
  readonly minLength?: number;
  /** Default `scryptHasher()`. */
  readonly hasher?: PasswordHasher;
  /**
   * The formats of the hashes that imported users have, from `@latchkey/core/legacy-hashes`. A sign-in with the right password replaces
   * such a hash with one of `hasher`. Every refusal then costs one derivation of each format more, so that the time does not tell
   * accounts apart: list only the formats that you have. Default none.
   */
  readonly legacy?: readonly LegacyHashes[];
  /**
   * Tells whether a password is known from a data breach: `haveIBeenPwned()`, or your own. It is asked when a password is set,
   * after every other check, and never at sign-in. Default: none is asked.
   */
  readonly breached?: BreachedPasswords;
  /**
   * Whether a sign-up must prove its address. It needs the option `mail`, and an `identifier` other than `"username"`. Default false.
   *
   * - `"later"`: the sign-up signs in, and sends a message with a link.
   * - `"required"`: the sign-up answers 202, the same for a known and an unknown address, and no session exists before the proof.
   */
  readonly verifyEmail?: "required" | "later" | false;
}

const OPTIONS: MembersOf<PasswordOptions> = {
  identifier: ["email", "username", "email-or-username"],
  minLength: null,
  hasher: null,
  legacy: null,
  breached: null,
  verifyEmail: ["required", "later", false],
};

const SIGN_UP_MOVED =
  'signUp is not an option of password: write createAuth({ signUp: "invited" }) in place of false, and nothing in place of true';

const PARSERS: Readonly<Record<SignInIdentifier, PasswordProvider["parseIdentifier"]>> = {
  email(input) {
    const email = parseEmail(input);
    return email === null ? null : { email };
  },
  username(input) {
    const username = parseUsername(input);
    return username === null ? null : { username };
  },
  "email-or-username": (input) => PARSERS.email(input) ?? PARSERS.username(input),
};

/** Sign-in with a password. */
export interface PasswordProvider {
  readonly type: "password";
  readonly identifier: SignInIdentifier;
  /** The fewest code points of a new password. */
  readonly minLength: number;
  readonly verifyEmail: "required" | "later" | false;

  /** Brings an identifier as typed into the form under which the user is stored; null if it cannot be one. */
  parseIdentifier(input: string): Identifier | null;

  /** Whether a password may be tried: well formed, at most 1,024 code points. For sign-in, where `check` is not asked. */
  isPossible(password: string): boolean;

  /** Decides whether a password may be set. */
  check(password: string, identifier: Identifier | null): Promise<PasswordVerdict>;

  /** Tells whether a password that `check` found ok is known from a data breach. Rejects if it cannot tell within a second. */
  isBreached(password: string, env: Env): Promise<boolean>;

  /** Hashes a password that `check` found ok. Throws a `TypeError` for one that is not possible. */
  hash(password: string, random: Env["random"]): Promise<string>;

  /**
   * Checks a password against what is stored, or null where there is no such user, or no password, or no permission
   * to sign in: the answer is then `false`, after the same work. `rehash` asks for a new hash of the same password.
   */
  verify(
    password: string,
    stored: string | null,
  ): Promise<{ readonly ok: boolean; readonly rehash: boolean }>;

  /** Decides whether a hash of another system can be checked at a sign-in. It derives nothing. */
  judgeHash(stored: string): Promise<HashVerdict>;
}

/**
 * Lets users sign in with an e-mail address or a user name, and a password.
 *
 * It does not limit attempts: `rateLimit` of `createAuth` does. Without `verifyEmail` it does not verify the e-mail address. Throws a
 * `TypeError` for an option out of bounds.
 *
 * @example
 * createAuth({ store, providers: [password({ minLength: 15 })] });
 */
export function password(options: PasswordOptions = {}): PasswordProvider {
  if (isRecord(options) && "signUp" in options) throw new TypeError(SIGN_UP_MOVED);
  checkMembers("password", options, OPTIONS);
  const { identifier = "email", minLength = MIN_LENGTH, hasher = scryptHasher() } = options;
  checkOption("password: minLength", minLength, [MIN_LENGTH, MAX_LENGTH]);
  checkHasher("password: hasher", hasher);
  const { breached = null, verifyEmail = false, legacy = [] } = options;
  checkLegacy(legacy);
  if (breached !== null) checkBreached(breached);
  if (verifyEmail !== false && identifier === "username") {
    const advice = 'it needs identifier: "email" or "email-or-username": write false';
    throw refuse("password: verifyEmail", verifyEmail, advice);
  }
  return {
    type: "password",
    identifier,
    minLength,
    verifyEmail,
    isPossible: isPossiblePassword,
    async check(input, of) {
      // Loaded when a password is set: the list of common ones is as large as the rest of this module.
      const { isCommonPassword } = await import("./blocklist.ts");
      return checkPassword(input, { minLength, identifier: of, isCommon: isCommonPassword });
    },

    isBreached: async (input, env) => {
      const normal = possiblePassword(input);
      return breached !== null && normal !== null && askBreached(breached, normal, env);
    },

    parseIdentifier: PARSERS[identifier],

    async hash(input, random) {
      const normal = possiblePassword(input);
      if (normal === null)
        throw new TypeError("The password is malformed, or longer than 1,024 code points.");
      const made = await callAndWait("hasher.hash", () => hasher.hash(normal, random));
      if (typeof made === "string" && made !== "") return made;
      const returned = made === "" ? "an empty string" : kindOf(made);
      throw badAnswer("hasher.hash", returned, "the hash as a string");
    },

    verify: verifierOf(hasher, legacy),

    async judgeHash(stored) {
      const { decideHash } = await import("./legacy-verifier.ts");
      return decideHash(hasher, legacy, stored);
    },
  };
}

function verifierOf(hasher: PasswordHasher, legacy: readonly LegacyHashes[]): PasswordProvider["verify"] {
  let older: LegacyVerifier | null = null;

  async function ask(normal: string, stored: string | null): Promise<boolean> {
    const ok = await callAndWait("hasher.verify", () => hasher.verify(normal, stored));
    // A truthy answer is none: a row of a query, or a list of none, would be a sign-in with any password.
    requireFlag("hasher.verify", ok);
    return ok;
  }

  async function askAll(typed: string, normal: string, stored: string | null): ReturnType<LegacyVerifier> {
    if (legacy.length === 0) return (await ask(normal, stored)) ? "own" : "none";
    const { legacyVerifier } = await import("./legacy-verifier.ts");
    older ??= legacyVerifier(hasher, legacy, ask);
    return older({ typed, normal }, stored);
  }

  return async (input, stored) => {
    const normal = possiblePassword(input);
    const asked = normal === null ? null : stored;
    const by = await askAll(normal === null ? "" : input, normal ?? "", asked);
    const isOwn = by === "own" && stored !== null;
    const rehash = isOwn ? callNow("hasher.needsRehash", () => hasher.needsRehash(stored)) : by === "legacy";
    requireFlag("hasher.needsRehash", rehash);
    return { ok: by !== "none", rehash };
  };
}

async function askBreached(breached: BreachedPasswords, normal: string, env: Env): Promise<boolean> {
  const asked = (async () => breached.isBreached(normal, env))();
  const late = (): Error => new Error("breached: no answer within a second");
  const found: unknown = await withTimeout(asked, BREACHED_TIMEOUT, late);
  requireFlag("breached", found);
  return found;
}

/** Decides whether a user with the right password may sign in: with `verifyEmail: "required"` the address must be proved. */
export function maySignIn(
  { verifyEmail }: Pick<PasswordProvider, "verifyEmail">,
  { emailVerified }: Pick<User, "emailVerified">,
): boolean {
  return emailVerified || verifyEmail !== "required";
}
