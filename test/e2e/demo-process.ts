import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../examples/node-hono/src/main.ts", import.meta.url));

/** A server in a process of its own. */
export interface ServerProcess {
  readonly url: string;
  /** Everything it has written so far. */
  readonly output: () => string;
  /** Sends a signal, and tells how the process ended and after how many milliseconds. */
  readonly stop: (signal: NodeJS.Signals) => Promise<{ readonly code: number | null; readonly took: number }>;
}

export interface ServerOptions {
  readonly script?: string;
  readonly port: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** Starts the demo, or another server, and waits until it answers. */
export async function startServer(options: ServerOptions): Promise<ServerProcess> {
  const running = launch(options);
  const url = `http://localhost:${options.port}`;
  const isUp = async (): Promise<boolean> => {
    const answer = await fetch(url, { method: "HEAD" }).catch(() => null);
    return answer !== null;
  };
  for (let tries = 0; !(await isUp()); tries++) {
    if (running.child.exitCode !== null || tries > 1_000) {
      running.child.kill("SIGKILL");
      throw new Error(`no server: ${running.output()}`);
    }
    await pause(100);
  }
  const stop: ServerProcess["stop"] = async (signal) => {
    const begun = performance.now();
    running.child.kill(signal);
    return { code: await running.ended, took: performance.now() - begun };
  };
  return { url, output: running.output, stop };
}

/** Starts the demo, or another server, where it cannot run, and waits for its end. */
export async function runDemo(
  port: number | string,
  env: Readonly<Record<string, string>> = {},
  script: string = MAIN,
): Promise<{ readonly code: number | null; readonly output: string }> {
  const { ended, output } = launch({ script, port, env });
  return { code: await ended, output: output() };
}

interface Launched {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  readonly output: () => string;
}

function launch(options: Omit<ServerOptions, "port"> & { readonly port: number | string }): Launched {
  const { script = MAIN, port, env = {}, cwd = process.cwd() } = options;
  const child = spawn(process.execPath, [script], {
    cwd,
    env: { ...process.env, ...env, PORT: String(port) },
  });
  let text = "";
  const collect = (chunk: Buffer): void => {
    text += chunk.toString();
  };
  child.stdout.on("data", collect);
  child.stderr.on("data", collect);
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  return { child, ended, output: () => text };
}

/** A port that nothing listens on. */
export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}
