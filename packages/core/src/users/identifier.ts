/** How a user is found: by e-mail address or by user name. A store keeps and gets both in normal form. */
export type Identifier = { readonly email: string } | { readonly username: string };

/** What users sign in with. */
export type SignInIdentifier = "email" | "username" | "email-or-username";

/** What a user can sign in with, in a form that is the same for each of their identifiers; null for nothing. */
export function signInKey(
  { identifier }: { readonly identifier: SignInIdentifier },
  { email, username }: { readonly email: string | null; readonly username: string | null },
): Identifier | null {
  if (identifier !== "username" && email !== null) return { email };
  return identifier !== "email" && username !== null ? { username } : null;
}

/** How a message names an identifier. */
export const identifierNames: Readonly<Record<"email" | "username", string>> = {
  email: "e-mail",
  username: "username",
};

// RFC 5321 4.5.3.1.3 with the erratum 1690: a path of 256 octets leaves 254 for the address.
const MAX_EMAIL = 254;
const MAX_USERNAME = 128;
const MAX_LOCAL = 64;
const MAX_DOMAIN = 253;

// Quoted local parts, comments and lists of RFC 5322 are refused. Every mail system reads the rest in the same way.
const LOCAL = /^[^\p{C}\p{Z}\p{M}"(),:;<>@[\\\].][^\p{C}\p{Z}"(),:;<>@[\\\]]*$/u;
// Excludes characters that a URL parser would not read as part of the host.
const DOMAIN = /^[^\p{C}\p{Z}"#%(),/:;<>?@[\\\]^`{|}]+$/u;
const HOST = /^(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*$/;
const DIGITS_LAST = /(^|\.)[0-9]+$/;
const USERNAME = /^(?!\p{M})[\p{L}\p{M}\p{Nd}._-]{1,64}$/u;

/**
 * Parses an e-mail address into its normal form: NFKC, lower-case, the domain in ASCII. Returns null for an invalid address.
 *
 * Dots and plus-tags are kept. It does not check that the address exists.
 */
export function parseEmail(input: string): string | null {
  const text = normalize(input, MAX_EMAIL);
  const at = text?.indexOf("@") ?? -1;
  if (text === null || text.length > MAX_EMAIL || at === -1) return null;
  const local = text.slice(0, at);
  const domain = parseDomain(text.slice(at + 1));
  const isLocal = local.length <= MAX_LOCAL && LOCAL.test(local) && !/\.(\.|$)/.test(local);
  return domain !== null && isLocal ? `${local}@${domain}` : null;
}

/**
 * Whether an address names the same mailbox as its normal form. Normalization maps a long s to s, and a mail system may deliver the two to
 * different mailboxes. It does not compare the domains.
 */
export function hasSameMailbox(given: string, normal: string): boolean {
  const mailbox = (address: string): string => address.slice(0, address.lastIndexOf("@"));
  return mailbox(given.trim()).replace(/[A-Z]/g, (letter) => letter.toLowerCase()) === mailbox(normal);
}

/** Parses a user name into its normal form: NFKC, lower-case, 1 to 64 letters, digits, dots, `_` and `-`. */
export function parseUsername(input: string): string | null {
  const text = normalize(input, MAX_USERNAME);
  return text !== null && USERNAME.test(text) ? text : null;
}

/**
 * Parses the beginning of an identifier: NFKC, lower-case, without spaces around it. Null for a text that no identifier begins with.
 * The domain of an address is compared as it is stored, in ASCII.
 */
export function parsePrefix(input: string): string | null {
  const text = input.isWellFormed() ? normalize(input, MAX_EMAIL) : null;
  return text === null || /[\p{C}\p{Z}]/u.test(text) ? null : text;
}

// Without a locale: a Turkish server must find the same user. NFKC comes first, because it turns `＠` and `﹫` into `@`.
// The length is checked before that: trimming and NFKC take quadratic time on a long text.
function normalize(input: string, most: number): string | null {
  if (input.length > most) return null;
  let start = 0;
  let end = input.length;
  while (start < end && input[start] === " ") start++;
  while (end > start && input[end - 1] === " ") end--;
  return input.slice(start, end).normalize("NFKC").toLowerCase().normalize("NFKC");
}

function parseDomain(text: string): string | null {
  if (!DOMAIN.test(text) || !URL.canParse(`http://${text}`)) return null;
  const host = new URL(`http://${text}`).hostname;
  const isName = host.length <= MAX_DOMAIN && HOST.test(host) && !DIGITS_LAST.test(host);
  return isName ? host : null;
}

/** Normalizes an identifier. Returns null for a value that is not an identifier, such as a number. */
export function normalForm(input: unknown, parse: (input: string) => string | null): string | null {
  return typeof input === "string" ? parse(input) : null;
}
