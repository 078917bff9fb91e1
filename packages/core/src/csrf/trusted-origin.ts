import { refuse } from "../platform/option-error.ts";
import { isLoopback } from "../platform/origin.ts";

const CUSTOM_SCHEME = /^[a-z][a-z0-9+.-]*:\/\/[a-z0-9.-]*$/;
/** Schemes that a browser opens itself. */
const BROWSER_SCHEMES =
  /^(https?|wss?|ftp|file|data|blob|about|javascript|vbscript|view-source|filesystem|intent|content|chrome|resource|res|mhtml):/;

/** Checks an origin, or the custom scheme of an app, such as `com.example.app://`. Plain http is for localhost only. */
export function checkOrigin(text: string): string {
  if (CUSTOM_SCHEME.test(text) && !BROWSER_SCHEMES.test(text)) return text;
  const url = URL.parse(text);
  const isPattern = text.includes("*");
  if (url === null || isPattern || !/^https?:$/.test(url.protocol) || url.origin !== text) {
    const isUnclear = url === null || isPattern || url.origin === "null";
    const instead = isUnclear ? "https://spa.example.com" : url.origin;
    throw refuse("trustedOrigins", text, `origins are compared exactly: write it as "${instead}"`);
  }
  // RFC 9700 4.17: the network can change an http page, which could then read responses with credentials.
  if (url.protocol === "http:" && !isLoopback(url.hostname)) {
    const secure = `https:${text.slice("http:".length)}`;
    throw refuse(
      "trustedOrigins",
      text,
      `http pages can be changed by the network, except on localhost: write "${secure}"`,
    );
  }
  return text;
}
