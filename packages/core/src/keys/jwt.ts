import { toBase64url, utf8 } from "../platform/bytes.ts";
import type { SigningKey } from "./keys.ts";
import { sign } from "./signature.ts";

/** Signs a JWT in the compact form (RFC 7515 7.1); `alg` and `kid` are the key's. */
export async function signJwt(header: object, claims: object, key: SigningKey): Promise<string> {
  const parts = [{ alg: key.algorithm, ...header, kid: key.kid }, claims];
  const signed = parts.map((part) => toBase64url(utf8(JSON.stringify(part)))).join(".");
  return `${signed}.${toBase64url(await sign(key, utf8(signed)))}`;
}
