import { createServer, type RequestListener, type Server } from "node:http";

/** How long open requests may still take after `close`, in milliseconds. */
const GRACE = 500;

/** Listens on an address of this machine. On a machine without IPv6, it listens on IPv4 only. */
export function listen(listener: RequestListener, port: number, host: string): Promise<Server> {
  const server = createServer(listener);
  return new Promise((resolve, reject) => {
    server.once("error", (error) => {
      const isMissing = "code" in error && (error.code === "EADDRNOTAVAIL" || error.code === "EAFNOSUPPORT");
      if (isMissing && host === "::1") resolve(server);
      else reject(error);
    });
    server.listen(port, host, () => resolve(server));
  });
}

export function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    setTimeout(() => server.closeAllConnections(), GRACE).unref();
  });
}
