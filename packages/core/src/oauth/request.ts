import { decodeUtf8, readAtMost } from "../bytes.ts";
import { type Env, withTimeout } from "../env.ts";
import { parseJson } from "../json.ts";
import type { Seconds } from "../time.ts";
import { oauthFault } from "./fault.ts";

/** How long a provider may take for one answer, and how large it may be, in bytes. */
export const PROVIDER_TIMEOUT: Seconds = 5;
export const MAX_ANSWER = 262_144;

/** An answer of a provider, read to its end. */
export interface ProviderAnswer {
  readonly status: number;
  readonly text: string;
}

/**
 * Sends one request to a provider. No redirect is followed, or the credentials of the request would go wherever the
 * answer says (RFC 9700 4.12); the time and the size of the answer are limited. Fails with `oauth_failed`.
 */
export async function askProvider(env: Env, url: string, init: RequestInit): Promise<ProviderAnswer> {
  const abort = new AbortController();
  const late = (): Error => {
    abort.abort();
    return oauthFault("late");
  };
  return withTimeout(send(env, url, { ...init, signal: abort.signal }), PROVIDER_TIMEOUT, late);
}

async function send(env: Env, url: string, init: RequestInit): Promise<ProviderAnswer> {
  const unreachable = (): never => {
    throw oauthFault("unreachable");
  };
  const response = await env.fetch(url, { ...init, redirect: "manual" }).catch(unreachable);
  const { status, body, type } = response;
  if (type === "opaqueredirect" || (status >= 300 && status < 400)) {
    await body?.cancel().catch(() => undefined);
    throw oauthFault("redirected");
  }
  const bytes = body === null ? new Uint8Array() : await readAtMost(body, MAX_ANSWER).catch(unreachable);
  if (bytes === null) throw oauthFault("too_large");
  const text = decodeUtf8(bytes);
  // RFC 8259 8.1: a byte order mark, which some readers pass over and others do not, has no place here.
  const isText = text !== null && !text.startsWith("\uFEFF");
  if (!isText || !isJsonType(response.headers.get("content-type"))) throw oauthFault("no_json");
  return { status, text };
}

function isJsonType(type: string | null): boolean {
  return /^(application\/([\w.-]+\+)?json|text\/json)\s*(;|$)/i.test(type ?? "");
}

/** Gets a JSON document, with an access token where one is given. Fails with `oauth_failed`. */
export async function getJson(
  env: Env,
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<unknown> {
  const { status, text } = await askProvider(env, url, {
    // GitHub refuses a request without a User-Agent.
    headers: { accept: "application/json", "user-agent": "latchkey", ...headers },
  });
  if (status !== 200) throw oauthFault("status");
  const found = parseJson(text);
  if (found === undefined) throw oauthFault("no_json");
  return found;
}
