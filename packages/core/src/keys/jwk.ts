import { fromBase64url, toBase64url, utf8 } from "../platform/bytes.ts";
import { isRecord, own } from "../platform/json.ts";

/** A key as RFC 7517 writes it, private or public. */
export interface Jwk {
  readonly kty?: string;
  readonly kid?: string;
  readonly alg?: string;
  readonly use?: string;
  readonly key_ops?: readonly string[];
  readonly crv?: string;
  readonly x?: string;
  readonly y?: string;
  readonly n?: string;
  readonly e?: string;
  readonly d?: string;
  readonly p?: string;
  readonly q?: string;
  readonly dp?: string;
  readonly dq?: string;
  readonly qi?: string;
  readonly oth?: readonly object[];
  readonly ext?: boolean;
  readonly x5c?: readonly string[];
  readonly x5t?: string;
  readonly "x5t#S256"?: string;
  readonly x5u?: string;
}

/** The members of a key that make it; what else is said of it is not the platform's business. */
const MEMBERS = ["kty", "crv", "x", "y", "n", "e", "d", "p", "q", "dp", "dq", "qi"] as const;
/** Those that stand in a thumbprint, in its order (RFC 7638 3.2, RFC 8037 2). */
const PRINTED = ["crv", "e", "kty", "n", "x", "y"] as const;

/** The members of a key that nobody has checked yet. */
export type Members = Readonly<Record<string, unknown>>;

/** The members that make a key, without what is said of it. */
export function plainJwk(jwk: Jwk): Members {
  return pick(jwk, MEMBERS);
}

/** The SHA-256 thumbprint of a key (RFC 7638). */
export async function thumbprint(jwk: Jwk): Promise<string> {
  const printed = utf8(JSON.stringify(pick(jwk, PRINTED)));
  return toBase64url(new Uint8Array(await crypto.subtle.digest("SHA-256", printed)));
}

export const MIN_MODULUS_BITS = 2_048;

/**
 * Whether an RSA key is one to sign or verify with, by its own numbers: not every platform refuses a short modulus, or
 * an exponent by which anything is signed (RFC 8725 3.4, RFC 8017 3.1).
 */
export function isSoundRsa({ n, e }: Jwk): boolean {
  const [modulus, exponent] = [numberOf(n), numberOf(e)];
  const isOdd = (exponent.at(-1) ?? 0) % 2 === 1;
  return bitsOf(modulus) >= MIN_MODULUS_BITS && bitsOf(exponent) > 1 && isOdd;
}

// RFC 7518 2, Base64urlUInt, without the zeros that it must not begin with.
function numberOf(text: unknown): Uint8Array {
  const bytes = (typeof text === "string" ? fromBase64url(text) : null) ?? new Uint8Array();
  const first = bytes.findIndex((byte) => byte !== 0);
  return bytes.subarray(first < 0 ? bytes.length : first);
}

function bitsOf(number: Uint8Array): number {
  const [first] = number;
  return first === undefined ? 0 : number.length * 8 + 24 - Math.clz32(first);
}

function pick(jwk: Jwk, names: readonly (keyof Jwk)[]): Members {
  return Object.fromEntries(names.filter((name) => jwk[name] !== undefined).map((name) => [name, jwk[name]]));
}

/** The keys that a key set lists; none where it is no key set. What is no key in it is passed over (RFC 7517 5). */
export function listedKeys(set: unknown): readonly Members[] {
  const listed = isRecord(set) ? own(set, "keys") : undefined;
  return Array.isArray(listed) ? listed.filter(isRecord) : [];
}
