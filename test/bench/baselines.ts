import { compactVerify, importJWK } from "jose";
import type { Path } from "./rounds.ts";

export type JoseAlgorithm = "EdDSA" | "HS256";
type Key = Awaited<ReturnType<typeof importJWK>>;

/** A token, and the key that verifies it. */
interface KeyedToken {
  readonly token: string;
  readonly key: Key;
  readonly algorithm: JoseAlgorithm;
}

/** One synchronous check of a token by node:crypto: the unit of the bench. */
export function hmacPath(token: string): Path {
  const { createHmac, createSecretKey, randomBytes, timingSafeEqual } =
    process.getBuiltinModule("node:crypto");
  const key = createSecretKey(randomBytes(32));
  const input = token.slice(0, token.lastIndexOf("."));
  const signed = `${input}.${createHmac("sha256", key).update(input).digest("base64url")}`;
  return {
    name: "one HMAC",
    run: () => {
      const end = signed.lastIndexOf(".");
      const digest = createHmac("sha256", key).update(signed.slice(0, end)).digest();
      const isValid = timingSafeEqual(digest, Buffer.from(signed.slice(end + 1), "base64url"));
      if (!isValid) throw new Error("the signature of the unit is wrong");
    },
  };
}

/** A token of Latchkey, and its public key as an application imports it: once. */
export async function keyedToken(token: string, jwk: object | undefined): Promise<KeyedToken> {
  return { token, key: await importJWK({ ...jwk }, "EdDSA"), algorithm: "EdDSA" };
}

/** The content of a token, signed by HS256 with a secret of the bench. */
export async function secretToken(token: string): Promise<KeyedToken> {
  const hash = { name: "HMAC", hash: "SHA-256" };
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  const key = await crypto.subtle.importKey("raw", bytes, hash, false, ["sign", "verify"]);
  const header = base64url(new TextEncoder().encode(JSON.stringify({ alg: "HS256", typ: "at+jwt" })));
  const input = `${header}.${token.split(".")[1]}`;
  const signature = await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(input));
  return { token: `${input}.${base64url(new Uint8Array(signature))}`, key, algorithm: "HS256" };
}

export function base64url(bytes: Uint8Array): string {
  const text = btoa(String.fromCharCode(...bytes));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Bare jose: it verifies a token with an imported key, and parses the payload. */
export function josePath({ token, key, algorithm }: KeyedToken): Path {
  const decoder = new TextDecoder();
  const options = { algorithms: [algorithm] };
  return {
    name: `bare jose, ${algorithm}`,
    run: async () => {
      const { payload } = await compactVerify(token, key, options);
      return JSON.parse(decoder.decode(payload));
    },
  };
}

/** Bare jose with a token whose signature is wrong. */
export function joseRefusal(keyed: KeyedToken): Path {
  const { run } = josePath({ ...keyed, token: withWrongSignature(keyed.token) });
  const refuse = async (): Promise<void> => {
    const isAccepted = await (run() as Promise<unknown>).then(
      () => true,
      () => false,
    );
    if (isAccepted) throw new Error("jose accepted a wrong signature");
  };
  return { name: "bare jose, refused", run: refuse };
}

/** The same token with a random signature of 64 bytes. */
export function withWrongSignature(token: string): string {
  const signature = base64url(crypto.getRandomValues(new Uint8Array(64)));
  return `${token.slice(0, token.lastIndexOf("."))}.${signature}`;
}
