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
