import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort, pause, runDemo, type ServerProcess, startServer } from "./demo-process.ts";
import { type Answer, openVisitor, type Visitor } from "./visitor.ts";

const ADA = { email: "ada@example.com", password: "correct horse battery" };
const BOB = { email: "bob@example.com", password: "staple correct horse" };
/** The demo's lease, and the second to which clocks are rounded. */
const LEASE = 11_000;
const TOKEN = /lkr_|eyJ/;

const dir = mkdtempSync(join(tmpdir(), "latchkey-demo-"));
const env = { LATCHKEY_DEMO_DIR: dir };
let port = 0;
let demo: ServerProcess;

beforeAll(async () => {
  port = await freePort();
  demo = await startServer({ port, env });
});

afterAll(async () => {
  await demo.stop("SIGKILL");
  rmSync(dir, { recursive: true, force: true });
});

async function signedIn(who: typeof ADA, agent: string): Promise<Visitor> {
  const visitor = openVisitor(demo.url, agent);
  const { status } = await visitor.post("/auth/login", who);
  if (status !== 200) expect((await visitor.post("/auth/signup", who)).status).toBe(201);
  return visitor;
}

function replay(visitor: Visitor, which: string): Promise<Answer> {
  return visitor.post("/demo/replay", { which });
}

async function sessionId(visitor: Visitor): Promise<string> {
  const { body } = await visitor.get("/auth/session");
  return Object(body["session"]).id;
}

/** What the page draws. */
async function familyOf(visitor: Visitor): Promise<Record<string, unknown>> {
  const { body } = await visitor.get("/demo/events");
  const { issuedAt, ...family } = Object(body["family"]);
  expect(issuedAt).toEqual(family.child === null ? null : expect.any(Number));
  return { ...family, held: body["held"], copies: body["copies"] };
}

async function eventsOf(visitor: Visitor): Promise<readonly Record<string, unknown>[]> {
  const { status, text } = await visitor.get("/demo/events");
  expect(status).toBe(200);
  expect(text).not.toMatch(TOKEN);
  return JSON.parse(text).events;
}

