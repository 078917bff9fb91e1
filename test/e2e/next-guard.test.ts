import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildApp, buildId, type NextApp, startApp } from "./next-app.ts";
import { openRawVisitor, press, type RawVisitor, type Site } from "./raw-visitor.ts";

const ADA = JSON.stringify({ email: "ada@example.com", password: "correct horse battery" });
const SECRET = /The vault is open|Signed in since/;
const RSC = { rsc: "1" };
const PREFETCH = { ...RSC, "next-router-prefetch": "1" };
const folder = mkdtempSync(join(tmpdir(), "latchkey-next-"));

let app: NextApp;
let site: Site;
let ada: RawVisitor;
let build = "";

beforeAll(async () => {
  await buildApp();
  build = buildId();
  app = await startApp(folder);
  site = { port: app.port, origin: `http://localhost:${app.port}` };
  ada = openRawVisitor(site);
  const headers = { "content-type": "application/json" };
  expect((await ada.send("/auth/signup", { method: "POST", headers, body: ADA })).status).toBe(201);
}, 300_000);

afterAll(async () => {
  await app.stop();
  rmSync(folder, { recursive: true });
});

describe("protected pages of a Next.js application", () => {
  it("open for signed-in users, in every form of the request", async () => {
    const pages = ["/guarded", "/guarded/deeper", "/sealed", "/legacy", "/dashboard"];
    for (const path of [...pages, "/alias", "/alias-of-vault"]) {
      expect((await ada.send(path)).text, path).toMatch(SECRET);
    }
    for (const [path, headers] of [
      ["/guarded", RSC],
      ["/guarded/deeper", PREFETCH],
    ] as const) {
      const told = await ada.send(path, { headers });
      expect((await ada.send(told.headers.location ?? path, { headers })).text, path).toMatch(SECRET);
    }
    expect((await ada.send(`/_next/data/${build}/legacy.json`)).text).toMatch(SECRET);
  });

  const variants = [
    ...[
      "",
      "/",
      "//",
      "?x=1",
      "?_rsc=abc",
      ".rsc",
      ".prefetch.rsc",
      ".rsc?_rsc=abc",
      "/.",
      "/x/..",
      "%2f",
      "%00",
    ],
    ...[
      ".segments/_tree.segment.rsc",
      ".segments/_full.segment.rsc",
      ".segments/_index.segment.rsc",
      ".txt",
      ".json",
    ],
  ];
  const heads: readonly Readonly<Record<string, string>>[] = [
    {},
    RSC,
    PREFETCH,
    { ...PREFETCH, "next-router-segment-prefetch": "/_tree" },
    { ...PREFETCH, "next-router-segment-prefetch": "/_full" },
    { "x-nextjs-data": "1" },
    { purpose: "prefetch", "x-middleware-prefetch": "1" },
  ];

  it.each(heads)("ADP-04 stay closed for every form of the path, with %j", async (headers) => {
    const anonymous = openRawVisitor(site);
    const paths = ["/guarded", "/guarded/deeper", "/sealed", "/legacy", "/dashboard"].flatMap((page) => [
      ...variants.map((variant) => page + variant),
      `${page}.segments${page}/__PAGE__.segment.rsc`,
      `/${page}`,
      `//${page}`,
      `/\\${page}`,
      `/.${page}`,
      `/x/..${page}`,
      `/x/%2e%2e${page}`,
      `/x%2f..${page}`,
      page.replace("d", "%64").replace("leg", "%6Ceg"),
      page.replace("d", "%2564").replace("leg", "%256Ceg"),
      page.replace("/", "/%2f"),
      page.toUpperCase(),
      `${page}/%E0%A4%A`,
      `/en${page}`,
      `/_next/data/${build}${page}.json`,
      `/_next/data/other${page}.json`,
      `/_next/static/..${page}`,
      `/_next/static/%2e%2e/%2e%2e${page}`,
      `/_next/static/..%2f..${page}`,
      `/auth/..${page}`,
      `/auth/%2e%2e${page}`,
      `/auth/..%2f${page}`,
      `/auth/..%5c${page}`,
      `/_next/image?url=${encodeURIComponent(page)}&w=64&q=75`,
    ]);
    for (const path of [...paths, "/alias"]) {
      const answer = await anonymous.send(path, { headers });
      expect(answer.text, path).not.toMatch(SECRET);
      // Next itself makes 500 of an image that turns out to be a redirect.
      expect(answer.status, path).toBeLessThan(path.startsWith("/_next/image?") ? 501 : 500);
      const to = answer.headers.location ?? String(answer.headers["x-nextjs-redirect"] ?? "/");
      expect(new URL(to, site.origin).origin, `${path} leads to ${to}`).toBe(site.origin);
      const back = new URL(to, site.origin).searchParams.get("redirect_to") ?? "/";
      expect(new URL(back, site.origin).origin, `${path} leads back to ${back}`).toBe(site.origin);
    }
  });

  it("send a visitor without a session to the sign-in page, and back", async () => {
    const anonymous = openRawVisitor(site);
    const answer = await anonymous.send("/guarded/deeper?tab=2");
    expect({ status: answer.status, location: answer.headers.location }).toEqual({
      status: 303,
      location: "/login?redirect_to=%2Fguarded%2Fdeeper%3Ftab%3D2",
    });
    const data = await anonymous.send(`/_next/data/${build}/legacy.json`, {
      headers: { "x-nextjs-data": "1" },
    });
    expect(data.text).not.toMatch(SECRET);
    expect(data.status).toBeLessThan(500);
  });
});

