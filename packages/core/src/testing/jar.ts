import { platformEnv, timeOfDate } from "../platform/env.ts";
import { isLoopback } from "../platform/origin.ts";
import type { TestClock } from "./clock.ts";

/** A cookie, in the form that `addCookies` and `storageState` of Playwright take. */
export interface TestCookie {
  readonly name: string;
  readonly value: string;
  /** The host that set it; with a dot before it if its subdomains have the cookie too. */
  readonly domain: string;
  readonly path: string;
  /** Seconds since 1970-01-01T00:00:00Z by the clock of this machine, which a browser reads; -1 if it ends with the browser. */
  readonly expires: number;
  readonly httpOnly: boolean;
  readonly secure: boolean;
  readonly sameSite: "Lax" | "Strict" | "None";
}

/** The cookies of one browser. Its requests come from pages of the same site, so it does not judge SameSite. */
export interface Jar {
  /** Keeps the cookies of an answer, and forgets those that it deletes (RFC 6265bis 5.7). */
  take(headers: Headers, url: URL): void;
  /** The Cookie header of a request; null if there is no cookie for it. */
  header(url: URL): string | null;
  list(): readonly TestCookie[];
}

interface KeptCookie extends Omit<TestCookie, "expires"> {
  /** Milliseconds by the clock of the jar; null if it ends with the browser. */
  readonly endsAt: number | null;
}

/** Makes a jar whose cookies end by a clock. */
export function openJar(clock: Pick<TestClock, "now">): Jar {
  const kept = new Map<string, KeptCookie>();
  const live = (): readonly KeptCookie[] =>
    [...kept.values()].filter(({ endsAt }) => endsAt === null || endsAt > clock.now());
  return {
    take(headers, url) {
      for (const line of headers.getSetCookie()) keep(kept, parseLine(line, url, clock.now()), url);
    },
    header(url) {
      const sent = live().filter((cookie) => isSentTo(cookie, url));
      return sent.length === 0 ? null : headerOf(sent);
    },
    list: () => live().map((cookie) => shown(cookie, clock.now())),
  };
}

function keep(kept: Map<string, KeptCookie>, cookie: KeptCookie, { hostname }: URL): void {
  // A host can set cookies for itself and for the domains above it.
  if (!isCovered(cookie.domain, hostname)) return;
  kept.set(JSON.stringify([cookie.name, cookie.domain, cookie.path]), cookie);
}

// RFC 6265bis 5.8.3: longer paths come first.
function headerOf(cookies: readonly KeptCookie[]): string {
  const sorted = cookies.toSorted((one, other) => other.path.length - one.path.length);
  return sorted.map(({ name, value }) => `${name}=${value}`).join("; ");
}

function shown({ endsAt, ...cookie }: KeptCookie, now: number): TestCookie {
  // The clock of a test may be another one than that of a browser.
  const expires = endsAt === null ? -1 : Math.floor((platformEnv.clock() + endsAt - now) / 1_000);
  return { ...cookie, expires };
}

const SAME_SITE: ReadonlyMap<string, TestCookie["sameSite"]> = new Map([
  ["strict", "Strict"],
  ["none", "None"],
]);

function parseLine(line: string, url: URL, now: number): KeptCookie {
  const [pair = "", ...rest] = line.split(/; */);
  const [name, value] = splitAt(pair);
  const attributes = new Map(rest.map(splitAt).map(([attribute, text]) => [attribute.toLowerCase(), text]));
  const domain = attributes.get("domain")?.toLowerCase().replace(/^\./, "");
  const path = attributes.get("path") ?? "";
  return {
    name,
    value,
    domain: domain === undefined || domain === "" ? url.hostname : `.${domain}`,
    path: path.startsWith("/") ? path : defaultPath(url.pathname),
    endsAt: endOf(attributes, now),
    httpOnly: attributes.has("httponly"),
    secure: attributes.has("secure"),
    // A browser takes a cookie without SameSite as Lax.
    sameSite: SAME_SITE.get((attributes.get("samesite") ?? "").toLowerCase()) ?? "Lax",
  };
}

function splitAt(text: string): readonly [string, string] {
  const at = text.indexOf("=");
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

// RFC 6265bis 5.1.4.
function defaultPath(pathname: string): string {
  return pathname.slice(0, Math.max(pathname.lastIndexOf("/"), 1));
}

// RFC 6265bis 5.6: Max-Age counts before Expires.
function endOf(attributes: ReadonlyMap<string, string>, now: number): number | null {
  const maxAge = attributes.get("max-age");
  if (maxAge !== undefined) return now + Number(maxAge) * 1_000;
  const expires = timeOfDate(attributes.get("expires") ?? "");
  return Number.isNaN(expires) ? null : expires;
}

function isCovered(domain: string, host: string): boolean {
  return domain === host || domain === `.${host}` || (domain.startsWith(".") && host.endsWith(domain));
}

function isSentTo({ domain, path, secure }: KeptCookie, { hostname, pathname, protocol }: URL): boolean {
  const isSafe = !secure || protocol === "https:" || isLoopback(hostname);
  const folder = path.endsWith("/") ? path : `${path}/`;
  return isSafe && isCovered(domain, hostname) && (pathname === path || pathname.startsWith(folder));
}
