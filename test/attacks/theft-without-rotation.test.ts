import { session as honoSession, requireSession } from "@latchkey/hono";
import { authProxy } from "@latchkey/next";
import { Hono } from "hono";
import { NextRequest } from "next/server.js";
import { describe, expect, it } from "vitest";
import { requestTo } from "../fixtures/requests.ts";
import { ACCESS, countOf, ORIGIN, REFRESH, type TestServer } from "../fixtures/server.ts";
import { LEASE, LIFETIME, openAttackedServer } from "./server.ts";
import { endReasonOf, present, read, rotated, signUp } from "./session.ts";

const BOUND = LIFETIME + 4 * LEASE;
const HOUR = 3_600;
const WITH_REFRESH = (token: string): Record<string, string> => ({ cookie: `${REFRESH}=${token}` });
const METHODS = ["POST", "PUT", "PATCH", "DELETE", "QUERY", "post-ish"];

/** Asks with a refresh token where no cookie can be set. */
function look(server: TestServer, token: string, method = "GET"): ReturnType<TestServer["auth"]["validate"]> {
  const request = requestTo("/page", { method, headers: WITH_REFRESH(token) });
  return server.auth.validate(request, { refresh: "never" });
}

describe("a thief that copies the refresh cookie and never rotates it", () => {
  it("reads nothing after the bound, in 13 days of attempts", async () => {
    const server = openAttackedServer();
    const ann = await signUp(server, "cookie");
    let reads = 0;
    for (let hour = 0; hour < 13 * 24; hour++) {
      if ((await look(server, ann.refresh)).ok) reads += 1;
      server.clock.advance(HOUR);
    }
    expect(reads).toBe(1);
    expect(countOf(server, "session.reuse_detected")).toBe(0);
  });

  it("is refused from the exact second of the bound, with session_expired and without a change of cookies", async () => {
    const server = openAttackedServer();
    const ann = await signUp(server, "cookie");
    server.clock.advance(BOUND - 1);
    expect(await look(server, ann.refresh)).toMatchObject({ ok: true, refreshed: false });
    server.clock.advance(1);
    const late = await look(server, ann.refresh);
    expect(late).toMatchObject({ ok: false, code: "session_expired", status: 401 });
    expect(late.headers.getSetCookie()).toEqual([]);
  });

  it("is refused for every method that is not safe, also within the bound", async () => {
    const server = openAttackedServer();
    const ann = await signUp(server, "cookie");
    for (const method of METHODS) {
      const found = await look(server, ann.refresh, method);
      expect({ method, found }).toMatchObject({ found: { ok: false, code: "unauthenticated" } });
    }
    for (const method of ["GET", "HEAD", "OPTIONS"])
      expect((await look(server, ann.refresh, method)).ok).toBe(true);
  });

  it("gets no additional access by HEAD, which never rotates", async () => {
    const server = openAttackedServer();
    const ann = await signUp(server, "cookie");
    const head = (): Promise<Response> =>
      server.send("/auth/me", { method: "HEAD", headers: WITH_REFRESH(ann.refresh) });
    expect((await head()).status).toBe(200);
    server.clock.advance(BOUND);
    const late = await head();
    expect({ status: late.status, cookies: late.headers.getSetCookie() }).toEqual({
      status: 401,
      cookies: [],
    });
  });

  it("causes an event when the owner has rotated twice, and ends no session", async () => {
    const server = openAttackedServer();
    const ann = await signUp(server, "cookie");
    const tokens = await rotated(server, ann, 2);
    const stolen = await look(server, ann.refresh);
    expect(stolen).toMatchObject({ ok: false, code: "refresh_token_invalid" });
    expect(server.events.filter(({ type }) => type === "session.stale_token")).toMatchObject([
      { sessionId: ann.sessionId, userId: ann.userId, generation: 2, presentedGeneration: 0 },
    ]);
    expect(await endReasonOf(server, ann.sessionId)).toBeNull();
    expect((await present(server, "cookie", tokens[2] ?? "")).status).toBe(200);
  });
});

describe("an honest client that sends only safe requests without rotation", () => {
  it("continues with its next request that can set a cookie", async () => {
    const server = openAttackedServer();
    const ann = await signUp(server, "cookie");
    server.clock.advance(5 * 24 * HOUR);
    expect((await look(server, ann.refresh)).ok).toBe(false);
    const page = await server.auth.validate(requestTo("/page", { headers: WITH_REFRESH(ann.refresh) }));
    expect(page).toMatchObject({ ok: true, refreshed: true });
    expect((await look(server, page.ok ? (page.cookies.get(REFRESH) ?? "") : "")).ok).toBe(true);
    expect((await look(server, ann.refresh)).ok).toBe(true);
    expect(countOf(server, "session.stale_token")).toBe(0);
  });

  it("can use its live access token with every method", async () => {
    const server = openAttackedServer();
    const ann = await signUp(server, "cookie");
    const cookie = `${ACCESS}=${ann.access}; ${REFRESH}=${ann.refresh}`;
    for (const method of METHODS) {
      const request = requestTo("/page", { method, headers: { cookie } });
      expect((await server.auth.validate(request, { refresh: "never" })).ok).toBe(true);
    }
  });

  it("can sign out everywhere with a refresh token that is days old", async () => {
    const server = openAttackedServer();
    const ann = await signUp(server, "cookie");
    server.clock.advance(5 * 24 * HOUR);
    const call = { method: "POST", headers: WITH_REFRESH(ann.refresh), body: { scope: "all" } };
    expect((await read(await server.send("/auth/logout", call))).status).toBe(200);
    expect(await endReasonOf(server, ann.sessionId)).toBe("logout");
  });
});

