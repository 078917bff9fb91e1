import { isRecord } from "../platform/encoding.ts";
import { refuse } from "../platform/option-error.ts";

/** Parameters of an authorization request besides our own, by name. */
export type AuthorizationParams = Readonly<Record<string, string>>;

const EACH = "Latchkey makes a new one for each sign-in";
const OBJECT = "a request object would replace the parameters that protect the sign-in (RFC 9101 6.3)";
const CREDENTIAL = "a credential of the client does not pass through the browser";

/** The parameters that we write, or that change how ours are read; and the reason (RFC 6749 4.1.1, RFC 7636, RFC 9101). */
const OWN: Readonly<Record<string, string>> = {
  client_id: "it is the option clientId",
  scope: "write the option scopes",
  redirect_uri: "it is made of baseURL, basePath and the provider's id",
  response_type: "the callback reads a code alone",
  response_mode: "each provider has the one that its callback reads",
  state: EACH,
  nonce: EACH,
  code_challenge: EACH,
  code_challenge_method: "it is always S256",
  code_verifier: CREDENTIAL,
  client_secret: CREDENTIAL,
  client_assertion: CREDENTIAL,
  client_assertion_type: CREDENTIAL,
  request: OBJECT,
  request_uri: OBJECT,
  registration: "clientId names a registered client",
  dpop_jkt: "the tokens of the provider are bearer tokens",
};

const NAME = /^[\w.~:-]{1,64}$/;
const MAX_VALUE = 2_048;

/** Checks the option `authorizationParams`. Throws a `TypeError` that names the parameter. */
export function checkAuthorizationParams(id: string, params: unknown = {}): AuthorizationParams {
  const option = `${id}: authorizationParams`;
  if (!isRecord(params)) {
    throw refuse(option, params, 'it must be an object of strings, such as { prompt: "consent" }');
  }
  for (const [name, value] of Object.entries(params)) {
    if (!NAME.test(name))
      throw refuse(option, name, "the name of a parameter is 1 to 64 of a-z A-Z 0-9 _ . ~ : -");
    // Some servers read names without regard to their case.
    const reason = Object.hasOwn(OWN, name.toLowerCase()) ? OWN[name.toLowerCase()] : undefined;
    if (reason !== undefined) {
      throw new TypeError(`${option} has ${name}, which is not yours to write: ${reason}`);
    }
    if (!isValue(value, MAX_VALUE)) {
      const why = `it must be a string of 1 to ${MAX_VALUE} characters, without control characters`;
      throw refuse(`${option}.${name}`, value, why);
    }
  }
  return Object.freeze({ ...(params as AuthorizationParams) });
}

/** The parameters that a start route passes to the provider: hints, which the provider need not follow (OpenID Connect Core 3.1.2.1). */
const PASSED = ["login_hint", "prompt", "ui_locales"] as const;
const MAX_PASSED = 256;

/**
 * Decides which parameters of a request are passed to the provider. `given` returns each value of a parameter. Returns null
 * for a parameter that occurs twice, is longer than 256 characters, or has control characters.
 */
export function decidePassed(given: (name: string) => readonly unknown[]): AuthorizationParams | null {
  const passed: Record<string, string> = {};
  for (const name of PASSED) {
    const [value = "", ...more] = given(name);
    if (more.length > 0) return null;
    // RFC 6749 3.1: a parameter without a value counts as omitted.
    if (value === "") continue;
    if (!isValue(value, MAX_PASSED)) return null;
    passed[name] = value;
  }
  return passed;
}

function isValue(value: unknown, longest: number): value is string {
  if (typeof value !== "string" || value === "" || !value.isWellFormed()) return false;
  return value.length <= longest && !/\p{Cc}/u.test(value);
}

/** Writes the parameters into the URL of an authorization request. A configured one replaces one of the request. */
export function addParams(url: URL, passed: AuthorizationParams, configured: AuthorizationParams): URL {
  for (const [name, value] of Object.entries({ ...passed, ...configured })) url.searchParams.set(name, value);
  return url;
}
