import { createServer, type RequestListener } from "node:http";

/** An HTTP server on a free port of this machine. */
export interface LocalServer {
  /** `http://localhost:PORT` */
  readonly origin: string;
  /** Begins to answer. */
  listen(listener: RequestListener): void;
  /** Ends it, whatever it is still answering. */
  close(): Promise<void>;
}

/** Opens a port. What comes before `listen` waits without an answer. */
export async function openLocalServer(): Promise<LocalServer> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "localhost", resolve);
  });
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("the server has no port");
  return {
    origin: `http://localhost:${address.port}`,
    listen: (listener) => void server.on("request", listener),
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error === undefined ? resolve() : reject(error)));
        server.closeAllConnections();
      }),
  };
}
