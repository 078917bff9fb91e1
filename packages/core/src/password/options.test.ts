import { describe, expect, it } from "vitest";
import { haveIBeenPwned } from "./breached.ts";
import { pbkdf2Hasher } from "./pbkdf2.ts";
import { password } from "./provider.ts";
import { scryptHasher } from "./scrypt.ts";

type Factory = (options: never) => unknown;

function messageFor(factory: Factory, options: unknown): string {
  try {
    factory(options as never);
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError);
    return error instanceof Error ? error.message : String(error);
  }
  return "";
}

const URL_RULE =
  'it must be an https URL without credentials that ends with "/": five hexadecimal digits are appended';
const HASHER = scryptHasher();
const COST = "whole numbers that take at most 64 MiB: write a cost such as { ln: 15, r: 8, p: 3 }";

describe("wrong options of password() and the hashers", () => {
  it.each<[Factory, unknown, string]>([
    [password, { minLenght: 8 }, "minLenght is not an option of password: did you mean minLength?"],
    [
      password,
      { algorithm: "argon2" },
      "algorithm is not an option of password: remove it, or write one of identifier, minLength, hasher, legacy, breached, verifyEmail",
    ],
    [
      password,
      { identifier: "phone" },
      'password: identifier is "phone", but it must be one of "email", "username", "email-or-username"',
    ],
    [password, { minLength: 7 }, "password: minLength is 7, but it must be a whole number from 8 to 1024"],
    [
      password,
      { minLength: "12" },
      'password: minLength is "12", but it must be a whole number from 8 to 1024',
    ],
    [
      password,
      { hasher: scryptHasher },
      "password: hasher is the function scryptHasher: call scryptHasher()",
    ],
    [
      password,
      { hasher: null },
      "password: hasher is null, but it must be a PasswordHasher such as scryptHasher()",
    ],
    [
      password,
      { hasher: { ...HASHER, hash: undefined } },
      "password: hasher has no hash: pass a PasswordHasher such as scryptHasher()",
    ],
    [
      password,
      { hasher: { ...HASHER, verify: undefined } },
      "password: hasher has no verify: pass a PasswordHasher such as scryptHasher()",
    ],
    [
      password,
      { hasher: { ...HASHER, needsRehash: true } },
      "password: hasher has no needsRehash: pass a PasswordHasher such as scryptHasher()",
    ],
    [
      password,
      { verifyEmail: true },
      'password: verifyEmail is true, but it must be one of "required", "later", false',
    ],
    [
      password,
      { identifier: "username", verifyEmail: "later" },
      'password: verifyEmail is "later", but it needs identifier: "email" or "email-or-username": write false',
    ],
    [
      password,
      { signUp: false },
      'signUp is not an option of password: write createAuth({ signUp: "invited" }) in place of false, and nothing in place of true',
    ],
    [
      password,
      { breached: haveIBeenPwned },
      "password: breached is the function haveIBeenPwned: call haveIBeenPwned()",
    ],
    [
      password,
      { breached: true },
      "password: breached is true, but it must be a BreachedPasswords such as haveIBeenPwned()",
    ],
    [
      password,
      { breached: { check: () => false } },
      "password: breached is an object, but it must be a BreachedPasswords such as haveIBeenPwned()",
    ],
    [haveIBeenPwned, { uri: "" }, "uri is not an option of haveIBeenPwned: did you mean url?"],
    [
      haveIBeenPwned,
      { url: "http://pwned.example.com/range/" },
      `haveIBeenPwned: url is "http://pwned.example.com/range/", but ${URL_RULE}`,
    ],
    [
      haveIBeenPwned,
      { url: "https://pwned.example.com/range" },
      `haveIBeenPwned: url is "https://pwned.example.com/range", but ${URL_RULE}`,
    ],
    [
      haveIBeenPwned,
      { url: "https://pwned.example.com/#/" },
      `haveIBeenPwned: url is "https://pwned.example.com/#/", but ${URL_RULE}`,
    ],
    [
      haveIBeenPwned,
      { url: "https://me:secret@pwned.example.com/" },
      `haveIBeenPwned: url is a URL with credentials, but ${URL_RULE}`,
    ],
    [
      haveIBeenPwned,
      { url: "https://:secret@pwned.example.com/" },
      `haveIBeenPwned: url is a URL with credentials, but ${URL_RULE}`,
    ],
    [
      haveIBeenPwned,
      { url: "https://me@pwned.example.com/" },
      `haveIBeenPwned: url is a URL with credentials, but ${URL_RULE}`,
    ],
    [
      haveIBeenPwned,
      { url: "ftp://localhost/" },
      `haveIBeenPwned: url is "ftp://localhost/", but ${URL_RULE}`,
    ],
    [haveIBeenPwned, { url: "range/" }, `haveIBeenPwned: url is "range/", but ${URL_RULE}`],
    [
      haveIBeenPwned,
      { url: new URL("https://example.com/") },
      `haveIBeenPwned: url is an object of a class, but ${URL_RULE}`,
    ],
    [password, null, "password takes options as an object, and got null"],
    [
      scryptHasher,
      { concurency: 1 },
      "concurency is not an option of scryptHasher: did you mean concurrency?",
    ],
    [
      scryptHasher,
      { cost: { ln: 15, r: 8, p: 3, N: 1 } },
      "cost.N is not an option of scryptHasher: remove it, or write one of ln, r, p",
    ],
    [scryptHasher, { cost: 15 }, "scryptHasher: cost is a number, but it must be an object with ln, r, p"],
    [
      scryptHasher,
      { cost: { ln: 15 } },
      `scryptHasher: cost is { ln: 15, r: undefined, p: undefined }, but it must be ${COST}`,
    ],
    [
      scryptHasher,
      { cost: { ln: 17, r: 8, p: 1 } },
      `scryptHasher: cost is { ln: 17, r: 8, p: 1 }, but it must be ${COST}`,
    ],
    [
      scryptHasher,
      { concurrency: 0 },
      "scryptHasher: concurrency is 0, but it must be a whole number from 1 to 1024",
    ],
    [
      scryptHasher,
      { queue: -1 },
      "scryptHasher: queue is -1, but it must be a whole number from 0 to 100000",
    ],
    [pbkdf2Hasher, { round: 1 }, "round is not an option of pbkdf2Hasher: did you mean rounds?"],
    [
      pbkdf2Hasher,
      { cost: {} },
      "cost is not an option of pbkdf2Hasher: remove it, or write one of concurrency, queue, rounds",
    ],
    [
      pbkdf2Hasher,
      { rounds: 600_000 },
      "pbkdf2Hasher: rounds is 600000, but it must be a whole number from 1 to 100000",
    ],
    [
      pbkdf2Hasher,
      { queue: "10" },
      'pbkdf2Hasher: queue is "10", but it must be a whole number from 0 to 100000',
    ],
  ])("are refused in %o with the message %o", (factory, options, message) => {
    expect(messageFor(factory, options)).toBe(message);
  });

  it("do not include a hasher with methods in its prototype, or members that are undefined", () => {
    expect(messageFor(password, { hasher: Object.create(HASHER) })).toBe("");
    expect(messageFor(password, { hasher: undefined, identifier: undefined, minLength: undefined })).toBe("");
    expect(messageFor(scryptHasher, { cost: undefined, native: null, queue: undefined })).toBe("");
  });
});
