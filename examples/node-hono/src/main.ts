import { mkdirSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { getRequestListener } from "@hono/node-server";
import { migrate, sqlite } from "@latchkey/sql/sqlite";
import { demoApp } from "./app.ts";

const { PORT = "3000", LATCHKEY_DEMO_DIR = ".latchkey", LATCHKEY_DEMO_DEFAULTS } = process.env;

/** How long open requests may take once the demo is told to stop, in milliseconds. */
const GRACE = 500;

// This machine only: the demo keeps copies of refresh tokens.
const HOSTS = ["127.0.0.1", "::1"];

await main();

async function main(): Promise<void> {
  const port = parsePort(PORT);
  if (port === null) return fail(`PORT is ${JSON.stringify(PORT)}, but it must be a number from 1 to 65535.`);
  mkdirSync(LATCHKEY_DEMO_DIR, { recursive: true, mode: 0o700 });
  const file = join(LATCHKEY_DEMO_DIR, "demo.db");
  const database = new DatabaseSync(file);
  const store = sqlite(database);
  await migrate(store);

  const isDefault = LATCHKEY_DEMO_DEFAULTS === "1";
  const listener = getRequestListener(demoApp({ store, defaults: isDefault }).fetch);
  const servers = HOSTS.map(() => createServer(listener));
  try {
    await Promise.all(servers.map((server, index) => listen(server, port, HOSTS[index] ?? "127.0.0.1")));
  } catch (error) {
    return fail(faultOf(error, port));
  }
  process.stdout.write(`Latchkey demo: http://localhost:${port}\n`);
  process.stdout.write(
    `Users and sessions live in ${file}. Lifetimes: ${isDefault ? "the library's" : "short"}.\n`,
  );

  const stop = async (): Promise<void> => {
    await Promise.all(servers.map(close));
    database.close();
    process.exit(0);
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
}

function parsePort(text: string): number | null {
  const port = Number(text);
  return /^\d+$/.test(text) && port >= 1 && port <= 65_535 ? port : null;
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) => {
      // A machine without IPv6 is served over IPv4 alone.
      const isMissing = "code" in error && (error.code === "EADDRNOTAVAIL" || error.code === "EAFNOSUPPORT");
      if (isMissing && host === "::1") resolve();
      else reject(error);
    });
    server.listen(port, host, resolve);
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    setTimeout(() => server.closeAllConnections(), GRACE).unref();
  });
}

function faultOf(error: unknown, port: number): string {
  const code = error instanceof Error && "code" in error ? error.code : null;
  if (code === "EADDRINUSE") {
    return `Port ${port} is taken. Stop what listens there, or choose another port: PORT=${port + 1} npx -y pnpm@12.21.0 demo`;
  }
  if (code === "EACCES") return `Port ${port} may not be used by you. Choose one above 1023.`;
  return error instanceof Error ? error.message : String(error);
}

function fail(message: string): void {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
