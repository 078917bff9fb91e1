import { decodeUtf8, readAtMost } from "./bytes.ts";
import { type Env, withTimeout } from "./env.ts";
import type { Seconds } from "./time.ts";

/** How long another server may take for one answer, and how large it may be, in bytes. */
export const FETCH_TIMEOUT: Seconds = 5;
export const MAX_ANSWER = 262_144;

export type FetchFault = "unreachable" | "late" | "redirected" | "too_large" | "no_json";

/** An answer of another server, read to its end; its text is not parsed yet. */
export type FetchedJson =
  | { readonly ok: true; readonly status: number; readonly text: string }
  | { readonly ok: false; readonly fault: FetchFault };

/**
 * Sends one request to another server. No redirect is followed, or the credentials of the request would go wherever the
 * answer says (RFC 9700 4.12); the time and the size of the answer are limited. Never throws.
 */
export async function fetchJson(env: Env, url: string, init: RequestInit): Promise<FetchedJson> {
  const abort = new AbortController();
  const late = (): Error => {
    abort.abort();
    return new Error("late");
  };
  const sent = send(env, url, { ...init, signal: abort.signal }).catch(() => failed("unreachable"));
  return withTimeout(sent, FETCH_TIMEOUT, late).catch(() => failed("late"));
}

async function send(env: Env, url: string, init: RequestInit): Promise<FetchedJson> {
  const { status, body, type, headers } = await env.fetch(url, { ...init, redirect: "manual" });
  if (type === "opaqueredirect" || (status >= 300 && status < 400)) {
    await body?.cancel().catch(() => undefined);
    return failed("redirected");
  }
  const bytes = body === null ? new Uint8Array() : await readAtMost(body, MAX_ANSWER);
  if (bytes === null) return failed("too_large");
  const text = decodeUtf8(bytes);
  // RFC 8259 8.1: a byte order mark, which some readers pass over and others do not, has no place here.
  const isJson = text !== null && !text.startsWith("\uFEFF") && isJsonType(headers.get("content-type"));
  return isJson ? { ok: true, status, text } : failed("no_json");
}

function isJsonType(type: string | null): boolean {
  return /^(application\/([\w.-]+\+)?json|text\/json)\s*(;|$)/i.test(type ?? "");
}

function failed(fault: FetchFault): FetchedJson {
  return { ok: false, fault };
}
