import type { ClientError } from "@latchkey/client";

/** What each error means for the user, and what the user can do. */
const sentences: Readonly<Record<ClientError["code"], string>> = {
  invalid_request: "The server did not understand this. Reload the page and try again.",
  invalid_credentials: "There is no account with this address and password. Check both.",
  unauthenticated: "You are not signed in any more.",
  session_expired: "Your session has expired. Sign in again.",
  session_revoked: "You were signed out from another device, or by a change of your password. Sign in again.",
  refresh_token_invalid: "Your session has ended. Sign in again.",
  refresh_token_reused: "A copy of your key was used, so the session was ended. Sign in again.",
  transport_mismatch: "Your session belongs to another kind of app. Sign in again.",
  insufficient_user_authentication: "Sign in again to do this.",
  csrf_rejected: "The server does not trust this page. Add its origin to the trusted origins of the server.",
  forbidden: "You are not allowed to do this.",
  not_found: "This does not exist any more.",
  method_not_allowed: "The server does not support this request.",
  identifier_taken: "This address has an account already. Sign in instead.",
  payload_too_large: "This is longer than the server accepts.",
  unsupported_media_type: "The server did not understand this. Reload the page and try again.",
  weak_password: "This password is too easy to guess. Choose a longer one, without your address in it.",
  mail_token_invalid: "This link or code does not work any more. Ask for another.",
  redirect_not_allowed:
    "The server does not redirect to this page. Add its origin to the trusted origins of the server.",
  oauth_denied: "You cancelled at the provider. Nothing has changed.",
  oauth_state_invalid: "The sign-in took too long, or it started in another browser. Start again.",
  oauth_failed: "The provider could not tell who you are. Try again, or use your password.",
  account_not_linked: "This address has an account with a password. Sign in with that.",
  rate_limited: "Too many attempts. Wait a minute, then try again.",
  store_unavailable: "The server cannot reach its data right now. Try again in a moment.",
  internal_error: "Something broke on the server. Try again in a moment.",
  network_error: "The server cannot be reached. Check your connection.",
  invalid_response: "Something other than Latchkey answered. Check the server's address.",
  storage_failed: "Your keys could not be stored.",
};

export function sentenceOf({ code }: Pick<ClientError, "code">): string {
  return sentences[code];
}

/** The sentence for the `?error=` of an address. A link can have any text there, so the text itself is never shown. */
export function sentenceOfReturn(code: string): string {
  return isCode(code) ? sentences[code] : sentences.oauth_failed;
}

function isCode(code: string): code is ClientError["code"] {
  return Object.hasOwn(sentences, code);
}
