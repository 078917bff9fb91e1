import type { Env } from "../platform/env.ts";
import { fetchJson } from "../platform/fetch-json.ts";
import { parseJson } from "../platform/json.ts";
import { oauthFault } from "./fault.ts";

/** An answer of a provider, read to its end. */
export interface ProviderAnswer {
  readonly status: number;
  readonly text: string;
}

/** Sends one request to a provider, within the limits of `fetchJson`. Fails with `oauth_failed`. */
export async function askProvider(env: Env, url: string, init: RequestInit): Promise<ProviderAnswer> {
  const answer = await fetchJson(env, url, init);
  if (!answer.ok) throw oauthFault(answer.fault);
  return answer;
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
