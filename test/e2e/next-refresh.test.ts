import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildApp, type NextApp, startApp } from "./next-app.ts";
import { openRawVisitor, press, type RawAnswer, type RawVisitor, type Site } from "./raw-visitor.ts";

const ADA = JSON.stringify({ email: "ada@example.com", password: "correct horse battery" });
const JSON_BODY = { "content-type": "application/json" };
const PREFETCH = { rsc: "1", "next-router-prefetch": "1", "next-url": "/" };
const OURS = ["access", "refresh"];

interface World extends Site {
  readonly app: NextApp;
  readonly folder: string;
  readonly database: DatabaseSync;
}

const worlds: World[] = [];

async function openWorld(origin: string | null, env: Readonly<Record<string, string>> = {}): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-next-"));
  const app = await startApp(folder, env);
  const site = { port: app.port, origin: origin ?? `http://localhost:${app.port}` };
  const body = { method: "POST", headers: JSON_BODY, body: ADA };
  expect((await openRawVisitor(site).send("/auth/signup", body)).status).toBe(201);
  const world = { ...site, app, folder, database: new DatabaseSync(join(folder, "next-app.db")) };
  worlds.push(world);
  return world;
}

async function signedIn(world: World): Promise<RawVisitor> {
  const visitor = openRawVisitor(world);
  const answer = await visitor.send("/auth/login", { method: "POST", headers: JSON_BODY, body: ADA });
  expect(answer.status).toBe(200);
  return visitor;
}

const names = ({ lines }: RawAnswer): readonly string[] =>
  lines.map((line) => /^[^=]*\.(access|refresh)/.exec(line)?.[1] ?? line.split("=", 1)[0] ?? "").sort();

/** What the page or the handler says that it sees. */
const seen = ({ text }: RawAnswer): string => /\[(.*?)\]/.exec(text.replaceAll("<!-- -->", ""))?.[1] ?? "";

function jti(visitor: RawVisitor): string {
  const [, payload = ""] = visitor.cookie("access").split(".");
  return String(Object(JSON.parse(Buffer.from(payload, "base64url").toString())).jti);
}

function rowOf({ database }: World, visitor: RawVisitor): Record<string, unknown> {
  const id = Buffer.from(visitor.cookie("refresh").slice(4), "base64url")
    .subarray(1, 17)
    .toString("base64url");
  const row = database.prepare("SELECT * FROM latchkey_sessions WHERE id = ?").get(id);
  expect(row).toBeDefined();
  return { ...row };
}

let world: World;

beforeAll(async () => {
  await buildApp();
  world = await openWorld(null);
}, 300_000);

afterAll(async () => {
  for (const { app, folder, database } of worlds) {
    await app.stop();
    database.close();
    rmSync(folder, { recursive: true });
  }
});

