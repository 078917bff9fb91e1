import { CompactSign, compactVerify } from "jose";
import { decode } from "jose/base64url";
import { decodeUtf8, isBase64url, isRecord, own, parseJson, utf8 } from "../platform/encoding.ts";
import { AuthError } from "../platform/errors.ts";
import { algorithmFacts, type SignatureAlgorithm } from "./algorithms.ts";
import { KID, type SigningKey, type VerificationKey } from "./keys.ts";

/** The members of a JWS header that select a key. */
export interface JwsHeader {
  readonly alg: string;
  readonly kid: string;
}

/** The form of one kind of token. */
export interface JwsForm {
  /** The value of `typ` in lower case, without `application/` (RFC 7515 4.1.9). */
  readonly typ: string;
  readonly maxLength: number;
}

/**
 * Parses the header of a compact JWS (RFC 7515 7.1). Returns null for a token that is not canonical, or of another type.
 * It does not check the signature.
 *
 * jose alone accepts padding, white space and stray bits, and leaves `typ` to the caller. `recall` returns the header of a segment that
 * this function parsed before, or null.
 */
export function parseHeader(
  token: unknown,
  { typ, maxLength }: JwsForm,
  recall: (segment: string) => JwsHeader | null = () => null,
): JwsHeader | null {
  const segments = splitJws(token, maxLength);
  if (segments === null) return null;
  return recall(segments[0]) ?? headerOf(segments[0], typ);
}

function headerOf(segment: string, typ: string): JwsHeader | null {
  const members = parseSegment(segment);
  if (members === null || hasExtension(members) || !hasType(own(members, "typ"), typ)) return null;
  const alg = own(members, "alg");
  const kid = own(members, "kid");
  if (typeof alg !== "string" || typeof kid !== "string" || !KID.test(kid)) return null;
  return { alg, kid };
}

/** The three segments of a compact JWS in their canonical form (RFC 7515 7.1); null for any other value. */
export function splitJws(
  token: unknown,
  maxLength: number,
): readonly [header: string, payload: string, signature: string] | null {
  if (typeof token !== "string" || token.length > maxLength) return null;
  const [header = "", payload = "", signature = "", ...more] = token.split(".", 4);
  const isWhole =
    more.length === 0 && [header, payload, signature].every((text) => text !== "" && isBase64url(text));
  return isWhole ? [header, payload, signature] : null;
}

/** Parses a segment as a JSON object; null for any other. */
export function parseSegment(segment: string): Readonly<Record<string, unknown>> | null {
  const text = decodeUtf8(decode(segment));
  const members = text === null ? null : parseJson(text);
  return isRecord(members) ? members : null;
}

// RFC 7515 4.1.11 and RFC 7797: no extension is supported, also not without `crit`.
function hasExtension(members: Readonly<Record<string, unknown>>): boolean {
  return own(members, "crit") !== undefined || own(members, "b64") !== undefined;
}

function hasType(given: unknown, typ: string): boolean {
  return typeof given === "string" && given.toLowerCase().replace(/^application\//, "") === typ;
}

/** A public key, and the one algorithm of its signatures. */
export interface Verifier extends Pick<VerificationKey, "key">, Partial<Pick<VerificationKey, "kid">> {
  readonly algorithm: SignatureAlgorithm;
}

/**
 * Verifies the signature of a token with the algorithm of the key (RFC 8725 3.1). Parse its header with `parseHeader`
 * first. Returns the payload, or null. Fails with `internal_error` if the platform cannot check the signature.
 */
export async function verifyJws(token: string, { algorithm, key }: Verifier): Promise<Uint8Array | null> {
  if (!hasSignatureLength(token, algorithm)) return null;
  try {
    return (await compactVerify(token, key, { algorithms: [algorithm] })).payload;
  } catch (error) {
    if (isInvalidSignature(error) || isUnusableKey(error)) return null;
    throw new AuthError("internal_error", "the signature could not be checked");
  }
}

// Not every platform returns false for a signature of the wrong length.
function hasSignatureLength(token: string, algorithm: SignatureAlgorithm): boolean {
  const { signatureLength } = algorithmFacts[algorithm];
  const length = token.length - token.lastIndexOf(".") - 1;
  return signatureLength === null || Math.floor((length * 3) / 4) === signatureLength;
}

// Errors of jose have a code. A failed verification with a cause is a fault of the platform.
function isInvalidSignature(error: unknown): boolean {
  if (!(error instanceof Error && "code" in error && typeof error.code === "string")) return false;
  return error.code !== "ERR_JWS_SIGNATURE_VERIFICATION_FAILED" || error.cause === undefined;
}

// jose imports a public key at its first use. A key that is not on its curve, or that the platform lacks, verifies nothing.
function isUnusableKey(error: unknown): boolean {
  return error instanceof Error && (error.name === "DataError" || error.name === "NotSupportedError");
}

/** Signs claims as a compact JWS; `alg` and `kid` are those of the key. */
export function signJwt(
  header: object,
  claims: object,
  { algorithm, kid, key }: SigningKey,
): Promise<string> {
  return new CompactSign(utf8(JSON.stringify(claims)))
    .setProtectedHeader({ alg: algorithm, ...header, kid })
    .sign(key);
}

/** Whether a private and a public key belong together: signs once, and verifies that signature. */
export async function isPair(signing: SigningKey, verification: VerificationKey): Promise<boolean> {
  const token = await signJwt({ typ: "key-check" }, {}, signing);
  return (await verifyJws(token, verification)) !== null;
}
