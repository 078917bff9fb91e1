import type { Page } from "./env.ts";
import { type Failure, failure } from "./result.ts";

/** Where the server is, and which origins get the session. `URL` is used on pages only: React Native implements half of it. */
export interface Address {
  /** The URL of a route. Null if `baseURL` is a path and there is no page to resolve it against. */
  readonly urlOf: (path: string) => string | null;
  /** Makes a URL that was passed to `fetch` absolute. */
  readonly absolute: (input: string) => string;
  /** Whether requests to this URL get the session. */
  readonly isTrusted: (url: string) => boolean;
}

/** An origin as browsers serialize it. It must end where the host ends, so that no longer host matches. */
const ORIGIN = /^https?:\/\/[^/?#\\\sA-Z]+(?=[/?#]|$)/;

/** Throws a `TypeError` that names the option. */
export function createAddress(
  baseURL: string,
  trustedOrigins: readonly string[],
  page: Page | null,
): Address {
  const isPath = baseURL.startsWith("/");
  if (/[?#\s]/.test(baseURL) || (!isPath && originOf(baseURL) === "")) {
    refuseOption("baseURL", baseURL, "/auth or https://api.example.com/auth");
  }
  for (const origin of trustedOrigins) {
    if (originOf(origin) !== origin) refuseOption("trustedOrigins", origin, "https://api.example.com");
  }
  const base = baseURL.replace(/\/+$/, "");
  const pageOrigin = page === null ? "" : originOf(page.href());
  const serverOrigin = isPath ? pageOrigin : originOf(baseURL);
  const trusted = [serverOrigin, ...trustedOrigins].filter((origin) => origin !== "");
  return {
    urlOf: (path) => (serverOrigin === "" ? null : (isPath ? pageOrigin : "") + base + path),
    absolute: (input) => {
      if (page !== null) return new URL(input, page.href()).href;
      return input.startsWith("/") ? serverOrigin + input : input;
    },
    isTrusted: (url) => trusted.includes(originOf(url)),
  };
}

/** The result of a call whose route has no URL. */
export function noPageFailure(): Failure {
  return failure("invalid_request", "Without a page, baseURL must be a URL.");
}

/** The origin of an absolute URL; "" for everything else. */
function originOf(url: string): string {
  return ORIGIN.exec(url)?.[0] ?? "";
}

function refuseOption(option: string, value: string, example: string): never {
  throw new TypeError(`${option} is ${JSON.stringify(value)}, but it must look like ${example}.`);
}
