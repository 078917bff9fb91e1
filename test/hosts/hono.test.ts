import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { Miniflare } from "miniflare";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundleFile } from "../stores/workerd.ts";

const main = fileURLToPath(new URL("./servers/hono-main.ts", import.meta.url));
const bin = (name: string): string =>
  fileURLToPath(new URL(`../../node_modules/.bin/${name}`, import.meta.url));

interface Running {
  readonly fetch: (path: string, init?: RequestInit) => Promise<Response>;
  readonly stop: () => unknown;
}

/** Starts the app in a process of its own, which prints its port. */
function start(command: string, ...words: readonly string[]): Promise<Running> {
  const child = spawn(command, [...words, main]);
  let text = "";
  return new Promise((resolve, reject) => {
    const read = (chunk: Buffer): void => {
      text += chunk.toString();
      const port = /port (\d+)/.exec(text)?.[1];
      if (port === undefined) return;
      const fetchFrom: Running["fetch"] = (path, init) => fetch(`http://127.0.0.1:${port}${path}`, init);
      resolve({ fetch: fetchFrom, stop: () => child.kill("SIGKILL") });
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    child.once("close", () => reject(new Error(`the server ended: ${text}`)));
  });
}

const WORKER_CLIENT = "203.0.113.7";

async function startWorker(): Promise<Running> {
  const host = new Miniflare({
    modules: true,
    script: await bundleFile(new URL("./workers/hono.ts", import.meta.url)),
    compatibilityDate: "2026-07-01",
  });
  const fetchFrom = async (path: string, init: RequestInit = {}): Promise<Response> => {
    // The edge of Cloudflare sets this header.
    const headers = { ...init.headers, "cf-connecting-ip": WORKER_CLIENT };
    const sent = { ...init, headers } as Parameters<Miniflare["dispatchFetch"]>[1];
    return (await host.dispatchFetch(`http://localhost${path}`, sent)) as unknown as Response;
  };
  return { fetch: fetchFrom, stop: () => host.dispose() };
}

const DENO = ["run", "--no-lock", "--no-prompt", "--allow-net", "--node-modules-dir=manual"];
const runtimes = {
  node: () => start(process.execPath),
  bun: () => start(bin("bun")),
  deno: () => start(bin("deno"), ...DENO),
  workerd: startWorker,
};

const FORGED = {
  "x-forwarded-for": "198.51.100.9",
  forwarded: "for=198.51.100.9",
  "x-real-ip": "198.51.100.9",
};

describe.each(Object.entries(runtimes))("Hono on %s hands over the client's address", (name, run) => {
  const isWorker = name === "workerd";
  const address = isWorker ? WORKER_CLIENT : "127.0.0.1";
  /** On other runtimes than Workers this header is as forgeable as the others. */
  const forged = isWorker ? FORGED : { ...FORGED, "cf-connecting-ip": "198.51.100.9" };
  let server: Running;
  beforeAll(async () => {
    server = await run();
  });
  afterAll(() => server.stop());

  it("to the routes", async () => {
    const signedUp = await server.fetch("/auth/signup", {
      method: "POST",
      headers: { ...forged, "content-type": "application/json" },
      body: JSON.stringify({
        email: "ann@example.com",
        password: "correct horse battery",
        transport: "bearer",
      }),
    });
    expect(signedUp.status).toBe(201);
    const { access_token: token } = (await signedUp.json()) as { readonly access_token: string };
    const headers = { authorization: `Bearer ${token}` };
    const listed = await server.fetch("/auth/sessions", { headers });
    expect(await listed.json()).toMatchObject({ sessions: [{ device: { address } }] });
  });

  it("to validate, when it refreshes", async () => {
    const started = await server.fetch("/start");
    const cookies = started.headers.getSetCookie().map((line) => line.split(";", 1)[0] ?? "");
    const cookie = cookies.find((pair) => pair.includes("refresh")) ?? "";
    const device = await server.fetch("/device", { headers: { ...forged, cookie } });
    expect({ status: device.status, body: await device.json() }).toEqual({ status: 200, body: { address } });
    expect(device.headers.getSetCookie()).toHaveLength(2);
  });

  it("to a handler that calls requestHost, with waitUntil on Workers alone", async () => {
    const host = await server.fetch("/host", { headers: forged });
    expect(await host.json()).toEqual({ address, waits: isWorker });
  });

  it("to no handler by a header, also in an app that is mounted in another one", async () => {
    const host = await server.fetch("/mounted/host", { headers: forged });
    const { clientAddress = null } = (await host.json()) as { readonly clientAddress?: string };
    // Bun knows only the request that it made itself.
    expect(clientAddress).toBe(name === "bun" ? null : address);
  });
});