describe("forged headers of Next.js", () => {
  const cookies = (): string => [...ada.jar].map((pair) => pair.join("=")).join("; ");
  const forgeries = (): readonly Readonly<Record<string, string>>[] => [
    ...["middleware", "src/middleware", "proxy", "src/proxy", "/proxy", "pages/_middleware"].map((name) => ({
      "x-middleware-subrequest": Array(5).fill(name).join(":"),
    })),
    { "x-middleware-next": "1" },
    { "x-middleware-rewrite": "/guarded" },
    { "x-middleware-skip": "1" },
    { "x-middleware-invoke": "1" },
    { "x-middleware-override-headers": "cookie", "x-middleware-request-cookie": cookies() },
    { "x-middleware-set-cookie": cookies().replaceAll("; ", ", ") },
    { "x-matched-path": "/guarded", "x-now-route-matches": "1" },
    { "x-invoke-path": "/guarded", "x-invoke-status": "200", "x-invoke-output": "/guarded" },
    { "x-rewrite-url": "/guarded", "x-original-url": "/guarded", "x-forwarded-uri": "/guarded" },
    { "x-nextjs-data": "1", "x-nextjs-rewrite": "/guarded", "next-url": "/guarded" },
  ];

  it("open no protected page", async () => {
    for (const headers of forgeries()) {
      for (const path of ["/guarded", "/dashboard", "/login", "/seen", "/seen/data"]) {
        const answer = await openRawVisitor(site).send(path, { headers });
        const told = `${path} with ${JSON.stringify(headers)}`;
        expect(answer.text, told).not.toMatch(SECRET);
        expect(answer.status, told).toBeLessThan(500);
        if (path.startsWith("/seen"))
          expect(answer.text.replaceAll("<!-- -->", ""), told).toContain("[anonymous]");
        expect(answer.lines, told).toEqual([]);
      }
    }
  });

  it("change nothing that a handler reads", async () => {
    for (const headers of forgeries()) {
      const answer = await openRawVisitor(site).send("/echo", {
        headers: { ...headers, cookie: "theme=dark" },
      });
      expect(JSON.parse(answer.text)["cookie"]).toBe("theme=dark");
    }
  });
});

describe("the Next.js example", () => {
  const fields = { email: "bob@example.com", password: "staple correct horse" };
  const enter = async (visitor: RawVisitor, button: string, path = "/login"): Promise<unknown> => {
    const { status, headers } = await press(visitor, { path, button, fields });
    expect(status).toBe(303);
    return headers.location;
  };

  it("signs up, makes a change, and signs another device out, without script", async () => {
    const [desk, phone] = [openRawVisitor(site), openRawVisitor(site)];
    expect(await enter(desk, "Make an account", "/login?redirect_to=%2Fdevices%3Fx%3D1")).toBe(
      "/devices?x=1",
    );
    expect(await enter(phone, "Sign in", "/login?redirect_to=%2F%5Cevil.example")).toBe("/dashboard");
    const note = { note: "Feed the cat." };
    const saved = await press(desk, { path: "/dashboard", button: "Save", fields: note });
    expect(saved.text).toContain(note.note);
    expect((await phone.send("/dashboard")).text).toContain(note.note);
    expect((await press(desk, { path: "/devices", button: "Sign out" })).text).toContain("is signed out.");
    expect((await phone.send("/dashboard")).headers.location).toBe("/login?redirect_to=%2Fdashboard");
    expect((await phone.send("/api/session")).status).toBe(401);
    expect(JSON.parse((await desk.send("/api/session")).text).session.amr).toEqual(["pwd"]);
    expect((await press(desk, { path: "/", button: "Sign out" })).headers.location).toBe("/login");
    expect([...desk.jar.keys()]).toEqual([expect.stringContaining("latchkey.device")]);
  });

  it.each([
    "/.//evil.example",
    "/x/..//evil.example",
    "/%2e//evil.example",
    "/..\\/evil.example",
    "//evil.example",
    "https://evil.example/",
    "/auth/logout",
  ])("goes to no other site and to no route after sign-in: %s", async (target) => {
    const query = new URLSearchParams({ redirect_to: target });
    expect(await enter(openRawVisitor(site), "Sign in", `/login?${query}`)).toBe("/dashboard");
  });

  it("shows why no user was signed in", async () => {
    const visitor = openRawVisitor(site);
    const { text } = await press(visitor, { path: "/login", button: "Make an account", fields });
    expect(text).toContain("There is an account with this address already.");
    expect(text).toContain(`value="${fields.email}"`);
    expect(visitor.jar.size).toBe(0);
  });
});

it("an image that was built without AUTH_SECRET, and starts without it, serves nothing and logs what is missing", async () => {
  const started = await startApp(mkdtempSync(join(folder, "late-")), { AUTH_URL: "https://app.example.com" });
  const visitor = openRawVisitor({ port: started.port, origin: `http://localhost:${started.port}` });
  const answer = await visitor.send("/auth/jwks");
  expect({ status: answer.status, text: answer.text }).toEqual({
    status: 500,
    text: expect.not.stringContaining("secret"),
  });
  await started.stop();
  expect(started.output()).toContain("secret is missing, but it is required outside localhost");
});
