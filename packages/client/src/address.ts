import type { Page } from "./env.ts";
import { type Failure, failure } from "./result.ts";

/** Where the server is, and whom else the session may be proved to. It does without URL, which React Native has half of. */
export interface Address {
  /** The URL of a route; null where `baseURL` is a path and there is no page that it is a path of. */
  readonly urlOf: (path: string) => string | null;
  /** A URL as `fetch` takes it, made absolute. */
  readonly absolute: (input: string) => string;
  readonly isTrusted: (url: string) => boolean;
}

/** As browsers write it, in small letters. What goes on in another way has no origin: half a host is somebody else's. */
const ORIGIN = /^https?:\/\/[^/?#\\\sA-Z]+(?=[/?#]|$)/;

/** Fails with a `TypeError` that names the option. */
export function openAddress(baseURL: string, trustedOrigins: readonly string[], page: Page | null): Address {
  const isPath = baseURL.startsWith("/");
  if (/[?#\s]/.test(baseURL) || (!isPath && originOf(baseURL) === "")) {
    refuse("baseURL", baseURL, "/auth or https://api.example.com/auth");
  }
  for (const origin of trustedOrigins) {
    if (originOf(origin) !== origin) refuse("trustedOrigins", origin, "https://api.example.com");
  }
  const base = baseURL.replace(/\/+$/, "");
  const home = page === null ? "" : originOf(page.href());
  const own = isPath ? home : originOf(baseURL);
  const trusted = [own, ...trustedOrigins].filter((origin) => origin !== "");
  return {
    urlOf: (path) => (own === "" ? null : (isPath ? home : "") + base + path),
    absolute: (input) => {
      if (page !== null) return new URL(input, page.href()).href;
      return input.startsWith("/") ? own + input : input;
    },
    isTrusted: (url) => trusted.includes(originOf(url)),
  };
}

/** Why a route has no URL. */
export function withoutPage(): Failure {
  return failure("invalid_request", "baseURL is a path, and there is no page.");
}

function originOf(url: string): string {
  return ORIGIN.exec(url)?.[0] ?? "";
}

function refuse(option: string, value: string, wanted: string): never {
  throw new TypeError(`${option} is ${JSON.stringify(value)}, but it must be as ${wanted}.`);
}
