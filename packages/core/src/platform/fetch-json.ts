import { decodeUtf8, readAtMost } from "./encoding.ts";
import { type Env, withTimeout } from "./env.ts";
import type { Seconds } from "./time.ts";

/** The time limit for a response of another server where no option sets it, and its largest size in bytes. */
export const FETCH_TIMEOUT: Seconds = 5;
export const MAX_ANSWER = 262_144;

export type FetchFault = "unreachable" | "late" | "redirected" | "too_large" | "no_json";

interface Failed {
  readonly ok: false;
  readonly fault: FetchFault;
  /** What the platform threw for a server that cannot be reached. */
  readonly cause?: unknown;
  /** Of a response that is no JSON. */
  readonly status?: number;
}

/** The complete response of another server. Its text is not parsed yet. */
export type FetchedJson = { readonly ok: true; readonly status: number; readonly text: string } | Failed;

/** The complete response of another server. The text is null if the body is not UTF-8. */
export type FetchedText =
  | {
      readonly ok: true;
      readonly status: number;
      readonly text: string | null;
      readonly type: string | null;
    }
  | Failed;

/** Sends one request to another server, within the limits of `fetchText`, and requires JSON. It never throws. */
export async function fetchJson(
  env: Env,
  url: string,
  init: RequestInit,
  limit: Seconds = FETCH_TIMEOUT,
): Promise<FetchedJson> {
  const fetched = await fetchText(env, url, init, limit);
  if (!fetched.ok) return fetched;
  const { status, text, type } = fetched;
  // RFC 8259 8.1: a byte order mark is not allowed. Some parsers ignore it and others do not.
  const isJson = text !== null && !text.startsWith("\uFEFF") && isJsonType(type);
  return isJson ? { ok: true, status, text } : { ...failed("no_json"), status };
}

/**
 * Sends one request to another server. It does not follow redirects, which could send the credentials to another server
 * (RFC 9700 4.12). It limits the time and the size of the response. It never throws.
 */
export async function fetchText(
  env: Env,
  url: string,
  init: RequestInit,
  limit: Seconds,
): Promise<FetchedText> {
  const abort = new AbortController();
  const late = (): Error => {
    abort.abort();
    return new Error("late");
  };
  const sent = send(env, url, init, abort.signal).catch(
    (cause: unknown): FetchedText => ({ ok: false, fault: "unreachable", cause }),
  );
  return withTimeout(sent, limit, late).catch(() => failed("late"));
}

async function send(env: Env, url: string, init: RequestInit, signal: AbortSignal): Promise<FetchedText> {
  const { status, body, type, headers } = await env.fetch(url, { ...init, redirect: "manual", signal });
  if (type === "opaqueredirect" || (status >= 300 && status < 400)) {
    await body?.cancel().catch(() => undefined);
    return failed("redirected");
  }
  // Node forgets the signal of a request that is collected, so the body is cancelled here too.
  const bytes = body === null ? new Uint8Array() : await readAtMost(body, MAX_ANSWER, signal);
  if (bytes === null) return failed("too_large");
  return { ok: true, status, text: decodeUtf8(bytes), type: headers.get("content-type") };
}

function isJsonType(type: string | null): boolean {
  return /^(application\/([\w.-]+\+)?json|text\/json)\s*(;|$)/i.test(type ?? "");
}

function failed(fault: FetchFault): Failed {
  return { ok: false, fault };
}
