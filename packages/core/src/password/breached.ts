import { encodeHexUpperCase } from "@oslojs/encoding";
import { isRecord, utf8 } from "../platform/encoding.ts";
import type { Env } from "../platform/env.ts";
import { type FetchFault, fetchText } from "../platform/fetch-json.ts";
import { checkMembers, type MembersOf, refuse } from "../platform/option-error.ts";
import { isLoopback } from "../platform/origin.ts";
import type { Seconds } from "../platform/time.ts";

/** Tells whether a password is known from a data breach. `haveIBeenPwned()` is one; bring your own to ask another source. */
export interface BreachedPasswords {
  /**
   * Gets a password in NFC that passed every other check. It has one second. If it rejects, is late, or returns no boolean,
   * the password is accepted, and the error reaches `onError` with the operation `breached`. It must not put the password
   * into an error, and must not send it anywhere as it is.
   */
  isBreached(password: string, env: Env): Promise<boolean>;
}

/** The time limit for an answer. The user waits for it. */
export const BREACHED_TIMEOUT: Seconds = 1;

/** What `haveIBeenPwned` takes. */
export interface HaveIBeenPwnedOptions {
  /** Where the first five hexadecimal digits are appended. Default `https://api.pwnedpasswords.com/range/`. */
  readonly url?: string;
}

const OPTIONS: MembersOf<HaveIBeenPwnedOptions> = { url: null };

const HEADERS = { "add-padding": "true", "user-agent": "latchkey" };

/** The digits of the digest that leave the server, and one line of the answer: the other digits, and a count. */
const PREFIX = 5;
const LINE = /^([0-9A-F]{35}):(\d+)$/;

/**
 * Asks Have I Been Pwned, or a copy of it, whether a password is known from a data breach. It sends the first five
 * hexadecimal digits of the SHA-1 digest, and compares the rest of the digest here (k-anonymity). The answer is padded, so its
 * length tells an observer nothing. It follows no redirect, and reads at most 256 KiB.
 *
 * Throws a `TypeError` for a `url` that is not https, or http on localhost.
 *
 * @example
 * password({ breached: haveIBeenPwned() });
 */
export function haveIBeenPwned(options: HaveIBeenPwnedOptions = {}): BreachedPasswords {
  checkMembers("haveIBeenPwned", options, OPTIONS);
  const { url = "https://api.pwnedpasswords.com/range/" } = options;
  checkUrl(url);
  return {
    async isBreached(password, env) {
      const { sha1 } = await import("@oslojs/crypto/sha1");
      const digest = encodeHexUpperCase(sha1(utf8(password)));
      const range = await fetchRange(env, `${url}${digest.slice(0, PREFIX)}`);
      return decideBreached(range, digest.slice(PREFIX));
    },
  };
}

/** Checks the option `breached`. Throws a `TypeError` for a value that is no `BreachedPasswords`. */
export function checkBreached(breached: unknown): void {
  if (isRecord(breached) && typeof breached["isBreached"] === "function") return;
  throw refuse("password: breached", breached, "it must be a BreachedPasswords such as haveIBeenPwned()");
}

function checkUrl(text: string): void {
  const url = typeof text === "string" ? URL.parse(text) : null;
  const isSafe = url?.protocol === "https:" || (url?.protocol === "http:" && isLoopback(url.hostname));
  const isPlain = isSafe && url.username === "" && url.password === "" && url.hash === "";
  if (isPlain && text.endsWith("/")) return;
  throw refuse(
    "haveIBeenPwned: url",
    text,
    'it must be an https URL without credentials that ends with "/": five hexadecimal digits are appended',
  );
}

async function fetchRange(env: Env, url: string): Promise<string> {
  const answer = await fetchText(env, url, { headers: HEADERS }, BREACHED_TIMEOUT);
  if (!answer.ok) throw failure(answer.fault, answer.cause);
  if (answer.status !== 200) throw failure(`status ${answer.status}`);
  if (answer.text === null) throw failure("no text");
  return answer.text;
}

/** Decides whether a range has the rest of a digest. Throws for a text that is no range, because it tells nothing. */
function decideBreached(range: string, rest: string): boolean {
  const lines = range.trim().split(/\r?\n/);
  let isFound = false;
  for (const line of lines) {
    const [, digits, count] = LINE.exec(line.toUpperCase()) ?? [];
    if (digits === undefined) throw failure("no range");
    // An entry with the count 0 is padding.
    if (digits === rest && Number(count) > 0) isFound = true;
  }
  return isFound;
}

function failure(fault: FetchFault | "no text" | "no range" | `status ${number}`, cause?: unknown): Error {
  return new Error(`haveIBeenPwned: the range query failed: ${fault}`, cause === undefined ? {} : { cause });
}
