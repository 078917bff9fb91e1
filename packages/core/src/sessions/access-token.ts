import { type JwsForm, parseHeader, signJwt, verifyJws } from "../keys/jws.ts";
import type { Keys, SigningKey } from "../keys/keys.ts";
import { decodeUtf8 } from "../platform/bytes.ts";
import { AuthError } from "../platform/errors.ts";
import { parseJson } from "../platform/json.ts";
import { type AccessClaims, type Expected, validateClaims } from "./claims.ts";

/** RFC 9068 2.1. The media type's long form and any case are the same type (RFC 7515 4.1.9). */
const TYPE = "at+jwt";

/** A longer token is refused before anything is decoded. It leaves a cookie of 4,096 bytes room for its name. */
export const MAX_TOKEN_LENGTH = 4_000;

const FORM: JwsForm = { typ: TYPE, maxLength: MAX_TOKEN_LENGTH };

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
  const header = parseHeader(token, FORM);
  if (header === null) return invalid;
  const key = await keys.find(header.kid);
  if (key === null || key.algorithm !== header.alg) return invalid;
  const payload = await verifyJws(token, key);
  const text = payload === null ? null : decodeUtf8(payload);
  const valid = text === null ? null : validateClaims(parseJson(text), expected);
  if (valid === null) return invalid;
  return { kind: valid.expired ? "expired" : "live", claims: valid.claims };
}
