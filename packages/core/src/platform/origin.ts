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
