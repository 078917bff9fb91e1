import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { getRequestListener } from "@hono/node-server";
import { migrate, sqlite } from "@latchkey/sql/sqlite";
import { CALLBACK, demoApp } from "./app.ts";
import { startIdentityProvider } from "./identity-provider.ts";
import { close, listen } from "./local-server.ts";
import { openPost } from "./post.ts";

const { PORT = "3000", LATCHKEY_DEMO_DIR = ".latchkey", LATCHKEY_DEMO_DEFAULTS } = process.env;
// Origins of other pages that sign in here, such as http://localhost:5173, separated by spaces.
const trustedOrigins = (process.env["LATCHKEY_DEMO_TRUSTED_ORIGINS"] ?? "").split(/\s+/).filter(Boolean);

// Only this machine can connect, because the demo keeps copies of refresh tokens.
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
  const openId = await startIdentityProvider({ port, callback: CALLBACK, trustedOrigins }).catch(
    withoutProvider,
  );
  const post = await openPost(process.env["SMTP_URL"]);
  const pagesAt = process.env["LATCHKEY_DEMO_MAIL_PAGES"];
  const app = demoApp({ store, defaults: isDefault, openId, trustedOrigins, post, pagesAt });
  const listener = getRequestListener(app.fetch);
  const servers = await Promise.all(HOSTS.map((host) => listen(listener, port, host))).catch(
    (error: unknown) => fail(faultOf(error, port)),
  );
  say(`Latchkey demo: http://localhost:${port}`);
  say(`Users and sessions are stored in ${file}. Lifetimes: ${isDefault ? "default" : "short"}.`);
  if (openId !== null)
    say(`Local OpenID: ${openId.issuer}, a fake provider for "Sign in with local OpenID".`);

  say(
    `Messages: ${post.inbox === null ? "sent to the server of SMTP_URL" : `http://localhost:${port}/inbox`}`,
  );

  const stop = async (): Promise<void> => {
    await Promise.all([...servers.map(close), openId?.close(), post.close()]);
    database.close();
    process.exit(0);
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
}

// Without a provider, the demo still works.
function withoutProvider(error: unknown): null {
  say(`The local OpenID provider did not start: ${messageOf(error)}`);
  return null;
}

function parsePort(text: string): number | null {
  const port = Number(text);
  return /^\d+$/.test(text) && port >= 1 && port <= 65_535 ? port : null;
}

function faultOf(error: unknown, port: number): string {
  const code = error instanceof Error && "code" in error ? error.code : null;
  if (code === "EADDRINUSE") {
    return `Port ${port} is taken. Stop what listens there, or choose another port: PORT=${port + 2} npx -y pnpm@12.21.0 demo`;
  }
  if (code === "EACCES") return `You have no permission to use port ${port}. Choose one above 1023.`;
  return messageOf(error);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function say(message: string): void {
  process.stdout.write(`${message}\n`);
}

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
