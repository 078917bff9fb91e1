import { signJwt } from "../keys/jwt.ts";
import { type Keys, KID, type SigningKey, type VerificationKey } from "../keys/keys.ts";
import { verify } from "../keys/signature.ts";
import { decodeUtf8, fromBase64url, isBase64url, utf8 } from "../platform/bytes.ts";
import { AuthError } from "../platform/errors.ts";
import { isRecord, own, parseJson } from "../platform/json.ts";
import { type AccessClaims, type Expected, validateClaims } from "./claims.ts";

/** RFC 9068 2.1. The media type's long form and any case are the same type (RFC 7515 4.1.9). */
const TYPE = "at+jwt";

/** A longer token is refused before anything is decoded. It leaves a cookie of 4,096 bytes room for its name. */
export const MAX_TOKEN_LENGTH = 4_000;

export type VerifiedToken =
  | { readonly kind: "live"; readonly claims: AccessClaims }
  | { readonly kind: "expired"; readonly claims: AccessClaims }
  | { readonly kind: "invalid" };

const invalid: VerifiedToken = { kind: "invalid" };

/** Signs an access token. Fails with `internal_error` for one that `verifyAccessToken` would not look at. */
export async function mintAccessToken(claims: AccessClaims, key: SigningKey): Promise<string> {
  const token = await signJwt({ typ: TYPE }, claims, key);
  if (token.length <= MAX_TOKEN_LENGTH) return token;
  throw new AuthError(
    "internal_error",
    `the access token is over ${MAX_TOKEN_LENGTH} bytes: put less into sessions.context or accessToken.claims`,
  );
}

/**
 * Verifies one access token and validates its claims. It does not ask whether the session has ended since.
 *
 * The algorithm is the key's, never the token's (RFC 8725 3.1).
 */
export async function verifyAccessToken(
  token: string,
  keys: Pick<Keys, "find">,
  expected: Expected,
): Promise<VerifiedToken> {
  const header = parseHeader(token);
  if (header === null) return invalid;
  const key = await keys.find(header.kid);
  if (key === null || key.algorithm !== header.alg) return invalid;
  if (!(await isSigned(token, key))) return invalid;
  const payload = fromBase64url(token.split(".")[1] ?? "");
  const text = payload === null ? null : decodeUtf8(payload);
  const valid = text === null ? null : validateClaims(parseJson(text), expected);
  if (valid === null) return invalid;
  return { kind: valid.expired ? "expired" : "live", claims: valid.claims };
}

interface Header {
  readonly alg: string;
  readonly kid: string;
}

// Padding, white space and stray bits would decode all the same: one canonical form is settled before anything else.
function parseHeader(token: string): Header | null {
  if (typeof token !== "string" || token.length > MAX_TOKEN_LENGTH) return null;
  const segments = token.split(".", 4);
  if (segments.length !== 3 || !segments.every((segment) => segment !== "" && isBase64url(segment)))
    return null;
  const bytes = fromBase64url(segments[0] ?? "");
  const text = bytes === null ? null : decodeUtf8(bytes);
  const members = text === null ? null : parseJson(text);
  if (!isRecord(members) || asksForMore(members) || !isOurType(own(members, "typ"))) return null;
  const alg = own(members, "alg");
  const kid = own(members, "kid");
  if (typeof alg !== "string" || typeof kid !== "string" || !KID.test(kid)) return null;
  return { alg, kid };
}

// RFC 7515 4.1.11, and RFC 7797: we understand no extension, also where one comes without `crit`.
function asksForMore(members: Readonly<Record<string, unknown>>): boolean {
  return own(members, "crit") !== undefined || own(members, "b64") !== undefined;
}

function isOurType(typ: unknown): boolean {
  return typeof typ === "string" && typ.toLowerCase().replace(/^application\//, "") === TYPE;
}

// RFC 7515 5.2: the signature covers the first two segments as they were sent.
async function isSigned(token: string, key: VerificationKey): Promise<boolean> {
  const end = token.lastIndexOf(".");
  const signature = fromBase64url(token.slice(end + 1));
  try {
    return signature !== null && (await verify(key, signature, utf8(token.slice(0, end))));
  } catch {
    throw new AuthError("internal_error", "the signature could not be checked");
  }
}
