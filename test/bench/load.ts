import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { pinned } from "./pin.ts";
import { ORIGIN } from "./requests.ts";
import { head, row } from "./table.ts";

const PAIRS = 12;
/** Milliseconds. */
const PHASE = 800;
interface Target {
  readonly port: number;
  readonly cookies: readonly string[];
}

/** What one phase measured. */
interface Phase {
  readonly perSecond: number;
  /** Requests in a second of processor time of the server. */
  readonly perWork: number;
}

/**
 * Sends a request on a connection again and again until the time is over, and counts the answers. It reads the first answer.
 * The others are as long, so it counts their bytes alone: the client must be faster than the server.
 */
async function repeatOn(socket: Socket, text: string, end: number): Promise<number> {
  const length = await firstAnswer(socket, text);
  let count = 0;
  let received = 0;
  return new Promise((resolve, reject) => {
    socket.on("error", reject);
    socket.on("data", (chunk) => {
      received += chunk.length;
      if (received < length) return;
      if (received > length) return reject(new Error("the answers differ in their lengths"));
      received = 0;
      count += 1;
      if (performance.now() < end) return socket.write(text);
      socket.destroy();
      resolve(count);
    });
    socket.write(text);
  });
}

/** Sends one request, and returns the length of the answer. */
async function firstAnswer(socket: Socket, text: string): Promise<number> {
  let received = "";
  socket.write(text);
  while (!isWhole(received)) {
    const [chunk] = await once(socket, "data");
    received += chunk.toString("latin1");
  }
  if (!received.startsWith("HTTP/1.1 200 ")) throw new Error(`the server answered ${received}`);
  return received.length;
}

function isWhole(answer: string): boolean {
  const isChunked = /^transfer-encoding: chunked\r$/im.test(answer);
  return answer.endsWith(isChunked ? "\r\n0\r\n\r\n" : '{"ok":true}');
}

async function load({ port, cookies }: Target, path: string): Promise<number> {
  const end = performance.now() + PHASE;
  const counts = cookies.map(async (cookie) => {
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    const lines = [
      `GET ${path} HTTP/1.1`,
      `host: ${new URL(ORIGIN).host}`,
      "accept: */*",
      `cookie: ${cookie}`,
    ];
    return repeatOn(socket, `${lines.join("\r\n")}\r\n\r\n`, end);
  });
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
}

async function processorTimeOf(server: ChildProcess): Promise<number> {
  server.send("time");
  const [{ time }] = await once(server, "message");
  return time;
}

async function phase(server: ChildProcess, target: Target, path: string): Promise<Phase> {
  const [before, start] = [await processorTimeOf(server), performance.now()];
  const count = await load(target, path);
  const seconds = (performance.now() - start) / 1_000;
  const work = ((await processorTimeOf(server)) - before) / 1e6;
  return { perSecond: count / seconds, perWork: count / work };
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}

const [command, ...words] = pinned([process.execPath], "last");
const script = fileURLToPath(new URL("load-server.ts", import.meta.url));
const server = fork(script, { execPath: command ?? "", execArgv: words });
const [target] = await once(server, "message");
const without: Phase[] = [];
const adapted: Phase[] = [];
for (let pair = -1; pair < PAIRS; pair++) {
  const first = await phase(server, target, pair % 2 === 0 ? "/without" : "/session");
  const second = await phase(server, target, pair % 2 === 0 ? "/session" : "/without");
  // The first pair warms the server up.
  if (pair < 0) continue;
  without.push(pair % 2 === 0 ? first : second);
  adapted.push(pair % 2 === 0 ? second : first);
}
server.kill();
const ratios = (figure: (phase: Phase) => number): number =>
  median(adapted.map((phase, pair) => figure(phase) / figure(without[pair] ?? phase)));
const describe = (phases: readonly Phase[]): string => {
  const busy = median(phases.map(({ perSecond, perWork }) => perSecond / perWork));
  return `${median(phases.map(({ perSecond }) => perSecond)).toFixed(0)}, busy ${(100 * busy).toFixed(0)} %`;
};
console.log(head("a Hono server under load, as a ratio", ["rate", "by CPU"]));
console.log(`requests a second: ${describe(without)}; with session(auth): ${describe(adapted)}`);
console.log(
  row("Hono server with session(auth)", {
    rate: ratios(({ perSecond }) => perSecond),
    "by CPU": ratios(({ perWork }) => perWork),
  }),
);
