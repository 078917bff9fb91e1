import { type ChildProcess, fork } from "node:child_process";
import type { AuthEvent } from "@latchkey/core";
import type { Server } from "../fixtures/browser.ts";
import type { Backend } from "./backend.ts";

/** Several server processes over one store, some of which are always being killed. */
export interface Cluster extends Server {
  readonly events: AuthEvent[];
  /** How many processes were killed. */
  readonly kills: () => number;
  /** Kills one process in the middle of its work, and starts another in its place. */
  killOne(): Promise<void>;
  stop(): Promise<void>;
}

interface Worker {
  readonly child: ChildProcess;
  readonly port: number;
}

/** What a client sees of a server that died before it answered. */
export const NO_ANSWER = "no answer";

export async function startCluster(backend: Backend, size: number): Promise<Cluster> {
  const events: AuthEvent[] = [];
  const start = (): Promise<Worker> => startWorker(backend, events);
  const workers = await Promise.all(Array.from({ length: size }, start));
  let next = 0;
  let killed = 0;
  return {
    events,
    kills: () => killed,
    handle: async (request) => {
      const worker = workers[next++ % workers.length];
      return send(request, worker?.port ?? 0);
    },
    killOne: async () => {
      const at = killed++ % workers.length;
      workers[at]?.child.kill("SIGKILL");
      workers[at] = await start();
    },
    stop: async () => {
      await Promise.all(workers.map(({ child }) => gone(child)));
    },
  };
}

function startWorker({ backend, url, namespace }: Backend, events: AuthEvent[]): Promise<Worker> {
  const path = new URL("./worker.ts", import.meta.url).pathname;
  const child = fork(path, [backend, url, namespace]);
  return new Promise((resolve, reject) => {
    child.on("message", (message: AuthEvent | { readonly port: number }) => {
      if ("port" in message) resolve({ child, port: message.port });
      else events.push(message);
    });
    child.once("exit", () => reject(new Error("a server did not start")));
  });
}

function gone(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once("exit", () => resolve());
    child.kill("SIGKILL");
  });
}

async function send(request: Request, port: number): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  const body = request.method === "GET" ? null : await request.text();
  try {
    const answer = await fetch(`http://127.0.0.1:${port}${pathname}${search}`, {
      method: request.method,
      // Every server goes by the name that the browser knows.
      headers: [...request.headers],
      body,
    });
    // Read to its end: a server can die in the middle of an answer, too.
    const text = await answer.text();
    return new Response(answer.status === 204 ? null : text, answer);
  } catch (error) {
    throw new Error(NO_ANSWER, { cause: error });
  }
}
