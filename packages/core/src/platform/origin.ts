import { refuse } from "./option-error.ts";

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

/** Whether a host name means this machine: localhost, *.localhost, 127.0.0.0/8 and [::1] (RFC 6761 6.3). */
export function isLoopback(hostname: string): boolean {
  const host = hostname.toLowerCase();
  return (
    host === "localhost" ||
    host.endsWith(".localhost") ||
    host === "[::1]" ||
    /^127(\.\d{1,3}){3}$/.test(host)
  );
}

// RFC 1918 3 and RFC 4193 3. Not 169.254.0.0/16, where clouds serve credentials.
const PRIVATE_ADDRESS = /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|\[f[cd][0-9a-f]{2}:)/;
// Reserved for private use by ICANN and by RFC 6762 3, which covers *.cluster.local; *.svc is how Kubernetes shortens that.
const PRIVATE_NAME = /\.(internal|local|svc)$/;

/**
 * Decides whether a host name, as `URL` writes it, belongs to a private network: a loopback name, a name of one label such as
 * `keycloak`, `*.internal`, `*.local`, `*.svc`, or a private address. Any other name may be public, also one that a local name
 * server resolves to a private address.
 */
export function isPrivateHost(hostname: string): boolean {
  // A name of DNS may end with a dot.
  const host = hostname.toLowerCase().replace(/\.$/, "");
  if (isLoopback(host)) return true;
  if (/^[\d.]+$/.test(host) || host.startsWith("[")) return PRIVATE_ADDRESS.test(host);
  return PRIVATE_NAME.test(host) || /^[a-z0-9_-]+$/.test(host);
}
