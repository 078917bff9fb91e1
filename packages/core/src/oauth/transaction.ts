import { toBase64url, utf8 } from "../bytes.ts";
import { flowPlace } from "../cookies/names.ts";
import type { CookiePlace } from "../cookies/serialize.ts";
import { labelledHash } from "../digest.ts";
import { isRecord, own, parseJson } from "../json.ts";
import { open, seal } from "../keys/seal.ts";
import { type EpochSeconds, minutes, type Seconds } from "../time.ts";
import { mintOneTimeToken } from "../tokens/one-time-token.ts";

/** How long a user may take at the provider. */
export const FLOW_LIFETIME: Seconds = minutes(10);
/** More sign-ins under way in one browser push the oldest out. */
export const MOST_FLOWS = 16;

const LABEL = "oauth-transaction";

/** What a flow is for. */
export type Intent =
  | { readonly kind: "sign_in" }
  | { readonly kind: "link"; readonly userId: string; readonly sessionId: string }
  | { readonly kind: "native"; readonly codeChallenge: string };

/** One sign-in under way. It lives in a sealed cookie of the browser that began it, and nowhere else. */
export interface Transaction {
  readonly provider: string;
  readonly responseMode: "query" | "form_post";
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
  readonly redirectTo: string;
  readonly startedAt: EpochSeconds;
  readonly intent: Intent;
  /** The sessions of the browser when it left: a form post from elsewhere does not bring their cookies along. */
  readonly replaces: readonly string[];
}

/** Draws the secrets of a new flow. */
export function mintTransaction(
  begun: Omit<Transaction, "state" | "nonce" | "codeVerifier">,
  random: (length: number) => Uint8Array,
): Transaction {
  const [state, nonce, codeVerifier] = [
    mintOneTimeToken(random),
    mintOneTimeToken(random),
    mintOneTimeToken(random),
  ];
  return { ...begun, state, nonce, codeVerifier };
}

export function sealTransaction(
  transaction: Transaction,
  secret: string,
  random: (length: number) => Uint8Array,
): Promise<string> {
  return seal(JSON.stringify(transaction), secret, LABEL, random);
}

/** Opens what `sealTransaction` sealed; null for anything else, and for a flow that took too long. */
export async function openTransaction(
  sealed: string,
  secrets: readonly string[],
  now: EpochSeconds,
): Promise<Transaction | null> {
  const text = await open(sealed, secrets, LABEL);
  const found = text === null ? null : parseJson(text);
  if (!isTransaction(found)) return null;
  const age = now - found.startedAt;
  return age < FLOW_LIFETIME && age > -FLOW_LIFETIME ? found : null;
}

// What was sealed is ours; the guard tells it from what an earlier version sealed.
function isTransaction(value: unknown): value is Transaction {
  if (!isRecord(value)) return false;
  const texts = ["provider", "responseMode", "state", "nonce", "codeVerifier", "redirectTo"];
  return (
    texts.every((name) => typeof own(value, name) === "string") &&
    Number.isInteger(own(value, "startedAt")) &&
    isRecord(own(value, "intent")) &&
    Array.isArray(own(value, "replaces"))
  );
}

/** Where the transaction of a state lives: a cookie for each flow, so that tabs do not share one. */
export function transactionPlace(
  origin: URL,
  state: string,
  responseMode: Transaction["responseMode"],
): CookiePlace {
  const id = toBase64url(labelledHash("oauth-flow", utf8(state)).subarray(0, 12));
  return flowPlace(origin, id, responseMode === "form_post");
}
