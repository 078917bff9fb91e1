import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort, type ServerProcess, startServer } from "../e2e/demo-process.ts";

const ROOT = fileURLToPath(new URL("../../examples/react-spa", import.meta.url));
const VITE = join(dirname(createRequire(`${ROOT}/package.json`).resolve("vite/package.json")), "bin/vite.js");

/** The built single-page application, and the Hono example as its API on another origin. */
export interface SpaSite {
  readonly origin: string;
  readonly api: string;
  readonly apiPort: number;
  readonly close: () => Promise<void>;
}

/** Messages go to the mail server at `smtpUrl`; without one, to the inbox of the API. */
export async function startSpa(smtpUrl: string | null = null): Promise<SpaSite> {
  const [apiPort, port] = await Promise.all([freePort(), freePort()]);
  const [origin, api] = [`http://localhost:${port}`, `http://localhost:${apiPort}`];
  const dir = mkdtempSync(join(tmpdir(), "latchkey-spa-"));
  const env = { VITE_AUTH_URL: `${api}/auth` };
  const [server, preview] = await bothOf(
    startServer({
      port: apiPort,
      env: {
        LATCHKEY_DEMO_DIR: dir,
        LATCHKEY_DEMO_TRUSTED_ORIGINS: origin,
        LATCHKEY_DEMO_MAIL_PAGES: origin,
        ...(smtpUrl === null ? {} : { SMTP_URL: smtpUrl }),
      },
    }),
    startPreview(join(dir, "dist"), port, env),
  );
  return {
    origin,
    api,
    apiPort,
    close: async () => {
      preview.kill("SIGKILL");
      await server.stop("SIGKILL");
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Ends the one that has started if the other does not: a process that is left keeps the worker of the tests from its end. */
async function bothOf(
  starting: Promise<ServerProcess>,
  previewing: Promise<ChildProcess>,
): Promise<readonly [ServerProcess, ChildProcess]> {
  const [server, preview] = await Promise.allSettled([starting, previewing]);
  if (server.status === "fulfilled" && preview.status === "fulfilled") return [server.value, preview.value];
  if (server.status === "fulfilled") await server.value.stop("SIGKILL");
  if (preview.status === "fulfilled") preview.value.kill("SIGKILL");
  throw new Error("the application or its API does not start", { cause: [server, preview] });
}

async function startPreview(outDir: string, port: number, env: NodeJS.ProcessEnv): Promise<ChildProcess> {
  const build = runVite(["build", "--outDir", outDir, "--logLevel", "error"], env);
  const [code] = await once(build, "close");
  if (code !== 0) throw new Error("the application does not build");
  const preview = runVite(["preview", "--outDir", outDir, "--port", String(port)], env);
  await new Promise<void>((resolve, reject) => {
    preview.stdout?.on("data", (chunk: Buffer) => {
      if (chunk.toString().includes("Local")) resolve();
    });
    preview.once("close", () => reject(new Error("vite preview does not start")));
  });
  return preview;
}

function runVite(parameters: readonly string[], env: NodeJS.ProcessEnv): ChildProcess {
  // vitest says "test", and Vite would build for it.
  const own = { ...process.env, NODE_ENV: "production", ...env };
  return spawn(process.execPath, [VITE, ...parameters], {
    cwd: ROOT,
    env: own,
    stdio: ["ignore", "pipe", "inherit"],
  });
}
