import type { cookies } from "next/headers.js";
import { NextResponse } from "next/server.js";

/** What `cookies()` of Next resolves to. */
export type CookieJar = Awaited<ReturnType<typeof cookies>>;

/**
 * Writes the Cookie header of a request after the changes that an action or a handler made to its jar.
 *
 * The jar has one cookie of each name, while the header can have several. So a name that the jar did not change keeps all of
 * its cookies, in the order of the header.
 */
export function cookieHeader(
  header: string,
  jar: readonly { readonly name: string; readonly value: string }[],
): string {
  const sent = new Set(header.split(/; */));
  const current = jar.map(({ name, value }) => `${name}=${encodeURIComponent(value)}`);
  const unchangedNames = new Set(current.filter((pair) => sent.has(pair)).map(nameOf));
  const unchanged = [...sent].filter((pair) => unchangedNames.has(nameOf(pair)));
  return [...new Set([...unchanged, ...current])].join("; ");
}

function nameOf(pair: string): string {
  return pair.slice(0, pair.indexOf("="));
}

/**
 * Tells whether cookies can be set here, without setting one. Next has no function for that, and its read-only jars have a
 * `set` too, which throws. A jar that can be written first reads the name of the cookie, and this name throws an error that
 * no jar can know.
 */
export function canSetCookies(jar: CookieJar): boolean {
  const nameWasRead = new Error("The jar reads the name of the cookie.");
  const probe = {
    value: "",
    get name(): string {
      throw nameWasRead;
    },
  };
  try {
    jar.set(probe);
    return false;
  } catch (error) {
    return error === nameWasRead;
  }
}

/** Sets the cookies of the Set-Cookie lines of a response. */
export function setCookies(jar: CookieJar, headers: Headers): void {
  const parsed = new NextResponse(null, { headers }).cookies.getAll();
  // Next leaves out an empty value and an age of 0, which a deleted cookie has. A value without an age ends with the browser.
  for (const { value = "", ...cookie } of parsed) {
    jar.set(value === "" ? { ...cookie, value, maxAge: 0 } : { ...cookie, value });
  }
}
