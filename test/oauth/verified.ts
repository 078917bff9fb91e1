import { createPublicKey, type JsonWebKey, verify } from "node:crypto";
import type { Members } from "./forged-token.ts";

export interface Verified {
  readonly header: Members;
  readonly claims: Members;
  /** Whether a key of the set, found by kid and alg, made the signature. */
  readonly isGenuine: boolean;
}

/** Reads a token and judges its signature; not one line of it is the library's. */
export function verified(token: string, keys: readonly JsonWebKey[]): Verified {
  const [head = "", payload = "", signature = ""] = token.split(".");
  const header = parse(head);
  const jwk = keys.find((key) => key["kid"] === header["kid"] && key["alg"] === header["alg"]);
  return { header, claims: parse(payload), isGenuine: jwk !== undefined && isSigned(jwk) };

  function isSigned(key: JsonWebKey): boolean {
    const digest = key["alg"] === "EdDSA" ? null : "sha256";
    const publicKey = createPublicKey({ key, format: "jwk" });
    const data = Buffer.from(`${head}.${payload}`);
    return verify(
      digest,
      data,
      { key: publicKey, dsaEncoding: "ieee-p1363" },
      Buffer.from(signature, "base64url"),
    );
  }
}

function parse(part: string): Members {
  return JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
}

/** The keys that a provider publishes. */
export async function publishedKeys(jwksUri: string): Promise<readonly JsonWebKey[]> {
  const { keys }: { keys: readonly JsonWebKey[] } = await (await fetch(jwksUri)).json();
  return keys;
}
