import { sha256 } from "@oslojs/crypto/sha2";
import type { CookiePlace } from "../cookies/cookie.ts";
import { type FlowSite, flowPlace } from "../cookies/site.ts";
import { open, seal } from "../keys/seal.ts";
import { equalStrings, labelledDigest, labelledHash } from "../platform/digest.ts";
import { isRecord, parseJson, toBase64url, utf8 } from "../platform/encoding.ts";
import { type EpochSeconds, minutes, type Seconds } from "../platform/time.ts";
import { mintOneTimeToken } from "../users/one-time-token.ts";

/** How long a user may take at the provider. */
export const FLOW_LIFETIME: Seconds = minutes(10);
/** More sign-ins under way in one browser push the oldest out. */
export const MOST_FLOWS = 16;

const LABEL = "oauth-transaction";

/** Whether the cookies of the new session end with the browser. */
interface Remembering {
  readonly remember?: false;
}

/** The purpose of a flow. A sign-in may have the token of an invitation, in case it creates the user. */
export type Intent =
  | ({ readonly kind: "sign_in"; readonly invitation?: string } & Remembering)
  | ({ readonly kind: "link"; readonly userId: string; readonly sessionId: string } & Remembering)
  | { readonly kind: "native"; readonly codeChallenge: string; readonly invitation?: string };

/** The facts about a flow when it begins. */
export interface Begun {
  readonly provider: string;
  readonly responseMode: "query" | "form_post";
  readonly redirectTo: string;
  readonly startedAt: EpochSeconds;
  readonly intent: Intent;
  /** The sessions of the browser when it left: a form post from elsewhere does not bring their cookies along. */
  readonly replaces: readonly string[];
}

/** One sign-in under way. It lives in a sealed cookie of the browser that began it, and nowhere else. */
export interface Transaction extends Begun {
  /** The source of the three secrets: sixteen cookies with one secret of 256 bits each fit a header, with three they do not. */
  readonly seed: string;
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
}

/** Draws the secrets of a new flow. */
export function mintTransaction(begun: Begun, random: (length: number) => Uint8Array): Transaction {
  return { ...begun, ...secretsOf(mintOneTimeToken(random)) };
}

function secretsOf(seed: string): Pick<Transaction, "seed" | "state" | "nonce" | "codeVerifier"> {
  const derive = (label: string): string => labelledDigest(`oauth-${label}`, utf8(seed));
  return { seed, state: derive("state"), nonce: derive("nonce"), codeVerifier: derive("verifier") };
}

export function sealTransaction(
  { provider, responseMode, seed, redirectTo, startedAt, intent, replaces }: Transaction,
  secret: string,
  random: (length: number) => Uint8Array,
): Promise<string> {
  const packed: Packed = [provider, responseMode, seed, redirectTo, startedAt, intent, replaces];
  return seal(JSON.stringify(packed), secret, LABEL, random);
}

/** Opens a transaction that `sealTransaction` sealed; null for any other text, and for a flow that took too long. */
export async function openTransaction(
  sealed: string,
  secrets: readonly string[],
  now: EpochSeconds,
): Promise<Transaction | null> {
  const text = await open(sealed, secrets, LABEL);
  const packed = text === null ? null : parseJson(text);
  if (!isPacked(packed)) return null;
  const [provider, responseMode, seed, redirectTo, startedAt, intent, replaces] = packed;
  if (Math.abs(now - startedAt) >= FLOW_LIFETIME) return null;
  return { provider, responseMode, redirectTo, startedAt, intent, replaces, ...secretsOf(seed) };
}

type Packed = readonly [
  string,
  Begun["responseMode"],
  string,
  string,
  EpochSeconds,
  Intent,
  readonly string[],
];

// A sealed text is ours; the guard refuses the form of an earlier version.
function isPacked(value: unknown): value is Packed {
  if (!Array.isArray(value) || value.length !== 7) return false;
  const [provider, mode, seed, redirectTo, startedAt, intent, replaces]: readonly unknown[] = value;
  const areTexts = [provider, mode, seed, redirectTo].every((text) => typeof text === "string");
  return areTexts && Number.isInteger(startedAt) && isRecord(intent) && Array.isArray(replaces);
}

/** Where the transaction of a state lives: a cookie for each flow, so that tabs do not share one. */
export function transactionPlace(
  site: FlowSite,
  state: string,
  responseMode: Transaction["responseMode"],
): CookiePlace {
  const id = toBase64url(labelledHash("oauth-flow", utf8(state)).subarray(0, 12));
  return flowPlace(site, id, responseMode === "form_post");
}

// RFC 7636 4.1: 43 to 128 unreserved characters.
const VERIFIER = /^[A-Za-z0-9._~-]{43,128}$/;
const CHALLENGE = /^[A-Za-z0-9_-]{43}$/;

/** The S256 challenge of a verifier (RFC 7636 4.2); `plain` is not offered. */
export function challengeOf(codeVerifier: string): string {
  return toBase64url(sha256(utf8(codeVerifier)));
}

/** Whether a text can be an S256 challenge. */
export function isChallenge(text: string): boolean {
  return CHALLENGE.test(text);
}

/** Whether a verifier is the one behind a challenge (RFC 7636 4.6). */
export function isVerifierOf(codeVerifier: string, challenge: string): boolean {
  return VERIFIER.test(codeVerifier) && equalStrings(challengeOf(codeVerifier), challenge);
}