describe("the proxy for Next.js", () => {
  it("B3 shows page and handler the session that it has just refreshed", async () => {
    for (const path of ["/seen", "/seen/data"]) {
      const visitor = await signedIn(world);
      const before = visitor.cookie("refresh");
      visitor.expire();
      const answer = await visitor.send(path);
      expect(answer.status).toBe(200);
      expect(names(answer)).toEqual(OURS);
      expect(seen(answer)).toMatch(new RegExp(`^[\\w-]{22} by ${jti(visitor)}$`));
      expect(visitor.cookie("refresh")).not.toBe(before);
      if (path === "/seen") expect(answer.text).toContain(visitor.cookie("refresh"));
      expect(answer.text).not.toContain(before);
      expect(answer.headers["cache-control"]).toContain("no-store");
    }
  });

  it("ADP-03 issues one refresh token for 12 simultaneous prefetches, and ends no session", async () => {
    const visitor = await signedIn(world);
    visitor.expire();
    const segments = ["/_tree", "/_head", "/dashboard/__PAGE__", null];
    const headersOf = (segment: string | null): Record<string, string> =>
      segment === null ? PREFETCH : { ...PREFETCH, "next-router-segment-prefetch": segment };
    // Next's client knows the hash that belongs to these headers; anybody else is told.
    const told = await signedIn(world);
    const paths = await Promise.all(
      segments.map(async (segment) => {
        const { headers } = await told.send("/dashboard", { headers: headersOf(segment) });
        return headers.location ?? "/dashboard";
      }),
    );
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        visitor.send(paths[index % 4] ?? "", { headers: headersOf(segments[index % 4] ?? null) }),
      ),
    );
    for (const { status, headers } of answers) {
      expect({ status, type: headers["content-type"] }).toEqual({ status: 200, type: "text/x-component" });
    }
    expect(answers.filter((answer) => names(answer).includes("refresh"))).toHaveLength(1);
    expect(answers.filter((answer) => names(answer).includes("access"))).toHaveLength(12);
    expect((await visitor.send("/dashboard")).text).toContain("Signed in since");
    visitor.expire();
    expect((await visitor.send("/dashboard")).text).toContain("Signed in since");
  });

  it("does not undo a sign-out that the same request makes, for pages and handlers", async () => {
    const visitor = await signedIn(world);
    const { text: page } = await visitor.send("/dashboard");
    visitor.expire();
    const sent = { cookie: [...visitor.jar].map((pair) => pair.join("=")).join("; ") };
    const answer = await press(visitor, { path: "/dashboard", button: "Sign out", page });
    expect({ status: answer.status, location: answer.headers.location }).toEqual({
      status: 303,
      location: "/login",
    });
    expect(names(answer)).toEqual(["access", "access", "refresh", "refresh"]);
    expect([...visitor.jar.keys()]).toEqual([expect.stringContaining("device")]);
    for (const path of ["/seen", "/seen/data"]) {
      expect(seen(await visitor.send(path))).toBe("anonymous");
      expect(seen(await visitor.send(path, { headers: sent }))).toBe("anonymous");
    }
  });

  it("answers a script that calls an action without a session with 401, and with no page", async () => {
    const headers = { "next-action": "00".repeat(21), accept: "text/x-component" };
    const called = await openRawVisitor(world).send("/dashboard", { method: "POST", headers, body: "[]" });
    expect({ status: called.status, location: called.headers.location }).toEqual({
      status: 401,
      location: undefined,
    });
    const form = await openRawVisitor(world).send("/dashboard", { method: "POST", body: new FormData() });
    expect({ status: form.status, cacheControl: form.headers["cache-control"] }).toEqual({
      status: 303,
      cacheControl: "private, no-store",
    });
  });

  it("uses the port that the browser sees", async () => {
    const mapped = { port: world.port, origin: "http://localhost:18080" };
    const body = { method: "POST", headers: JSON_BODY, body: ADA };
    for (const path of ["/seen", "/seen/data", "/unproxied/data"]) {
      const visitor = openRawVisitor(mapped);
      expect((await visitor.send("/auth/login", body)).status).toBe(200);
      visitor.expire();
      const answer = await visitor.send(path);
      expect({ cookies: names(answer), isNewToken: seen(answer).endsWith(jti(visitor)) }).toEqual({
        cookies: OURS,
        isNewToken: true,
      });
    }
    const abroad = openRawVisitor({ port: world.port, origin: "http://app.example.com" });
    const refused = await abroad.send("/auth/login", body);
    expect({ status: refused.status, saysHow: refused.text.includes("Set baseURL") }).toEqual({
      status: 400,
      saysHow: true,
    });
  });

  it("rotates for no HEAD, and leaves requests for the routes unchanged", async () => {
    const visitor = await signedIn(world);
    visitor.expire();
    const row = rowOf(world, visitor);
    expect((await visitor.send("/dashboard", { method: "HEAD" })).lines).toEqual([]);
    expect(rowOf(world, visitor)).toEqual(row);
    const answer = await visitor.send("/auth/refresh", { method: "POST" });
    expect({ status: answer.status, cookies: names(answer) }).toEqual({ status: 200, cookies: OURS });
    const out = await visitor.send("/auth/logout/", { method: "POST" });
    expect({ status: out.status, location: out.headers.location }).toEqual({
      status: 308,
      location: "/auth/logout",
    });
    visitor.expire();
    const logout = await visitor.send("/auth/logout", { method: "POST" });
    expect({ status: logout.status, cookies: names(logout) }).toEqual({ status: 200, cookies: OURS });
    expect([...visitor.jar.keys()]).toEqual([expect.stringContaining("device")]);
  });

  it("CAC-05 sets no cookie on an answer that a cache may store, and keeps every header line", async () => {
    const anonymous = openRawVisitor(world);
    const unchanging = await anonymous.send("/unchanging");
    expect(unchanging.headers["cache-control"]).toContain("s-maxage");
    expect(unchanging.lines).toEqual([]);
    const open = await anonymous.send("/public");
    expect(open.headers["cache-control"]).toBe("public, s-maxage=600");
    expect(open.headers.vary).toMatch(/Cookie, Authorization.*Accept-Language/);
    for (const [path, own] of [
      ["/unchanging", []],
      ["/public", ["a", "b"]],
    ] as const) {
      const visitor = await signedIn(world);
      const { headers } = await visitor.send(path);
      for (const name of ["cache-control", "cdn-cache-control"])
        expect(headers[name]).toBe("private, no-store");
      visitor.expire();
      const answer = await visitor.send(path);
      expect(names(answer)).toEqual([...own, ...OURS].sort());
      expect(answer.headers["cache-control"]).toBe("private, no-store");
      expect(answer.headers["cdn-cache-control"]).toBe("private, no-store");
    }
  });

  it("refuses unsafe requests from another site", async () => {
    const visitor = await signedIn(world);
    const headers = { origin: "https://evil.example", "sec-fetch-site": "cross-site" };
    expect(seen(await visitor.send("/seen/data", { method: "POST", headers }))).toBe("anonymous");
    expect(seen(await visitor.send("/unproxied/data", { method: "POST", headers }))).toBe("anonymous");
    const forged = await visitor.send("/dashboard", { method: "POST", headers, body: "x" });
    expect({ status: forged.status, error: JSON.parse(forged.text).error }).toEqual({
      status: 403,
      error: "csrf_rejected",
    });
  });
});

