import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { freePort, pause } from "./demo-process.ts";
import { type Answer, openVisitor, type Visitor } from "./visitor.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** As README.md of the example has it. */
const COMMAND = "npx -y pnpm@12.21.0 --filter @latchkey/example-cloudflare-worker dev";
const ADA = { email: "ada@example.com", password: "correct horse battery" };
const TOKEN = /lkr_|eyJ/;

interface Running {
  readonly url: string;
  readonly output: () => string;
  readonly stop: () => Promise<void>;
}

const directory = mkdtempSync(join(tmpdir(), "latchkey-worker-"));
let port = 0;
let worker: Running;

beforeAll(async () => {
  port = await freePort();
  worker = await start();
});
afterAll(async () => {
  await worker.stop();
  rmSync(directory, { recursive: true, force: true });
});

async function start(): Promise<Running> {
  const [command = "", ...words] = COMMAND.split(" ");
  const env = { ...process.env, PORT: String(port), LATCHKEY_DEV_DIR: directory };
  // A group of its own: the command is several processes deep.
  const child = spawn(command, words, { cwd: ROOT, env, detached: true });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (text += String(chunk)));
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  for (let tries = 0; !text.includes("Latchkey on workerd"); tries++) {
    if (child.exitCode !== null || tries > 600) throw new Error(`the example does not start: ${text}`);
    await pause(100);
  }
  const stop = async (): Promise<void> => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGTERM");
    await ended;
  };
  return { url: `http://localhost:${port}`, output: () => text, stop };
}

async function signedIn(userAgent: string): Promise<Visitor> {
  const visitor = openVisitor(worker.url, userAgent);
  const { status } = await visitor.post("/auth/login", ADA);
  if (status !== 200) expect((await visitor.post("/auth/signup", ADA)).status).toBe(201);
  return visitor;
}

it("the Worker example signs up, shows the user, and refreshes", async () => {
  const anonymous = openVisitor(worker.url, "curl");
  expect((await anonymous.get("/api/visit")).body).toMatchObject({ error: "unauthenticated" });
  const ada = await signedIn("Firefox");
  const me = await ada.get("/auth/me");
  expect(me.body).toMatchObject({ email: ADA.email });
  expect((await ada.get("/api/visit")).body).toMatchObject({ userId: me.body["id"] });
  const refreshed = await ada.post("/auth/refresh");
  expect({ status: refreshed.status, cookies: refreshed.headers.getSetCookie().length }).toEqual({
    status: 200,
    cookies: 2,
  });
  const racing = await Promise.all(Array.from({ length: 10 }, () => ada.post("/auth/refresh")));
  expect(new Set(racing.map(({ status }) => status))).toEqual(new Set([200]));
  // A browser drops the cookie of an access token that has run out: the next visit brings another.
  ada.drop("access");
  const visited = await ada.get("/api/visit");
  expect({ status: visited.status, cookies: visited.headers.getSetCookie().length }).toEqual({
    status: 200,
    cookies: 1,
  });
  expect(visited.headers.get("cache-control")).toBe("private, no-store");
  const wrong = await anonymous.post("/auth/login", { ...ADA, password: "another horse" });
  expect({ status: wrong.status, error: wrong.body["error"] }).toEqual({
    status: 401,
    error: "invalid_credentials",
  });
});

it("the Worker example lists devices, and one can sign the other out", async () => {
  const [firefox, chrome] = [await signedIn("Firefox"), await signedIn("Chrome")];
  const { text } = await firefox.get("/auth/sessions");
  const listed: { id: string; current: boolean; device: { userAgent: string } }[] = JSON.parse(text).sessions;
  const other = listed.find(({ device }) => device.userAgent === "Chrome")?.id ?? "";
  expect((await firefox.remove(`/auth/sessions/${other}`)).status).toBe(204);
  expect((await chrome.post("/auth/refresh")).body).toMatchObject({ error: "session_revoked" });
  expect(chrome.cookies()).toEqual([]);
  expect((await firefox.get("/auth/me")).status).toBe(200);
});

it("the Worker example signs out", async () => {
  const ada = await signedIn("Firefox");
  expect((await ada.post("/auth/logout")).status).toBe(200);
  expect(ada.cookies()).toEqual([]);
  expect((await ada.get("/api/visit")).status).toBe(401);
});

it("the Worker example refuses unsafe requests from another site", async () => {
  const ada = await signedIn("Firefox");
  const elsewhere = { "sec-fetch-site": "cross-site", origin: "https://evil.example" };
  const forged = await ada.post("/auth/logout", undefined, elsewhere);
  expect({ status: forged.status, error: forged.body["error"] }).toEqual({
    status: 403,
    error: "csrf_rejected",
  });
  expect((await ada.get("/auth/me")).status).toBe(200);
});

it("the Worker example serves a page without inline script that no site can frame", async () => {
  const visitor = openVisitor(worker.url, "Firefox");
  const page: Answer = await visitor.get("/");
  const policy = page.headers.get("content-security-policy") ?? "";
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(page.text).not.toMatch(/<script(?![^>]* src=)|<style|\sstyle=|\son[a-z]+=/);
  const names = [...page.text.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, name]) => name ?? "");
  expect(names.length).toBeGreaterThan(1);
  for (const name of names) expect((await visitor.get(name)).status, name).toBe(200);
});

it("the Worker example keeps its users over a restart, and writes no token to its output", async () => {
  const ada = await signedIn("Firefox");
  await worker.stop();
  expect(worker.output()).not.toMatch(TOKEN);
  worker = await start();
  expect((await ada.get("/auth/me")).body).toMatchObject({ email: ADA.email });
  expect((await ada.post("/auth/refresh")).status).toBe(200);
});
