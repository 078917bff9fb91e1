import { isRecord, own, toBase64, utf8 } from "../platform/encoding.ts";
import type { AuthError } from "../platform/errors.ts";
import { hostOf, oauthFault } from "./fault.ts";

/** Why a sign-in with a provider failed, for the developer. It holds no secret. */
export interface Diagnosis {
  /** One of a fixed list of words, such as `code_refused`. */
  readonly reason: string;
  /** The host of the endpoint that answered; null if the answer came with the browser. */
  readonly host: string | null;
  /** The provider's own words (RFC 6749 4.1.2.1 and 5.2), cleaned and capped. */
  readonly error: string | null;
  readonly description: string | null;
  /** What to check or to change, in whole sentences. */
  readonly advice: string;
}

/** The circumstances that the advice names. */
export interface DiagnosisScope {
  readonly provider: string;
  readonly redirectUri: string;
}

/** Says why a sign-in failed. Null for an error of another kind, such as a store that is down. */
export function diagnose(error: AuthError, scope: DiagnosisScope): Diagnosis | null {
  const { details } = error;
  const reason = details === null ? undefined : details["fault"];
  if (details === null || reason === undefined) return null;
  const host = details["host"] ?? null;
  return {
    reason,
    host: host === "" ? null : host,
    error: details["error"] ?? null,
    description: details["description"] ?? null,
    advice: adviceOf(reason, details, scope),
  };
}

/** The line for the log of the developer. */
export function lineOf(message: string, { provider }: DiagnosisScope, diagnosis: Diagnosis): string {
  const { host, error, description, advice } = diagnosis;
  const words = [error, description].filter((text) => text !== null).map((text) => JSON.stringify(text));
  const source = host ?? "the provider";
  const said = words.length > 0 ? ` (${source} says ${words.join(": ")})` : host === null ? "" : ` (${host})`;
  return `a sign-in with ${provider} failed: ${message.replace(/\.$/, "")}${said}. ${advice}`;
}

type Details = Readonly<Record<string, string>>;
type Advice = (scope: DiagnosisScope, details: Details) => string;

const client: Advice = ({ provider }) =>
  `Check that clientId and the secret of the provider ${provider} are those of its registration.`;
const audience: Advice = ({ provider }) =>
  `Check that clientId of the provider ${provider} is that of its registration, and that idTokenAudiences lists every app that sends ID tokens.`;
const redirectUri: Advice = (scope) =>
  `Register exactly ${scope.redirectUri} as the redirect URI at ${scope.provider}.`;
const code: Advice = (scope, details) =>
  `A code works once, for a short time, and with the redirect URI of its request. ${redirectUri(scope, details)} Check that no other process redeems the code.`;
const scopes: Advice = ({ provider }) =>
  `Check the option scopes of the provider ${provider}, and the permissions of its registration.`;
const reach: Advice = (_, { host = "the provider" }) => `Check that this server can reach ${host}.`;
const issuer: Advice = ({ provider }, { issuer: named }) =>
  named === undefined
    ? `Check that the issuer option of the provider ${provider}, or its tenant, is exactly the issuer that the provider names.`
    : `Check that the issuer option of the provider ${provider} is exactly ${JSON.stringify(named)}, which the provider names as its issuer, and that the document has every endpoint.`;
const discovery: Advice = ({ provider }) =>
  `Check the issuer option of the provider ${provider}: below it, /.well-known/openid-configuration must answer with JSON.`;
const answer: Advice = ({ provider }, { host = "the provider" }) =>
  `Check that ${host} is the server that the provider ${provider} names for this, and that it works.`;
const clock: Advice = () => "Check the clock of this server.";

/** The codes of RFC 6749 4.1.2.1 and 5.2, and those of GitHub (docs.github.com, "Troubleshooting OAuth app access token request errors"). */
const BY_CODE: Readonly<Record<string, Advice>> = {
  invalid_client: client,
  unauthorized_client: client,
  incorrect_client_credentials: client,
  application_suspended: client,
  redirect_uri_mismatch: redirectUri,
  invalid_redirect_uri: redirectUri,
  invalid_grant: code,
  bad_verification_code: code,
  invalid_scope: scopes,
  insufficient_scope: scopes,
  unverified_user_email: () => "The user has no verified address at the provider.",
};

const BY_REASON: Readonly<Record<string, Advice>> = {
  unreachable: reach,
  late: reach,
  redirected: answer,
  status: answer,
  too_large: answer,
  no_json: answer,
  metadata: issuer,
  issuer,
  code_refused: (scope, details) => `${client(scope, details)} ${redirectUri(scope, details)}`,
  token_answer: answer,
  id_token_missing: scopes,
  id_token_form: answer,
  id_token_signature: issuer,
  id_token_issuer: issuer,
  id_token_audience: audience,
  id_token_time: clock,
  id_token_nonce: answer,
  id_token_access: answer,
  subject: scopes,
  userinfo_subject: answer,
  provider_error: (scope, details) => `${redirectUri(scope, details)} ${scopes(scope, details)}`,
  held_by_another: () => "Change nothing: the account is linked to another user.",
  address_unproven: () =>
    "A user with this address exists, and one of the two sides has not proved it. The user signs in the other way and links the account, or trustEmail trusts the provider.",
  not_by_email: () => "Change nothing: a user with this address exists, and linkByEmail is false.",
};