describe.each([
  ["localhost", null, {}],
  [
    "https",
    "https://app.example.com",
    { AUTH_URL: "https://app.example.com", AUTH_SECRET: "Q7nfO0yJcVtW1mZ4kLr8sXeB2uAhGd6P" },
  ],
] as const)("getSession without the proxy (%s)", (_, origin, env) => {
  let here: World;
  const prefix = origin === null ? "latchkey" : "__Host-Http-latchkey";
  const attributes = `Path=/;.* Max-Age=\\d+;.*${origin === null ? "" : " Secure;"} HttpOnly; SameSite=lax$`;

  beforeAll(async () => {
    here = origin === null ? world : await openWorld(origin, env);
  });

  it("ADP-02 never rotates in a server component", async () => {
    const visitor = await signedIn(here);
    visitor.expire();
    const row = rowOf(here, visitor);
    const answer = await visitor.send("/unproxied");
    expect({ status: answer.status, lines: answer.lines }).toEqual({ status: 200, lines: [] });
    expect(seen(answer)).toMatch(/^[\w-]{22} by /);
    // A second call while the page renders gets the same answer, without another read of the store.
    expect(answer.text.replaceAll("<!-- -->", "")).toContain(`[${seen(answer)}] [${seen(answer)}]`);
    expect(rowOf(here, visitor)).toEqual(row);
  });

  it("refreshes in a route handler", async () => {
    const visitor = await signedIn(here);
    visitor.expire();
    const answer = await visitor.send("/unproxied/data");
    expect(names(answer)).toEqual(OURS);
    for (const line of answer.lines)
      expect(line).toMatch(new RegExp(`^${prefix}\\.\\w+[^=]*=.*; ${attributes}`, "i"));
    expect(seen(answer)).toContain(jti(visitor));
    expect(rowOf(here, visitor)["generation"]).toBe(1);
    expect((await visitor.send("/unproxied/data")).lines).toEqual([]);
  });

  it("refreshes once in a server action, and its page shows the new session", async () => {
    const visitor = await signedIn(here);
    visitor.expire();
    const answer = await press(visitor, { path: "/unproxied", button: "Look" });
    expect(answer.status).toBe(200);
    expect(names(answer)).toEqual(["access", "first", "refresh", "second"]);
    expect(decodeURIComponent(visitor.cookie("first"))).toContain(jti(visitor));
    expect(visitor.cookie("second")).toBe(visitor.cookie("first"));
    expect(seen(answer)).toContain(jti(visitor));
    const renewed = await press(visitor, { path: "/unproxied", button: "Renew" });
    expect(names(renewed)).toEqual(["access"]);
  });

  it("refreshes for an action that a script calls", async () => {
    const visitor = await signedIn(here);
    const { text } = await visitor.send("/unproxied");
    const [, action = ""] = /\$ACTION_ID_([0-9a-f]+)"\/?><button type="submit">Look/.exec(text) ?? [];
    visitor.expire();
    const headers = {
      "next-action": action,
      accept: "text/x-component",
      "content-type": "text/plain;charset=UTF-8",
    };
    const called = { method: "POST", headers, body: "[]" };
    const forged = { ...headers, "sec-fetch-site": "same-site", origin: "https://evil.example.com" };
    const row = rowOf(here, visitor);
    expect((await visitor.send("/unproxied", { ...called, headers: forged })).lines).toEqual([]);
    expect(rowOf(here, visitor)).toEqual(row);
    const answer = await visitor.send("/unproxied", called);
    expect(answer.status).toBe(200);
    expect(names(answer)).toEqual(["access", "first", "refresh", "second"]);
  });

  it("finds the valid one of two cookies of one name, beside any other cookies", async () => {
    const visitor = await signedIn(here);
    const [name = ""] = [...visitor.jar.keys()].filter((key) => key.includes("access"));
    const good = `${name}=${visitor.cookie("access")}`;
    const bad = good.replace(/.{5}$/, "AAAAA");
    for (const pairs of [
      [good, bad],
      [bad, good],
    ]) {
      const cookie = ["x=%E2%9C%93", "y=%zz", "z", "=q", ...pairs, "é=ü"].join("; ");
      for (const path of ["/unproxied", "/unproxied/data"]) {
        expect(seen(await visitor.send(path, { headers: { cookie } }))).toContain(jti(visitor));
      }
    }
    const host = await visitor.send("/unproxied/data", { headers: { host: "[::" } });
    expect({ status: host.status, isAnonymous: seen(host) === "anonymous" }).toEqual({
      status: 200,
      isAnonymous: origin === null,
    });
  });

  it("distinguishes a store that is down from no session", async () => {
    if (origin === null) return;
    const visitor = await signedIn(here);
    visitor.expire();
    here.database.exec("ALTER TABLE latchkey_sessions RENAME TO latchkey_gone");
    const answer = await visitor.send("/dashboard");
    expect({ status: answer.status, location: answer.headers.location, lines: answer.lines }).toEqual({
      status: 503,
      location: undefined,
      lines: [],
    });
    const unguarded = await visitor.send("/seen");
    expect({
      status: unguarded.status,
      location: unguarded.headers.location,
      lines: unguarded.lines,
    }).toEqual({ status: 500, location: undefined, lines: [] });
    const made = Buffer.from([1, ...crypto.getRandomValues(new Uint8Array(68))]).toString("base64url");
    const cookie = `__Host-Http-latchkey.refresh=lkr_${made}`;
    const shut = await openRawVisitor(here).send("/sealed", { headers: { cookie } });
    expect({ status: shut.status, error: JSON.parse(shut.text).error, lines: shut.lines }).toEqual({
      status: 503,
      error: "store_unavailable",
      lines: [],
    });
    here.database.exec("ALTER TABLE latchkey_gone RENAME TO latchkey_sessions");
    expect((await visitor.send("/dashboard")).text).toContain("Signed in since");
  });
});

