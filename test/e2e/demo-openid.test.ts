import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type Visitor as Guest, openVisitor as openGuest } from "../fixtures/providers/visitor.ts";
import { freePort, type ServerProcess, startServer } from "./demo-process.ts";
import { type Answer, openVisitor, type Visitor } from "./visitor.ts";

const MAYA = "maya@example.com";
const TOM = "tom@example.com";
const PASSWORD = "correct horse battery";

const dir = mkdtempSync(join(tmpdir(), "latchkey-demo-openid-"));
let port = 0;
let neighbour: Server;
let demo: ServerProcess;
let issuer = "";

beforeAll(async () => {
  do {
    port = await freePort();
    neighbour = createServer();
  } while (!(await listens(neighbour, port + 1)));
  demo = await startServer({ port, env: { LATCHKEY_DEMO_DIR: dir } });
  // The server answers before its process has written all of its lines.
  await vi.waitFor(() => expect(demo.output()).toMatch(/^Local OpenID: \S+,.*\n/m), 60_000);
  issuer = /^Local OpenID: (\S+),/m.exec(demo.output())?.[1] ?? "";
});

afterAll(async () => {
  await demo.stop("SIGKILL");
  neighbour.close();
  rmSync(dir, { recursive: true, force: true });
});

/** Whether the server has the port. Another program may have it for a moment only, and then it is free for the demo. */
function listens(server: Server, at: number): Promise<boolean> {
  return new Promise((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(at, "127.0.0.1", () => resolve(true));
  });
}

/** Where the link on the page leads. */
async function start(visitor: Visitor): Promise<string> {
  const { text } = await visitor.get("/");
  const path = /<a class="button" href="([^"]+)"/.exec(text)?.[1] ?? "";
  return locationOf(await visitor.open(path));
}

function locationOf({ status, headers }: Answer): string {
  expect(status).toBe(303);
  return headers.get("location") ?? "";
}

async function arrive(visitor: Visitor, url: string): Promise<string> {
  expect(url).toContain(`http://localhost:${port}/auth/oauth/local/callback?`);
  return locationOf(await visitor.open(url.slice(demo.url.length)));
}

async function signIn(visitor: Visitor, email: string, guest: Guest = openGuest()): Promise<string> {
  return arrive(visitor, (await guest.signIn(await start(visitor), email)).url);
}

async function signUp(email: string): Promise<Visitor> {
  const visitor = openVisitor(demo.url, "Firefox");
  expect((await visitor.post("/auth/signup", { email, password: PASSWORD })).status).toBe(201);
  return visitor;
}

async function begin(visitor: Visitor): Promise<{ readonly url: string; readonly cookie: string }> {
  const response = await fetch(await start(visitor), { redirect: "manual" });
  const cookie = response.headers.getSetCookie().map((line) => line.split(";")[0]);
  return { url: `${issuer}${response.headers.get("location")}`, cookie: cookie.join("; ") };
}

