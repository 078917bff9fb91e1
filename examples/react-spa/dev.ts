import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { createServer } from "vite";

// Starts the page, and the Hono example as its API on another origin.
const { PORT = "5173", API_PORT = "3000" } = process.env;
const ROOT = import.meta.dirname;
const API = fileURLToPath(import.meta.resolve("../node-hono/src/main.ts"));

process.env["VITE_AUTH_URL"] ??= `http://localhost:${API_PORT}/auth`;

const api = spawn(process.execPath, [API], {
  cwd: ROOT,
  stdio: "inherit",
  env: { ...process.env, PORT: API_PORT, LATCHKEY_DEMO_TRUSTED_ORIGINS: `http://localhost:${PORT}` },
});
api.once("exit", (code) => process.exit(code ?? 1));
process.once("exit", () => api.kill());
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => api.kill(signal));

const page = await createServer({
  root: ROOT,
  configFile: `${ROOT}/vite.config.ts`,
  server: { port: Number(PORT) },
});
await page.listen();
process.stdout.write(`Latchkey in React: http://localhost:${PORT}\n`);