describe("two conflicting sessions, as a sibling subdomain can cause", () => {
  const origin = "https://app.example.com";
  const NAME = "__Secure-latchkey.refresh";
  let here: RawVisitor;
  let cookie: string;
  let own: string;

  beforeAll(async () => {
    const env = {
      AUTH_URL: origin,
      AUTH_SECRET: "Q7nfO0yJcVtW1mZ4kLr8sXeB2uAhGd6P",
      AUTH_DOMAIN: "example.com",
    };
    const opened = await openWorld(origin, env);
    here = openRawVisitor(opened);
    const visitors = [await signedIn(opened), await signedIn(opened)];
    const pairs = visitors.map((visitor) => `${NAME}=${visitor.cookie("refresh")}`);
    cookie = pairs.join("; ");
    own = pairs[0] ?? "";
  });

  it.each(["/seen", "/seen/data"])("are expired by the proxy at every place, once (%s)", async (path) => {
    here.jar.clear();
    const answer = await here.send(path, { headers: { cookie } });
    expect({ status: answer.status, seen: seen(answer) }).toEqual({ status: 200, seen: "anonymous" });
    expect(new Set(answer.lines).size).toBe(answer.lines.length);
    for (const partition of ["", "; Partitioned"]) {
      const attributes = `Domain=example.com; Path=${path}; Secure; HttpOnly; SameSite=Lax${partition}`;
      expect(answer.lines).toContain(`${NAME}=; Max-Age=0; ${attributes}`);
    }
    expect(answer.headers["cache-control"]).toContain("no-store");
  });

  it("render without the proxy, and set no cookie where Next.js cannot set one", async () => {
    const answer = await here.send("/unproxied", { headers: { cookie } });
    expect({ status: answer.status, seen: seen(answer), lines: answer.lines }).toEqual({
      status: 200,
      seen: "anonymous",
      lines: [],
    });
    const handled = await here.send("/unproxied/data", { headers: { cookie } });
    expect({ status: handled.status, seen: seen(handled), lineCount: handled.lines.length }).toEqual({
      status: 200,
      seen: "anonymous",
      lineCount: 1,
    });
  });

  it("end once the cookie of the sibling is gone", async () => {
    expect(seen(await here.send("/seen", { headers: { cookie: own } }))).toMatch(/ by /);
  });
});

