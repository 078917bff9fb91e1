const REFUSALS: ReadonlyMap<string, string> = new Map([
  ["invalid_credentials", "The address or the password is wrong."],
  ["identifier_taken", "There is an account with this address already."],
  ["weak_password", "This password is too easy to guess. Choose a longer one."],
  ["invalid_request", "This is not an e-mail address."],
  ["mail_token_invalid", "This link or code does not work any more. Ask for another."],
  ["unauthenticated", "Sign in in another tab first, then press the button again."],
  ["rate_limited", "Too many attempts. Wait a few minutes."],
]);

/** The sentence for an error code. */
export function refusalOf(code: unknown): string {
  return REFUSALS.get(String(code)) ?? "This failed. Try again.";
}
