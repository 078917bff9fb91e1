import { sha256 } from "@oslojs/crypto/sha2";
import { open, seal } from "../keys/seal.ts";
import { parseJson, utf8 } from "../platform/encoding.ts";
import type { EpochSeconds } from "../platform/time.ts";
import { FLOW_LIFETIME } from "./transaction.ts";

const LABEL = "oauth-token-nonce";

/** The facts about a sign-in with an ID token. Its nonce seals them, so that nothing is stored before it is used. */
export interface TokenSignIn {
  readonly provider: string;
  readonly transport: "cookie" | "bearer";
  readonly startedAt: EpochSeconds;
}

/** Makes the nonce of a sign-in with an ID token: about 80 characters of base64url. */
export function sealNonce(
  { provider, transport, startedAt }: TokenSignIn,
  secret: string,
  random: (length: number) => Uint8Array,
): Promise<string> {
  return seal(JSON.stringify([provider, transport, startedAt]), secret, LABEL, random);
}

/** Opens a nonce that `sealNonce` made; null for any other text. */
export async function openNonce(nonce: string, secrets: readonly string[]): Promise<TokenSignIn | null> {
  const text = await open(nonce, secrets, LABEL);
  const packed = text === null ? null : parseJson(text);
  if (!Array.isArray(packed)) return null;
  const [provider, transport, startedAt]: readonly unknown[] = packed;
  if (typeof provider !== "string" || typeof startedAt !== "number") return null;
  return transport === "cookie" || transport === "bearer" ? { provider, transport, startedAt } : null;
}

/** The request that brings a nonce back. */
export interface NonceUse {
  readonly provider: string;
  readonly transport: "cookie" | "bearer";
  /** The provider of the flow whose cookie the browser holds for this nonce; null without such a cookie. */
  readonly held: string | null;
  readonly now: EpochSeconds;
}

/**
 * Decides whether a nonce may be used in a request. Without the cookie, an attacker could post their own token and nonce from the
 * browser of a victim, who would then be signed in as the attacker.
 */
export function decideNonce(nonce: TokenSignIn | null, use: NonceUse): "use" | "refuse" {
  // RFC 9700 4.4: the nonce for one provider is never used with the token of another.
  if (nonce === null || nonce.provider !== use.provider || nonce.transport !== use.transport) return "refuse";
  if (Math.abs(use.now - nonce.startedAt) >= FLOW_LIFETIME) return "refuse";
  // RFC 9700 4.7: a sign-in of a browser belongs to the browser that began it.
  return use.transport === "bearer" || use.held === use.provider ? "use" : "refuse";
}

/** The form that the SDKs of Apple and Google have an app pass to the provider: SHA-256 in lower-case hexadecimal. */
export function hashedNonce(nonce: string): string {
  return [...sha256(utf8(nonce))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
