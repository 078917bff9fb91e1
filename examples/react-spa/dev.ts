import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { createServer } from "vite";
import { close, listen } from "../node-hono/src/local-server.ts";

// Starts the page, and the Hono example as its API, on another origin.
const COMMAND = "npx -y pnpm@12.21.0 --filter @latchkey/example-react-spa dev";
const ROOT = import.meta.dirname;
const API = fileURLToPath(import.meta.resolve("../node-hono/src/main.ts"));

const port = await freePort("PORT", "5173");
const apiPort = await freePort("API_PORT", "3000");
if (port === apiPort) fail(`PORT and API_PORT are both ${port}, but the page and its API need one each.`);

process.env["VITE_AUTH_URL"] ??= `http://localhost:${apiPort}/auth`;

const api = spawn(process.execPath, [API], {
  cwd: ROOT,
  stdio: "inherit",
  env: {
    ...process.env,
    PORT: String(apiPort),
    LATCHKEY_DEMO_TRUSTED_ORIGINS: `http://localhost:${port}`,
    LATCHKEY_DEMO_MAIL_PAGES: `http://localhost:${port}`,
  },
});
api.once("exit", (code) => process.exit(code ?? 1));
process.once("exit", () => api.kill());
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => api.kill(signal));

const page = await createServer({ root: ROOT, configFile: `${ROOT}/vite.config.ts`, server: { port } });
await page.listen().catch((error: unknown) => fail(messageOf(error)));
process.stdout.write(`Latchkey in React: http://localhost:${port}\n`);

/** The port that an environment variable names. Fails if another server listens there. */
async function freePort(variable: string, byDefault: string): Promise<number> {
  const text = process.env[variable] ?? byDefault;
  const found = Number(text);
  if (!/^\d+$/.test(text) || found < 1 || found > 65_535) {
    fail(`${variable} is ${JSON.stringify(text)}, but it must be a number from 1 to 65535.`);
  }
  for (const host of ["127.0.0.1", "::1"]) {
    const server = await listen(() => undefined, found, host).catch((error: unknown) =>
      fail(faultOf(error, variable, found)),
    );
    await close(server);
  }
  return found;
}

function faultOf(error: unknown, variable: string, taken: number): string {
  const code = error instanceof Error && "code" in error ? error.code : null;
  if (code === "EADDRINUSE") {
    const other = taken > 65_000 ? taken - 10 : taken + 10;
    return `Port ${taken} is taken. Stop what listens there, or choose another port: ${variable}=${other} ${COMMAND}`;
  }
  if (code === "EACCES")
    return `You have no permission to use port ${taken}. Set ${variable} to a number above 1023.`;
  return messageOf(error);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