describe("the demo with its local OpenID provider", () => {
  it("signs in, shows the events, and signs out", async () => {
    const visitor = openVisitor(demo.url, "Firefox");
    expect(await signIn(visitor, MAYA)).toBe(`${demo.url}/`);
    const { body } = await visitor.get("/auth/session");
    expect(body["user"]).toMatchObject({ email: MAYA, name: "Maya Lindholm" });
    expect(body["session"]).toMatchObject({ amr: ["fed"] });
    expect((await visitor.get("/demo/links")).body).toEqual({ providers: ["local"] });
    expect((await visitor.post("/auth/logout")).status).toBe(200);
    expect((await visitor.get("/auth/session")).body["session"]).toBeNull();
    expect(visitor.cookies()).toEqual([]);
  });

  it("starts no session where the user cancels on either page, and shows that", async () => {
    const visitor = openVisitor(demo.url, "Firefox");
    const { sentences } = (await visitor.get("/demo/settings")).body;
    expect(sentences).toMatchObject({ oauth_denied: "The sign-in was cancelled at the provider." });
    for (const login of [undefined, MAYA]) {
      const { url } = await openGuest().deny(await start(visitor), login);
      expect(await arrive(visitor, url)).toBe(`${demo.url}/?error=oauth_denied`);
      expect((await visitor.get("/auth/session")).body["session"]).toBeNull();
    }
    expect(visitor.cookies()).toEqual([]);
  });

  it("signs two users in from two tabs at once", async () => {
    const visitor = openVisitor(demo.url, "Firefox");
    const guest = openGuest();
    const [first, second] = [await start(visitor), await start(visitor)];
    const arrivals = await Promise.all([guest.signIn(first, MAYA), guest.signIn(second, TOM)]);
    for (const [index, email] of [MAYA, TOM].entries()) {
      expect(await arrive(visitor, arrivals[index]?.url ?? "")).toBe(`${demo.url}/`);
      expect((await visitor.get("/auth/me")).body).toMatchObject({ email });
    }
  });

  it("shows the login page each time, and finds the same user again", async () => {
    const guest = openGuest();
    const ids = [];
    for (const email of [MAYA, "New@Example.org", " new@example.org"]) {
      const visitor = openVisitor(demo.url, "Firefox");
      await signIn(visitor, email, guest);
      ids.push((await visitor.get("/auth/me")).body["id"]);
    }
    expect(ids[1]).toBe(ids[2]);
    expect(new Set(ids).size).toBe(2);
  });

  it("links no account by its address alone, and links one where its owner requests it", async () => {
    const owner = await signUp("ada@example.com");
    const visitor = openVisitor(demo.url, "Chrome");
    expect(await signIn(visitor, "ada@example.com")).toBe(`${demo.url}/?error=account_not_linked`);
    const { sentences } = (await visitor.get("/demo/settings")).body;
    expect(sentences).toHaveProperty("account_not_linked");

    const { status, body } = await owner.post("/auth/oauth/local/link", { redirect_to: "/" });
    expect(status).toBe(200);
    const { url } = await openGuest().signIn(String(body["url"]), "ada.at.work@example.com");
    expect(await arrive(owner, url)).toBe(`${demo.url}/`);
    expect((await owner.get("/demo/links")).body).toEqual({ providers: ["local"] });
    await signIn(visitor, "ada.at.work@example.com");
    expect((await visitor.get("/auth/me")).body).toMatchObject({ email: "ada@example.com" });
    expect((await visitor.remove("/auth/oauth/local/link")).status).toBe(204);
    expect((await visitor.get("/demo/links")).body).toEqual({ providers: [] });
  });
});

describe("the local provider", () => {
  it("listens on the next free port of this machine only, and prints nothing else", async () => {
    expect(Number(new URL(issuer).port)).toBeGreaterThan(port + 1);
    // The tests above make sign-ins fail, and each failure warns the developer.
    const own = (): readonly string[] =>
      demo
        .output()
        .trim()
        .split("\n")
        .filter((line) => !line.startsWith("latchkey: "));
    await expect.poll(own).toHaveLength(4);
    const answer = await fetch(`http://localhost:${new URL(issuer).port}/`);
    expect(answer.status).toBe(421);
  });

  it("serves pages without script, whose forms lead only to itself", async () => {
    const { url, cookie } = await begin(openVisitor(demo.url, "Firefox"));
    const page = await fetch(url, { headers: { cookie } });
    expect(page.status).toBe(200);
    const policy = page.headers.get("content-security-policy") ?? "";
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain(`form-action 'self' ${demo.url};`);
    expect(policy).not.toMatch(/script|unsafe/);
    expect(page.headers.get("x-frame-options")).toBe("DENY");
    const text = await page.text();
    expect(text).not.toMatch(/<script|<style|\sstyle=|\son[a-z]+=/);
    const files = [...text.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, name]) => name ?? "");
    expect(files.length).toBeGreaterThan(2);
    for (const name of files) expect((await fetch(issuer + name)).status, name).toBe(200);
  });

  it("shows typed text as text, and accepts no name as an address", async () => {
    const { url, cookie } = await begin(openVisitor(demo.url, "Firefox"));
    const send = (login: string): Promise<Response> =>
      fetch(url, {
        method: "POST",
        headers: { cookie },
        body: new URLSearchParams({ step: "login", login }),
      });
    expect((await send("maya")).status).toBe(422);
    const consent = await (await send("<b>@example.com")).text();
    expect(consent).toContain("&lt;b&gt;@example.com");
    expect(consent).not.toContain("<b>");
  });

  it("shows a page for an expired or wrong callback", async () => {
    const html = { accept: "text/html" };
    const over = await fetch(`${issuer}/interaction/none`, { headers: html });
    expect({ status: over.status, contentType: over.headers.get("content-type") }).toEqual({
      status: 400,
      contentType: "text/html; charset=UTF-8",
    });
    const wrong = await fetch(`${issuer}/auth?client_id=none`, { headers: html });
    expect(wrong.status).toBe(400);
    expect(await wrong.text()).toMatch(/^<!doctype html>/);
    expect(wrong.headers.get("x-frame-options")).toBe("DENY");
  });

  it("stops together with the demo", async () => {
    const { code, took } = await demo.stop("SIGTERM");
    expect(code).toBe(0);
    expect(took).toBeLessThan(2_000);
    await expect(fetch(issuer)).rejects.toThrow();
  });
});
