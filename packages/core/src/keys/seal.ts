import { concat, decodeUtf8, fromBase64url, toBase64url, utf8 } from "../platform/encoding.ts";

const NONCE = 12;

/** Derives a key for one purpose from `secret`, so that no key has two purposes (RFC 5869). */
export async function deriveBytes(secret: string, label: string): Promise<Uint8Array<ArrayBuffer>> {
  const material = await crypto.subtle.importKey("raw", utf8(secret), "HKDF", false, ["deriveBits"]);
  const bits = await crypto.subtle.deriveBits(
    { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info: utf8(`latchkey/${label}/v1`) },
    material,
    256,
  );
  return new Uint8Array(bits);
}

/** Encrypts and decrypts texts for one purpose. */
export interface Sealer {
  /** Encrypts `text` under a key derived from the newest secret (AES-256-GCM, NIST SP 800-38D). */
  seal(text: string, secret: string, random: (length: number) => Uint8Array): Promise<string>;
  /** Decrypts with the first secret that works. Returns null if none does. */
  open(sealed: string, secrets: readonly string[]): Promise<string | null>;
}

/** Makes a sealer that derives the key of each secret once, and keeps it. So it is for the secrets of the configuration alone. */
export function sealer(label: string): Sealer {
  const keys = new Map<string, CryptoKey>();
  const keyOf = async (secret: string): Promise<CryptoKey> => {
    const key = keys.get(secret) ?? (await aesKey(secret, label));
    keys.set(secret, key);
    return key;
  };
  return {
    async seal(text, secret, random) {
      const nonce = Uint8Array.from(random(NONCE));
      const sealed = await crypto.subtle.encrypt(
        { name: "AES-GCM", iv: nonce },
        await keyOf(secret),
        utf8(text),
      );
      return toBase64url(concat(nonce, new Uint8Array(sealed)));
    },
    async open(sealed, secrets) {
      const bytes = fromBase64url(sealed);
      if (bytes === null || bytes.length <= NONCE) return null;
      for (const secret of secrets) {
        const text = await decrypt(await keyOf(secret), bytes);
        if (text !== null) return text;
      }
      return null;
    },
  };
}

/** Seals one text. It keeps no key. */
export function seal(
  text: string,
  secret: string,
  label: string,
  random: (length: number) => Uint8Array,
): Promise<string> {
  return sealer(label).seal(text, secret, random);
}

/** Opens one text. It keeps no key. */
export function open(sealed: string, secrets: readonly string[], label: string): Promise<string | null> {
  return sealer(label).open(sealed, secrets);
}

async function decrypt(key: CryptoKey, bytes: Uint8Array<ArrayBuffer>): Promise<string | null> {
  try {
    const iv = bytes.subarray(0, NONCE);
    const text = await crypto.subtle.decrypt({ name: "AES-GCM", iv }, key, bytes.subarray(NONCE));
    return decodeUtf8(new Uint8Array(text));
  } catch {
    return null;
  }
}

async function aesKey(secret: string, label: string): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", await deriveBytes(secret, label), "AES-GCM", false, [
    "encrypt",
    "decrypt",
  ]);
}
