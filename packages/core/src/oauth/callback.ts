import type { ErrorCode } from "../platform/errors.ts";
import { isOneTimeToken } from "../users/one-time-token.ts";
import type { Transaction } from "./transaction.ts";

/** The parameters of a callback that are read (RFC 6749 4.1.2, RFC 9207). */
export interface CallbackParameters {
  readonly state: string;
  readonly code: string | null;
  readonly error: string | null;
  readonly iss: string | null;
  readonly user: string | null;
}

const MAX_CODE = 4_096;
const NAMES = ["state", "code", "error", "iss", "user"] as const;
/** The errors of providers for a user who refused (RFC 6749 4.1.2.1; the others are those of Apple and LinkedIn). */
const DENIALS: ReadonlySet<string> = new Set([
  "access_denied",
  "user_cancelled_authorize",
  "user_cancelled_login",
]);

/** Reads the parameters; null where one occurs twice or the state does not have the form of ours. */
export function parseCallback(fields: readonly (readonly [string, string])[]): CallbackParameters | null {
  const found = new Map<string, string>();
  for (const [name, value] of fields) {
    if (!NAMES.some((known) => known === name)) continue;
    if (found.has(name)) return null;
    found.set(name, value);
  }
  const state = found.get("state") ?? "";
  if (!isOneTimeToken(state)) return null;
  const [code, error, iss, user] = ["code", "error", "iss", "user"].map((name) => found.get(name) ?? null);
  return { state, code: code ?? null, error: error ?? null, iss: iss ?? null, user: user ?? null };
}

export type CallbackDecision =
  | { readonly kind: "exchange"; readonly code: string }
  | {
      readonly kind: "fail";
      readonly code: Extract<ErrorCode, "oauth_state_invalid" | "oauth_denied" | "oauth_failed">;
    };

/**
 * Decides about a callback with an opened transaction. `first` is whether the state was spent just now: of any number of
 * callbacks with one state, one is the first.
 */
export function decideCallback(
  { state, code, error }: CallbackParameters,
  transaction: Pick<Transaction, "state" | "provider" | "responseMode">,
  here: { readonly provider: string; readonly method: string; readonly first: boolean },
): CallbackDecision {
  const method = transaction.responseMode === "form_post" ? "POST" : "GET";
  // RFC 9700 4.4: the answer of one provider is never sent to another.
  const isOurs = transaction.state === state && transaction.provider === here.provider;
  if (!isOurs || here.method !== method || !here.first) return { kind: "fail", code: "oauth_state_invalid" };
  if (error !== null) return { kind: "fail", code: DENIALS.has(error) ? "oauth_denied" : "oauth_failed" };
  if (code === null || code === "" || code.length > MAX_CODE) return { kind: "fail", code: "oauth_failed" };
  return { kind: "exchange", code };
}