describe("the demo", () => {
  it("lists both devices, and one can sign the other out", async () => {
    const firefox = await signedIn(ADA, "Firefox");
    const chrome = await signedIn(ADA, "Chrome");
    const { text } = await firefox.get("/auth/sessions");
    const devices: { id: string; current: boolean; device: { userAgent: string } }[] =
      JSON.parse(text).sessions;
    expect(devices.map(({ device, current }) => [device.userAgent, current]).sort()).toEqual([
      ["Chrome", false],
      ["Firefox", true],
    ]);
    const other = devices.find(({ current }) => !current)?.id ?? "";
    expect((await firefox.remove(`/auth/sessions/${other}`)).status).toBe(204);
    expect((await chrome.post("/auth/refresh")).body).toMatchObject({ error: "session_revoked" });
    expect(chrome.cookies()).toEqual([]);
    expect((await firefox.get("/auth/me")).body).toMatchObject({ email: ADA.email });
  });

  it("rotates once for 20 simultaneous refreshes, and ends no session", async () => {
    const visitor = await signedIn(ADA, "Firefox");
    const answers = await Promise.all(Array.from({ length: 20 }, () => visitor.post("/auth/refresh")));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    const rotations = answers.filter(({ headers }) => headers.has("demo-refresh-token"));
    expect(rotations).toHaveLength(1);
    const accessOnly = answers.filter(({ headers }) => headers.getSetCookie().length === 1);
    expect(accessOnly).toHaveLength(19);
    expect((await visitor.get("/auth/me")).status).toBe(200);
    const outcomes = (await eventsOf(visitor)).filter(({ type }) => type === "session.refreshed");
    expect(outcomes.filter(({ outcome }) => outcome === "first")).toHaveLength(1);
    expect(outcomes.filter(({ outcome }) => outcome === "access_only")).toHaveLength(19);
  });

  it("shows what a thief gets, and ends only the session of a replayed token", async () => {
    const robbed = await signedIn(ADA, "Robbed");
    const retried = await signedIn(ADA, "Retried");
    const bystander = await signedIn(ADA, "Bystander");
    for (const visitor of [robbed, retried]) {
      expect((await visitor.post("/auth/refresh")).headers.has("demo-refresh-token")).toBe(true);
      expect((await replay(visitor, "previous")).body).toEqual({ status: 200, outcome: "access_token_only" });
    }
    expect((await replay(robbed, "two-ago")).body).toMatchObject({ error: "not_found" });
    await pause(LEASE);

    expect((await robbed.post("/auth/refresh")).headers.has("demo-refresh-token")).toBe(true);
    const alarm = await replay(robbed, "two-ago");
    expect(alarm.body).toEqual({ status: 401, outcome: "refused", error: "refresh_token_reused" });
    const id = await sessionId(robbed);
    const events = (await eventsOf(robbed)).filter((event) => event["sessionId"] === id);
    expect(events.at(-2)).toMatchObject({ type: "session.reuse_detected", presentedGeneration: 0 });
    expect(events.at(-1)).toMatchObject({ type: "session.ended", reason: "reuse" });
    expect((await robbed.post("/auth/refresh")).body).toMatchObject({ error: "session_revoked" });

    expect((await replay(retried, "previous")).body).toEqual({ status: 200, outcome: "refresh_token" });
    expect((await retried.post("/auth/refresh")).body).toMatchObject({ error: "refresh_token_reused" });
    expect(retried.cookies()).toEqual([]);

    expect((await bystander.post("/auth/refresh")).status).toBe(200);
    expect((await bystander.get("/auth/me")).status).toBe(200);
  });

  it("shows the page which tokens exist, and which browser holds each", async () => {
    const visitor = await signedIn(ADA, "Firefox");
    const whole = { root: 0, ended: null };
    expect(await familyOf(visitor)).toEqual({ ...whole, child: null, newest: 0, held: 0, copies: [0] });
    await visitor.post("/auth/refresh");
    expect(await familyOf(visitor)).toEqual({ ...whole, child: 1, newest: 1, held: 1, copies: [0, 1] });
    await replay(visitor, "previous");
    const [mine, stolen] = (await eventsOf(visitor)).slice(-2);
    expect(mine).toMatchObject({ outcome: "first", by: "browser", presented: 0 });
    expect(stolen).toMatchObject({ outcome: "access_only", by: "thief", presented: 0 });
  });

  it("loses an answer on request, and gives the root another child", async () => {
    const visitor = await signedIn(ADA, "Firefox");
    const lost = await visitor.post("/demo/lose");
    expect(lost.body).toEqual({ status: 200, outcome: "refresh_token" });
    expect(lost.headers.getSetCookie()).toEqual([]);
    expect(await familyOf(visitor)).toMatchObject({ root: 0, child: 1, held: 0, copies: [0] });
    expect((await eventsOf(visitor)).at(-1)).toMatchObject({ outcome: "first", by: "lost", presented: 0 });
    expect((await visitor.post("/auth/refresh")).headers.has("demo-refresh-token")).toBe(false);
    await pause(LEASE);
    expect((await visitor.post("/auth/refresh")).headers.has("demo-refresh-token")).toBe(true);
    expect(await familyOf(visitor)).toMatchObject({ root: 0, child: 2, held: 2, copies: [0, 2] });
    const elsewhere = { "sec-fetch-site": "cross-site", origin: "https://evil.example" };
    expect((await visitor.post("/demo/lose", {}, elsewhere)).body).toMatchObject({ error: "csrf_rejected" });
    expect((await openVisitor(demo.url, "curl").post("/demo/lose")).status).toBe(401);
  });

  it("refreshes during an ordinary request", async () => {
    const visitor = await signedIn(BOB, "Firefox");
    const fresh = await visitor.get("/demo/visit");
    expect(fresh.status).toBe(200);
    expect(fresh.headers.getSetCookie()).toEqual([]);
    // A browser drops the cookie of an access token that has run out.
    visitor.drop("access");
    const watched = await visitor.get("/demo/events");
    expect(watched.status).toBe(200);
    expect(watched.headers.getSetCookie()).toEqual([]);
    const refreshed = await visitor.get("/demo/visit");
    expect(refreshed.status).toBe(200);
    expect(refreshed.headers.getSetCookie()).toHaveLength(2);
    expect(refreshed.headers.get("demo-expires-in")).toBe("30");
    expect(refreshed.headers.get("cache-control")).toBe("private, no-store");
    expect((await openVisitor(demo.url, "curl").get("/demo/visit")).status).toBe(401);
  });

  it("shows its demo routes to no other user", async () => {
    const ada = await signedIn(ADA, "Firefox");
    const bob = await signedIn(BOB, "Chrome");
    const users = new Set((await eventsOf(bob)).map(({ userId }) => userId));
    expect(users).toEqual(new Set([(await bob.get("/auth/me")).body["id"]]));
    const anonymous = openVisitor(demo.url, "curl");
    expect((await anonymous.get("/demo/events")).body).toMatchObject({ error: "unauthenticated" });
    expect((await replay(anonymous, "previous")).body).toMatchObject({ error: "unauthenticated" });
    const elsewhere = { "sec-fetch-site": "cross-site", origin: "https://evil.example" };
    const forged = await ada.post("/demo/replay", { which: "previous" }, elsewhere);
    expect(forged.status).toBe(403);
    expect(forged.body).toMatchObject({ error: "csrf_rejected" });
    expect((await replay(ada, "all")).body).toMatchObject({ error: "invalid_request" });
  });

  it("serves a page without inline script that no site can frame", async () => {
    const visitor = openVisitor(demo.url, "Firefox");
    const { headers, text } = await visitor.get("/");
    const policy = headers.get("content-security-policy") ?? "";
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain("unsafe");
    expect(text).not.toMatch(/<script(?![^>]* src=)|<style|\sstyle=|\son[a-z]+=/);
    const names = [...text.matchAll(/(?:src|href)="(\/[^"/]+)"/g)].map(([, name]) => name ?? "");
    expect(names.length).toBeGreaterThan(2);
    for (const name of names) expect((await visitor.get(name)).status, name).toBe(200);
  });

  it("serves no form that a browser without scripts sends with a secret in the address", async () => {
    for (const path of ["/", "/reset-password", "/verify-email", "/account", "/sign-in/mail"]) {
      const page = await (await fetch(new URL(path, demo.url))).text();
      const forms = page.match(/<form[^>]*>/g) ?? [];
      expect(forms.length, path).toBeGreaterThan(0);
      for (const form of forms) expect(form).toContain('method="post"');
    }
  });

  it("stops on SIGTERM within 2 seconds, and keeps its users over a restart", async () => {
    const visitor = await signedIn(ADA, "Firefox");
    const { code, took } = await demo.stop("SIGTERM");
    expect(code).toBe(0);
    expect(took).toBeLessThan(2_000);
    expect(demo.output()).not.toMatch(TOKEN);
    demo = await startServer({ port, env });
    expect((await visitor.get("/auth/me")).body).toMatchObject({ email: ADA.email });
    expect((await visitor.post("/auth/refresh")).status).toBe(200);
    expect((await signedIn(ADA, "Chrome")).cookies()).toHaveLength(2);
  });

  it("explains why it cannot run", async () => {
    const taken = await runDemo(port, env);
    expect(taken.code).toBe(1);
    expect(taken.output).toContain(`Port ${port} is taken.`);
    const wrong = await runDemo("80a", env);
    expect(wrong.code).toBe(1);
    expect(wrong.output).toContain("PORT");
  });

  it("uses the library's defaults where the command asks for them", async () => {
    const other = await freePort();
    const plain = await startServer({ port: other, env: { ...env, LATCHKEY_DEMO_DEFAULTS: "1" } });
    const visitor = openVisitor(plain.url, "Firefox");
    expect((await visitor.get("/demo/settings")).body).toMatchObject({
      lifetime: 600,
      lease: 60,
      refreshBefore: 60,
    });
    expect((await visitor.post("/auth/login", ADA)).status).toBe(200);
    expect((await visitor.post("/auth/refresh")).body).toMatchObject({ expires_in: 600 });
    expect((await plain.stop("SIGINT")).code).toBe(0);
  });
});

describe("the axios code of an existing application", () => {
  const axios = { accept: "application/json, text/plain, */*" };

  it("signs in, shows the user, and signs out", async () => {
    await signedIn(BOB, "Firefox");
    const browser = openVisitor(demo.url, "Chrome");
    expect((await browser.get("/auth/me/")).status).toBe(401);
    expect((await browser.post("/auth/login/", BOB, axios)).status).toBe(200);
    const me = await browser.get("/auth/me/");
    expect(me.status).toBe(200);
    expect(me.body).toMatchObject({ id: expect.any(String), email: BOB.email });
    expect((await browser.post("/auth/logout/", {}, axios)).status).toBe(200);
    expect(browser.cookies()).toEqual([]);
    expect((await browser.get("/auth/me/")).status).toBe(401);
  });

  it("throws for a wrong password, as its catch block expects", async () => {
    const browser = openVisitor(demo.url, "Chrome");
    const { status, body } = await browser.post("/auth/login/", { ...BOB, password: "not this one" }, axios);
    expect(status).toBe(401);
    expect(body).toMatchObject({ error: "invalid_credentials" });
    expect(browser.cookies()).toEqual([]);
  });
});
