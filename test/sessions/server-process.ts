import { type ChildProcess, fork } from "node:child_process";
import type { AuthEvent } from "@latchkey/core";
import type { Server } from "../fixtures/browser.ts";
import type { Clock } from "../fixtures/clock.ts";

type Headers = readonly [string, string][];

/** A request as a message to a serving process. */
export interface Question {
  readonly id: number;
  readonly clock: number;
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
  readonly body: string;
}

type Message =
  | { readonly kind: "ready" }
  | { readonly kind: "event"; readonly event: AuthEvent }
  | {
      readonly kind: "answer";
      readonly id: number;
      readonly status: number;
      readonly headers: Headers;
      readonly body: string;
    };

/** One life of a serving process: it ends by SIGKILL, and requests under way get no answer. */
export interface Life extends Server {
  readonly events: readonly AuthEvent[];
  /** Kills it, and resolves when it is gone. */
  kill(): Promise<void>;
}

export async function startLife(file: string, clock: Clock): Promise<Life> {
  const path = new URL("./processes/server.ts", import.meta.url).pathname;
  const child = fork(path, [JSON.stringify({ file, clock: clock.now() })]);
  const events: AuthEvent[] = [];
  const waiting = new Map<number, { resolve(response: Response): void; reject(error: Error): void }>();
  const gone = new Promise<void>((resolve) => {
    child.once("exit", () => {
      for (const { reject } of waiting.values()) reject(new Error("no answer"));
      resolve();
    });
  });
  const ready = new Promise<void>((resolve) => {
    child.on("message", (message: Message) => {
      if (message.kind === "ready") resolve();
      else if (message.kind === "event") events.push(message.event);
      else waiting.get(message.id)?.resolve(responseOf(message));
    });
  });
  await Promise.race([ready, gone.then(() => Promise.reject(new Error("the process did not start")))]);
  let asked = 0;
  return {
    events,
    handle: async (request) => {
      const id = asked++;
      const { url, method, headers } = request;
      const question = {
        id,
        clock: clock.now(),
        url,
        method,
        headers: [...headers],
        body: await request.text(),
      };
      return new Promise<Response>((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        ask(child, question, reject);
      });
    },
    kill: async () => {
      child.kill("SIGKILL");
      await gone;
    },
  };
}

function ask(child: ChildProcess, question: Question, reject: (error: Error) => void): void {
  if (!child.connected) reject(new Error("no answer"));
  else child.send(question, (error) => error !== null && reject(error));
}

function responseOf({ status, headers, body }: Extract<Message, { kind: "answer" }>): Response {
  return new Response(status === 204 ? null : body, { status, headers: [...headers] });
}
