import { type AsymmetricAlgorithm, algorithmFacts } from "./algorithms.ts";
import { bytesOf, faultOfRsa, type KeyNumbers } from "./jwk.ts";

const COORDINATE_BYTES = 32;
/** 65537. A small exponent makes forgery possible, and libraries generate no other exponent. */
const EXPONENT = "AQAB";

/** Describes the fault of the public numbers of a key; null if they are valid (RFC 8725 3.4). */
export function faultOfNumbers(jwk: KeyNumbers, algorithm: AsymmetricAlgorithm): string | null {
  const { kty, crv } = algorithmFacts[algorithm];
  if (crv === null) return jwk.e === EXPONENT ? faultOfRsa(jwk) : `has an exponent other than ${EXPONENT}`;
  if (jwk.crv !== crv) return `is on another curve than ${crv}`;
  const [x, y] = [coordinate(jwk.x), kty === "EC" ? coordinate(jwk.y) : null];
  if (x === null || (kty === "EC" && y === null)) return "has a coordinate of a wrong length";
  const isOnCurve = y === null ? isOnEd25519(x) : isOnP256(numberOf(x), numberOf(y));
  return isOnCurve ? null : `has a point that is not on ${crv}, or of a small order`;
}

/** Describes the fault of the private numbers of a key; null if none is seen. It does not compute the public key of a curve. */
export function faultOfPrivateNumbers(jwk: KeyNumbers, algorithm: AsymmetricAlgorithm): string | null {
  const { kty, crv } = algorithmFacts[algorithm];
  if (crv === null) return faultOfPrivateRsa(jwk);
  const d = coordinate(jwk.d);
  if (d === null) return "has a private part of a wrong length";
  const isInRange = kty === "OKP" || (numberOf(d) > 0n && numberOf(d) < P256_ORDER);
  return isInRange ? null : `has a private part that is not below the order of ${crv}`;
}

function faultOfPrivateRsa({ n, e, d, p, q, dp, dq, qi }: KeyNumbers): string | null {
  if ([d, p, q, dp, dq, qi].some((value) => bytesOf(value) === null))
    return "lacks one of d, p, q, dp, dq and qi, which a private RSA key needs: export all of them";
  const [modulus, first, second] = [integer(n), integer(p), integer(q)];
  const product = integer(e) * integer(d);
  const isPair =
    first > 1n &&
    second > 1n &&
    first * second === modulus &&
    product % (first - 1n) === 1n &&
    product % (second - 1n) === 1n;
  return isPair ? null : "has a private and a public part that do not belong together: export the key again";
}

// NIST SP 800-186 3.2.1.3: y^2 = x^3 - 3x + b.
const P256 = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n;
const P256_B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn;
const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

function isOnP256(x: bigint, y: bigint): boolean {
  return x < P256 && y < P256 && (x ** 3n - 3n * x + P256_B - y * y) % P256 === 0n;
}

// RFC 8032 5.1: -x^2 + y^2 = 1 + d x^2 y^2.
const P25519 = 2n ** 255n - 19n;
const ED25519_D = 37095705934669439343138083508754565189542113879843219016388785533085940283555n;

/**
 * Whether a point is on Ed25519 and has no small order. With a key of a small order, one signature is valid for many
 * messages.
 */
function isOnEd25519(encoded: Uint8Array): boolean {
  const y = numberOf(encoded.toReversed()) % 2n ** 255n;
  const square = y * y;
  // The point has a small order if y is 0, 1 or -1, or if its double has y = 0.
  const isSmall =
    (y * (square - 1n)) % P25519 === 0n || (ED25519_D * square * square + 2n * square - 1n) % P25519 === 0n;
  if (y >= P25519 || isSmall) return false;
  // x^2 = u / v has a root exactly if u v has one (RFC 8032 5.1.3).
  return power((square - 1n) * (ED25519_D * square + 1n), (P25519 - 1n) / 2n, P25519) === 1n;
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  let square = base % modulus;
  for (let rest = exponent; rest > 0n; rest /= 2n) {
    if (rest % 2n === 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}

function coordinate(text: unknown): Uint8Array | null {
  const bytes = bytesOf(text);
  return bytes?.length === COORDINATE_BYTES ? bytes : null;
}

function integer(text: unknown): bigint {
  return numberOf(bytesOf(text) ?? new Uint8Array());
}

function numberOf(bytes: Uint8Array): bigint {
  return bytes.reduce((number, byte) => number * 256n + BigInt(byte), 0n);
}
