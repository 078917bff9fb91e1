import { AuthError } from "../platform/errors.ts";
import { days, type Seconds } from "../platform/time.ts";

/** One pair of a Cookie header, as sent. */
export interface CookiePair {
  readonly name: string;
  readonly value: string;
}

/** A longer header, in characters, is ignored (CKP-10). */
const MAX_HEADER = 65_536;

/**
 * Splits a Cookie header into its pairs (RFC 6265bis 5.7.3). Values are not decoded, quotes stay part of the value, and a
 * piece without a name is skipped.
 */
export function parseCookies(header: string | null): readonly CookiePair[] {
  if (header === null || header.length > MAX_HEADER) return [];
  const pairs: CookiePair[] = [];
  for (const piece of header.split(";")) {
    const equals = piece.indexOf("=");
    if (equals < 0) continue;
    const name = trim(piece.slice(0, equals));
    if (name !== "") pairs.push({ name, value: trim(piece.slice(equals + 1)) });
  }
  return pairs;
}

/** Whether a text occurs in a Cookie header that is read. */
export function occursIn(header: string, name: string): boolean {
  return header.length <= MAX_HEADER && header.includes(name);
}

/**
 * Cuts the value of a cookie out of a Cookie header, without splitting it. Null if the name occurs outside of that value too, and where
 * the header has a form that browsers do not send: `parseCookies` decides then.
 */
export function soleCookie(header: string, name: string): string | null {
  const at = header.indexOf(name);
  const start = at + name.length + 1;
  const isFirst = at === 0 || (at > 1 && header.startsWith("; ", at - 2));
  if (!isFirst || header[start - 1] !== "=" || header.length > MAX_HEADER) return null;
  const end = header.indexOf(";", start);
  if (end >= 0 && header.includes(name, end)) return null;
  const value = header.slice(start, end < 0 ? header.length : end);
  return trim(value) === value ? value : null;
}

// Only space and tab: String.trim would also remove a no-break space (CKP-04).
function trim(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

export type SameSite = "lax" | "strict" | "none";

/** The name and attributes of a cookie. To delete a cookie, use the same place. */
export interface CookiePlace {
  readonly name: string;
  readonly path: string;
  readonly domain: string | null;
  readonly secure: boolean;
  readonly sameSite: SameSite;
  /** Whether the cookie is for one embedding site only (CHIPS). */
  readonly partitioned?: true;
}

/** RFC 6265bis 5.6.2: browsers limit Max-Age to 400 days, and name and value to 4096 bytes. */
export const MAX_AGE: Seconds = days(400);
const MAX_SIZE = 4_096;

const SAME_SITE: Readonly<Record<SameSite, string>> = { lax: "Lax", strict: "Strict", none: "None" };
const NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;
const VALUE = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/;
const ATTRIBUTE = /^[\x20-\x3a\x3c-\x7e]*$/;

/** Whether a text can be the name of a cookie (RFC 9110 token). */
export function isCookieName(name: string): boolean {
  return NAME.test(name);
}

/**
 * Whether a name begins with a prefix that browsers enforce: `__Host-`, `__Secure-`, `__Http-` or `__Host-Http-`, in any case
 * (RFC 6265bis 5.7).
 */
export function hasNamePrefix(name: string): boolean {
  return /^__(host|secure|http)-/i.test(name);
}

/**
 * Writes a Set-Cookie line, always with HttpOnly and SameSite: not every browser uses Lax by default. A cookie without an age ends
 * with the browser.
 */
export function serializeCookie(place: CookiePlace, value: string, maxAge: Seconds | null): string {
  if (!NAME.test(place.name) || !VALUE.test(value) || !ATTRIBUTE.test(place.path + (place.domain ?? ""))) {
    throw new AuthError("internal_error", "a cookie has a character that a header cannot carry");
  }
  if (place.name.length + value.length > MAX_SIZE) {
    throw new AuthError(
      "internal_error",
      `the cookie ${place.name} is over ${MAX_SIZE} bytes: put less into sessions.context or accessToken.claims`,
    );
  }
  return [
    `${place.name}=${value}`,
    ...(maxAge === null ? [] : [`Max-Age=${Math.min(Math.max(Math.floor(maxAge), 0), MAX_AGE)}`]),
    ...(place.domain === null ? [] : [`Domain=${place.domain}`]),
    `Path=${place.path}`,
    ...(place.secure ? ["Secure"] : []),
    "HttpOnly",
    `SameSite=${SAME_SITE[place.sameSite]}`,
    ...(place.partitioned ? ["Partitioned"] : []),
  ].join("; ");
}

/** One change of a cookie. A null value deletes it. */
export interface CookieChange {
  readonly place: CookiePlace;
  readonly value: string | null;
  /** Null ends it with the browser. */
  readonly maxAge: Seconds | null;
}

export function setCookie(place: CookiePlace, value: string, maxAge: Seconds | null): CookieChange {
  return { place, value, maxAge };
}

export function deleteCookie(place: CookiePlace): CookieChange {
  return { place, value: null, maxAge: 0 };
}

/** Adds names to Vary and keeps the existing ones. `*` stays as it is. */
export function addVary(headers: Headers, ...names: readonly string[]): void {
  const before = headers.get("vary");
  headers.set("vary", before === null ? names.join(", ") : mergeVary(before, names));
}

function mergeVary(before: string, names: readonly string[]): string {
  const present = before
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  if (present.includes("*")) return before;
  const known = new Set(present.map((name) => name.toLowerCase()));
  return [...present, ...names.filter((name) => !known.has(name.toLowerCase()))].join(", ");
}

/** Makes the headers of a response that depends on the cookies or the bearer token of its request, so that no cache stores it (RFC 9111). */
export function sessionHeaders(bearerHeader: string): Headers {
  const headers = new Headers();
  writeSessionHeaders(headers, bearerHeader);
  return headers;
}

/** Writes the headers of `sessionHeaders`. */
export function writeSessionHeaders(headers: Headers, bearerHeader: string): void {
  headers.set("cache-control", "private, no-store");
  headers.set("vary", `Cookie, ${bearerHeader}`);
}

/** Appends one Set-Cookie line for each cookie. The last change of a cookie wins. */
export function writeChanges(headers: Headers, changes: readonly CookieChange[]): void {
  for (const { place, value, maxAge } of keepLastChanges(changes)) {
    headers.append("set-cookie", serializeCookie(place, value ?? "", value === null ? 0 : maxAge));
  }
}

/** Computes the request's cookies after the changes. The first of two cookies with the same name wins, as in a browser. */
export function jarAfter(
  sent: readonly CookiePair[],
  changes: readonly CookieChange[],
): ReadonlyMap<string, string> {
  const jar = new Map<string, string>();
  for (const { name, value } of sent) {
    if (!jar.has(name)) jar.set(name, value);
  }
  const last = keepLastChanges(changes);
  for (const { place, value } of last) if (value === null) jar.delete(place.name);
  // Set after delete: a deletion on a former domain or path does not remove a new cookie of the same name.
  for (const { place, value } of last) if (value !== null) jar.set(place.name, value);
  return jar;
}

function keepLastChanges(changes: readonly CookieChange[]): readonly CookieChange[] {
  const last = new Map<string, CookieChange>();
  for (const change of changes) {
    const { name, domain, path, partitioned } = change.place;
    last.set(`${name};${domain ?? ""};${path};${partitioned ?? ""}`, change);
  }
  return [...last.values()];
}