/** What a client can write into a request to be taken for something else than an ordinary one. */
const CHOSEN_HEADERS: readonly Readonly<Record<string, string>>[] = [
  { upgrade: "h2c" },
  { upgrade: "h2c", connection: "Upgrade, HTTP2-Settings", "http2-settings": "AAMAAABkAAQAAP__" },
  { upgrade: "websocket" },
  { connection: "upgrade" },
  { purpose: "prefetch" },
  { "sec-purpose": "prefetch;prerender" },
  { "x-moz": "prefetch" },
  { "next-router-prefetch": "1", rsc: "1" },
  { rsc: "1", "next-router-state-tree": "%5B%22%22%5D" },
  { "next-router-segment-prefetch": "/_tree" },
  { "next-action": "0123456789abcdef0123456789abcdef01234567" },
  { "x-nextjs-data": "1" },
  { "x-middleware-prefetch": "1" },
  { "x-middleware-subrequest": "middleware:middleware:middleware:middleware:middleware" },
  { "x-http-method-override": "HEAD" },
  { "x-method-override": "HEAD" },
  { accept: "text/event-stream" },
  { range: "bytes=0-0" },
  { expect: "100-continue" },
  { te: "trailers" },
];
const HANDSHAKE = {
  upgrade: "websocket",
  connection: "Upgrade",
  "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
};

/** A way into an application: validates one request, and answers with it. */
interface Door {
  readonly name: string;
  readonly open: (server: TestServer) => (request: Request) => Promise<Response>;
}

const DOORS: readonly Door[] = [
  {
    name: "validate",
    open:
      ({ auth }) =>
      async (request) => {
        const found = await auth.validate(request);
        return found.ok ? new Response(null, { headers: found.headers }) : found.response();
      },
  },
  {
    name: "Hono",
    open: ({ auth }) => {
      const app = new Hono().use("*", honoSession(auth)).all("/page", requireSession(), (c) => c.text("in"));
      return async (request) => app.request(request);
    },
  },
  {
    name: "Next's proxy",
    open: ({ auth }) => {
      const proxy = authProxy(auth, { protect: ["/page"] });
      return (request) =>
        proxy(new NextRequest(request, { headers: { ...headersOf(request), host: "app.example.com" } }));
    },
  },
];

const headersOf = (request: Request): Record<string, string> => Object.fromEntries(request.headers);

describe.each(DOORS)("a header that the client chooses cannot switch detection off at $name", ({ open }) => {
  const cases = CHOSEN_HEADERS.flatMap((headers) => ["GET", "POST"].map((method) => ({ method, headers })));

  it.each(cases)("$method $headers", async ({ method, headers }) => {
    const server = openAttackedServer();
    const ann = await signUp(server, "cookie");
    await rotated(server, ann, 2);
    const request = requestTo("/page", { method, headers: { ...headers, ...WITH_REFRESH(ann.refresh) } });
    const answer = await open(server)(request);
    expect(answer.status).toBe(401);
    expect(countOf(server, "session.reuse_detected")).toBe(1);
    expect(await endReasonOf(server, ann.sessionId)).toBe("reuse");
  });
});

describe("a WebSocket handshake at Hono", () => {
  function opened(): { readonly server: TestServer; readonly ask: (init: RequestInit) => Promise<Response> } {
    const server = openAttackedServer();
    const app = new Hono()
      .use("*", honoSession(server.auth))
      .all("/live", requireSession(), (c) => c.text("in"));
    return { server, ask: async (init) => app.request(`${ORIGIN}/live`, init) };
  }

  it("rotates nothing, and only the bound limits it", async () => {
    const { server, ask } = opened();
    const ann = await signUp(server, "cookie");
    const own = { origin: ORIGIN, "sec-fetch-site": "same-origin" };
    const headers = { ...HANDSHAKE, ...own, ...WITH_REFRESH(ann.refresh) };
    server.clock.advance(BOUND - 1);
    const open = await ask({ headers });
    expect({ status: open.status, cookies: open.headers.getSetCookie() }).toEqual({
      status: 200,
      cookies: [],
    });
    server.clock.advance(1);
    expect((await read(await ask({ headers }))).code).toBe("session_expired");
  });

  it("must be a GET: a request of another method is an ordinary one, which rotates", async () => {
    for (const method of ["POST", "PUT", "DELETE"]) {
      const { server, ask } = opened();
      const ann = await signUp(server, "cookie");
      const answer = await ask({ method, headers: { ...HANDSHAKE, ...WITH_REFRESH(ann.refresh) } });
      expect({ method, status: answer.status, cookies: answer.headers.getSetCookie().length }).toEqual({
        method,
        status: 200,
        cookies: 2,
      });
    }
  });
});