describe("the client's address in Next.js", () => {
  const [FORGED, FIRST, SECOND] = ["198.51.100.9", "203.0.113.1", "203.0.113.2"];
  const from = (address: string): Readonly<Record<string, string>> => ({
    "x-forwarded-for": `${FORGED}, ${address}`,
  });

  it.each([
    ["read as a proxy wrote it, with trustedProxies", { AUTH_PROXIES: "1" }, [FIRST, SECOND]],
    ["not read from a header, without", {}, [null, null]],
  ])("RAT-03 is %s", async (_, env, [first, second]) => {
    const site = await openWorld(null, env);
    // The proxy refreshes for one path, and `getSession` in a handler for the other.
    for (const path of ["/seen", "/unproxied/data"]) {
      const visitor = openRawVisitor(site);
      const addressOf = (): unknown => JSON.parse(String(rowOf(site, visitor)["device"])).address;
      const headers = { ...JSON_BODY, ...from(FIRST) };
      const answer = await visitor.send("/auth/login", { method: "POST", headers, body: ADA });
      expect({ status: answer.status, address: addressOf() }).toEqual({ status: 200, address: first });
      visitor.expire();
      expect(seen(await visitor.send(path, { headers: from(SECOND) }))).toMatch(/ by /);
      expect(addressOf()).toBe(second);
    }
  });
});
