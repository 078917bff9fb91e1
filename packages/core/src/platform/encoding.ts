import { decode, encode } from "jose/base64url";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}={0,2}|[A-Za-z0-9+/]{3}=?)?$/;
const BASE64URL = /^[A-Za-z0-9_-]*$/;
// RFC 4648 3.5: the last character of one or two left-over bytes has four or two bits that must be zero.
const ENDS_OF_ONE = "AQgw";
const ENDS_OF_TWO = "AEIMQUYcgkosw048";

export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text);
}

/** Decodes UTF-8, or returns null if the bytes are not well formed. */
export function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes);
  } catch {
    return null;
  }
}

/** Encodes in the standard alphabet, padded (RFC 4648 4). */
export function toBase64(bytes: Uint8Array): string {
  const text = encode(bytes).replaceAll("-", "+").replaceAll("_", "/");
  return text.padEnd(Math.ceil(text.length / 4) * 4, "=");
}

/** Decodes the standard alphabet, with or without padding; null for any other text. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> | null {
  if (!BASE64.test(text)) return null;
  return fromBase64url(text.replaceAll("=", "").replaceAll("+", "-").replaceAll("/", "_"));
}

/** Encodes in the URL-safe alphabet, without padding (RFC 4648 5). */
export const toBase64url: (bytes: Uint8Array) => string = encode;

/** Whether a text is the one canonical form of its bytes: no padding, no white space, no stray bits at the end. */
export function isBase64url(text: string): boolean {
  const left = text.length % 4;
  if (left === 1 || !BASE64URL.test(text)) return false;
  return left === 0 || (left === 2 ? ENDS_OF_ONE : ENDS_OF_TWO).includes(text.slice(-1));
}

/** Decodes the canonical form; null for any other. */
export function fromBase64url(text: string): Uint8Array<ArrayBuffer> | null {
  return isBase64url(text) ? (decode(text) as Uint8Array<ArrayBuffer>) : null;
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

/** Reads a body to its end, or to an abort. Returns null and cancels it if it is longer than `limit`. Fails if the body fails. */
export async function readAtMost(
  body: ReadableStream<Uint8Array>,
  limit: number,
  signal?: AbortSignal,
): Promise<Uint8Array<ArrayBuffer> | null> {
  const reader = body.getReader();
  const cancel = (): Promise<void> => reader.cancel().catch(() => undefined);
  signal?.addEventListener("abort", cancel, { once: true });
  const parts: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return concat(...parts);
    size += value.length;
    if (size > limit) break;
    parts.push(value);
  }
  await cancel();
  return null;
}

/** A value of JSON. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject;
/** An object of JSON. */
export interface JsonObject {
  readonly [key: string]: Json;
}

/** Whether a value is an object and not an array. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether a result of JSON.parse is an object. Do not use it for other values. */
export function isJsonObject(value: unknown): value is JsonObject {
  return isRecord(value);
}

/** Reads an own member, never one of the prototype. */
export function own(record: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

/** Copies a plain object without its prototype, so that only own members are read. Any other value is returned as it is. */
export function withoutPrototype(value: unknown): unknown {
  const isPlain = isRecord(value) && Object.getPrototypeOf(value) === Object.prototype;
  return isPlain ? Object.setPrototypeOf({ ...value }, null) : value;
}

/** Reads an own member that is a text; null for any other. */
export function textOf(record: Readonly<Record<string, unknown>>, name: string): string | null {
  const value = own(record, name);
  return typeof value === "string" ? value : null;
}

/** Reads an own member that is a whole number, as text to the last digit; "" for any other. */
export function numberOf(record: Readonly<Record<string, unknown>>, name: string): string {
  const value = own(record, name);
  return typeof value === "number" && Number.isSafeInteger(value) ? String(value) : "";
}

/** Parses one JSON text, or returns undefined. Members named `__proto__` are dropped at every depth. */
export function parseJson(text: string): unknown {
  try {
    // A reviver costs as much as the rest. Only an escape can hide the name.
    if (!text.includes("__proto__") && !text.includes("\\u")) return JSON.parse(text);
    return JSON.parse(text, (key, value: unknown) => (key === "__proto__" ? undefined : value));
  } catch {
    return undefined;
  }
}

/** Freezes a result of JSON.parse at every depth. */
export function freezeDeep(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  for (const member of Object.values(value)) freezeDeep(member);
  Object.freeze(value);
}

/** Writes a header name or a scheme in its usual case. */
export function titleCase(name: string): string {
  return name.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase());
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Writes a text so that it is one in the content and in the attributes of HTML. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}