function adviceOf(reason: string, details: Details, scope: DiagnosisScope): string {
  const { error, description, step } = details;
  if (step === "discovery" && reason !== "unreachable" && reason !== "late") return discovery(scope, details);
  // Many providers answer invalid_request or invalid_grant, and name the parameter in the description.
  if (/redirect.?ur[il]/i.test(description ?? "")) return redirectUri(scope, details);
  const named = error !== undefined && Object.hasOwn(BY_CODE, error) ? BY_CODE[error] : undefined;
  const known = Object.hasOwn(BY_REASON, reason) ? BY_REASON[reason] : undefined;
  return (named ?? known ?? answer)(scope, details);
}

/** The error for a token endpoint that refuses the code, with its words. `secrets` are what was sent to it. */
export function refusalOf(url: string, data: unknown, secrets: readonly (string | null)[]): AuthError {
  const host = hostOf(url);
  if (!isRecord(data)) return oauthFault("code_refused", undefined, { host });
  const tokens = ["access_token", "refresh_token", "id_token"].map((name) => own(data, name));
  const hidden = [...secrets, ...tokens];
  const [error, description] = ["error", "error_description"].map((name) =>
    cleanWords(own(data, name), hidden),
  );
  return oauthFault("code_refused", undefined, { host, ...wordsOf(error, description) });
}

/** The error for a callback that carries an error, with its words. */
export function errorAtCallback(
  fields: readonly (readonly [string, string])[],
  secrets: readonly (string | null)[],
): AuthError {
  const [error, description] = ["error", "error_description"].map((name) =>
    cleanWords(fields.find(([known]) => known === name)?.[1], secrets),
  );
  return oauthFault("provider_error", undefined, wordsOf(error, description));
}

function wordsOf(
  error: string | null | undefined,
  description: string | null | undefined,
): { readonly error?: string; readonly description?: string } {
  return {
    ...(typeof error === "string" ? { error } : {}),
    ...(typeof description === "string" ? { description } : {}),
  };
}

const MOST_READ = 2_000;
const MOST_SHOWN = 300;
/** A part of a secret of this length is hidden too. */
const PART = 8;
/** Of a longer secret, such as a large ID token, the beginning is hidden: each form costs a search for every part of the text. */
const MOST_HIDDEN = 4_096;
const HIDDEN = "[hidden]";

/**
 * Makes words of a provider safe to log: one line without control characters, at most 300 characters, and without any part of 8
 * characters of a secret, also encoded. Null for no text.
 */
export function cleanWords(text: unknown, secrets: readonly unknown[]): string | null {
  if (typeof text !== "string") return null;
  const plain = inOneLine(text.slice(0, MOST_READ));
  if (plain === "") return null;
  const shown = hideSecrets(plain, secrets);
  return shown.length > MOST_SHOWN ? `${shown.slice(0, MOST_SHOWN)}…` : shown;
}

// Controls, marks of direction, lone surrogates, and line separators: a terminal or a viewer of logs obeys them.
function inOneLine(text: string): string {
  return text.replace(/[\p{C}\p{Z}]+/gu, " ").trim();
}

function hideSecrets(text: string, secrets: readonly unknown[]): string {
  const lower = lowerCase(text);
  const hidden = new Set<number>();
  for (const form of secrets.flatMap(formsOf)) {
    const size = Math.min(PART, form.length);
    for (let start = 0; start + size <= lower.length; start++) {
      if (!form.includes(lower.slice(start, start + size))) continue;
      for (let offset = 0; offset < size; offset++) hidden.add(start + offset);
    }
  }
  if (hidden.size === 0) return text;
  const marked = [...Array(text.length).keys()].map((index) =>
    hidden.has(index) ? "\0" : text.charAt(index),
  );
  return marked.join("").replace(/\0+/g, HIDDEN);
}

// Each letter keeps its place: "İ" has a small form of two characters, and would move the marks of all that follow.
function lowerCase(text: string): string {
  return text.replace(/\p{Lu}/gu, (letter) => {
    const small = letter.toLowerCase();
    return small.length === letter.length ? small : letter;
  });
}

/** A secret as it may stand in a text. */
function formsOf(whole: unknown): readonly string[] {
  if (typeof whole !== "string" || whole === "") return [];
  const secret = whole.slice(0, MOST_HIDDEN);
  const form = new URLSearchParams({ s: secret }).toString().slice(2);
  const forms = [
    secret,
    inOneLine(secret),
    encodeURIComponent(secret.toWellFormed()),
    form,
    toBase64(utf8(secret)),
  ];
  return [...new Set(forms.map(lowerCase))].filter((each) => each !== "");
}
