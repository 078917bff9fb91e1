import type { Seconds } from "../platform/time.ts";
import { type CookiePair, type CookiePlace, expireCookie, serializeCookie } from "./cookie.ts";

/** One change of the browser's jar; a null value deletes. */
export interface CookieChange {
  readonly place: CookiePlace;
  readonly value: string | null;
  readonly maxAge: Seconds;
}

export function setCookie(place: CookiePlace, value: string, maxAge: Seconds): CookieChange {
  return { place, value, maxAge };
}

export function deleteCookie(place: CookiePlace): CookieChange {
  return { place, value: null, maxAge: 0 };
}

/** Appends one Set-Cookie line for each cookie; of several changes of one cookie the last counts. */
export function writeChanges(headers: Headers, changes: readonly CookieChange[]): void {
  for (const { place, value, maxAge } of lastOfEach(changes)) {
    headers.append(
      "set-cookie",
      value === null ? expireCookie(place) : serializeCookie(place, value, maxAge),
    );
  }
}

/** The request's cookies as they will be after the changes. Of two with one name the first counts, as in a browser. */
export function jarAfter(
  sent: readonly CookiePair[],
  changes: readonly CookieChange[],
): ReadonlyMap<string, string> {
  const jar = new Map<string, string>();
  for (const { name, value } of sent) {
    if (!jar.has(name)) jar.set(name, value);
  }
  const last = lastOfEach(changes);
  for (const { place, value } of last) if (value === null) jar.delete(place.name);
  // A cookie that is set outlives one of the same name that is deleted elsewhere, on a former domain or path.
  for (const { place, value } of last) if (value !== null) jar.set(place.name, value);
  return jar;
}

function lastOfEach(changes: readonly CookieChange[]): readonly CookieChange[] {
  const last = new Map<string, CookieChange>();
  for (const change of changes) {
    const { name, domain, path, partitioned } = change.place;
    last.set(`${name};${domain ?? ""};${path};${partitioned ?? ""}`, change);
  }
  return [...last.values()];
}
