import { describe, expect, it } from "vitest";
import { bodyOf, expectError } from "../fixtures/answers.ts";
import { expectNothing, expectSentTo } from "../fixtures/oauth-answers.ts";
import { begin, comeBack, flowsOf } from "../fixtures/oauth-flow.ts";
import { openStubServer } from "../fixtures/oauth-server.ts";
import { ANN_THERE } from "../fixtures/providers/stub-provider.ts";
import { ORIGIN, openServer } from "../fixtures/server.ts";

const START = "/auth/oauth/stub?redirect_to=/welcome";

const loads: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "an image": { "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image" },
  "a script": { "sec-fetch-mode": "no-cors", "sec-fetch-dest": "script" },
  "a style sheet": { "sec-fetch-mode": "no-cors", "sec-fetch-dest": "style" },
  "an iframe": { "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe" },
  "a frame": { "sec-fetch-mode": "navigate", "sec-fetch-dest": "frame" },
  "an object": { "sec-fetch-mode": "navigate", "sec-fetch-dest": "object" },
  "an embed": { "sec-fetch-mode": "navigate", "sec-fetch-dest": "embed" },
  "a script's fetch": { "sec-fetch-mode": "cors", "sec-fetch-dest": "empty" },
  "a prefetch": { "sec-fetch-mode": "navigate", "sec-fetch-dest": "document", "sec-purpose": "prefetch" },
  "a prerender": {
    "sec-fetch-mode": "navigate",
    "sec-fetch-dest": "document",
    "sec-purpose": "prefetch;prerender",
  },
  "a prefetch of older browsers": { purpose: "prefetch" },
  "a WebSocket": { "sec-fetch-mode": "websocket", "sec-fetch-dest": "websocket", upgrade: "websocket" },
  "a mode alone": { "sec-fetch-mode": "cors" },
  "a destination alone": { "sec-fetch-dest": "image" },
  "a script's fetch whose mode is not sent": { "sec-fetch-dest": "empty" },
  "an image that a service worker relays": { "sec-fetch-mode": "no-cors", "sec-fetch-dest": "empty" },
  "a prefetch that a service worker relays": {
    "sec-fetch-mode": "navigate",
    "sec-fetch-dest": "empty",
    "sec-purpose": "prefetch",
  },
};
const opens: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "a link on a page of ours": { "sec-fetch-site": "same-origin" },
  "a link on a page of others": { "sec-fetch-site": "cross-site" },
  "a link in a mail": { "sec-fetch-site": "none", "sec-fetch-user": "?1" },
  "a link that a service worker relays": { "sec-fetch-site": "same-origin", "sec-fetch-dest": "empty" },
};
const document = { "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" };

describe("OAU-21 a sign-in with a provider", () => {
  it.each(Object.entries(loads))("OAU-21 does not begin by %s", async (_, headers) => {
    const server = openStubServer();
    const browser = server.browser();
    const response = await browser.get(START, { "sec-fetch-site": "cross-site", ...headers });
    await expectError(response, 403, "csrf_rejected");
    expect(response.headers.get("location")).toBeNull();
    expect(flowsOf(browser).size).toBe(0);
  });

  it.each(Object.entries(opens))(
    "OAU-21 begins by %s, without starting or ending a session",
    async (_, headers) => {
      const server = openStubServer();
      const browser = await server.signedIn();
      const before = server.events.length;
      const response = await browser.get(START, { ...document, ...headers });
      expect({ status: response.status, flows: flowsOf(browser).size }).toEqual({ status: 303, flows: 1 });
      expect(server.events.length).toBe(before);
      expect((await browser.get("/auth/me")).status).toBe(200);
    },
  );

  it.each(Object.entries(loads))("OAU-21 does not end by %s, and the flow stays open", async (_, headers) => {
    const server = openStubServer();
    const browser = server.browser();
    const arrival = server.stub.agree(await begin(browser, "stub"), ANN_THERE);
    const { pathname, search } = new URL(arrival.url);
    const response = await browser.get(pathname + search, { "sec-fetch-site": "cross-site", ...headers });
    await expectError(response, 403, "csrf_rejected");
    expectNothing(response, server.events);
    expect(server.stub.calls).toEqual([]);
    expectSentTo(await comeBack(browser, arrival), "/welcome");
  });

  it("OAU-21 neither begins nor ends by HEAD", async () => {
    const server = openStubServer();
    const browser = server.browser();
    const start = await browser.send(START, { method: "HEAD" });
    expect({ status: start.status, cookies: start.headers.getSetCookie(), text: await start.text() }).toEqual(
      { status: 403, cookies: [], text: "" },
    );
    const arrival = server.stub.agree(await begin(browser, "stub"), ANN_THERE);
    const { pathname, search } = new URL(arrival.url);
    const head = await browser.send(pathname + search, { method: "HEAD" });
    expect({ status: head.status, calls: server.stub.calls }).toEqual({ status: 403, calls: [] });
    expectSentTo(await comeBack(browser, arrival), "/welcome");
  });

  const wrong: readonly (readonly [string, string, string])[] = [
    ["/auth/oauth/stub", "POST", "GET, HEAD, OPTIONS"],
    ["/auth/oauth/stub", "DELETE", "GET, HEAD, OPTIONS"],
    ["/auth/oauth/stub/callback", "PUT", "GET, POST, HEAD, OPTIONS"],
    ["/auth/oauth/stub/link", "GET", "POST, DELETE, OPTIONS"],
    ["/auth/oauth/stub/link", "HEAD", "POST, DELETE, OPTIONS"],
    ["/auth/oauth/exchange", "GET", "POST, OPTIONS"],
  ];
  it.each(wrong)("the route %s refuses the method %s", async (path, method, allow) => {
    const response = await openStubServer().browser().send(path, { method });
    expect({ status: response.status, allow: response.headers.get("allow") }).toEqual({ status: 405, allow });
    if (method !== "HEAD") await expectError(response, 405, "method_not_allowed");
  });
});

describe("OAU-26 the redirects of a sign-in", () => {
  it("OAU-26 have the status 303, no-store and no-referrer", async () => {
    const server = openStubServer();
    const browser = await server.signedIn();
    const form = { "content-type": "application/x-www-form-urlencoded" };
    const start = await browser.get(START);
    const url = start.headers.get("location") ?? "";
    const link = await browser.send("/auth/oauth/stub/link", { method: "POST", body: "x=y", headers: form });
    const failed = await comeBack(browser, server.stub.agree(url, ANN_THERE, { error: "server_error" }));
    const back = await comeBack(browser, server.stub.agree(await begin(browser, "stub"), { subject: "x" }));
    for (const response of [start, link, failed, back]) {
      expect({ status: response.status, text: await response.text() }).toEqual({ status: 303, text: "" });
      expect(response.headers.get("referrer-policy")).toBe("no-referrer");
      expect(response.headers.get("cache-control")).toBe("private, no-store");
      expect(response.headers.get("vary")).toMatch(/^Cookie, Authorization(,|$)/);
    }
    expectSentTo(failed, "/welcome?error=oauth_failed");
    expectSentTo(back, "/welcome");
  });
});

describe("OAU-22 the redirect_uri of a sign-in", () => {
  const lies: Readonly<Record<string, string>> = {
    host: "evil.example",
    "x-forwarded-host": "evil.example",
    "x-forwarded-proto": "http",
    "x-forwarded-port": "8443",
    forwarded: "host=evil.example;proto=http",
    "x-original-host": "evil.example",
    origin: "https://evil.example",
    referer: "https://evil.example/",
  };
  it("OAU-22 comes from baseURL, whatever host the request names", async () => {
    const server = openStubServer();
    const request = new Request("http://evil.example:8080/auth/oauth/stub", { headers: lies });
    const response = await server.auth.handle(request);
    const location = new URL(response.headers.get("location") ?? "");
    expect(location.searchParams.get("redirect_uri")).toBe(`${ORIGIN}/auth/oauth/stub/callback`);
    const [line = ""] = response.headers.getSetCookie();
    expect(line).toMatch(/^__Host-Http-/);
  });

  it("OAU-22 follows basePath, and without baseURL exists on localhost only", async () => {
    const server = openStubServer({ basePath: "/api/login" });
    const response = await server.browser().get("/api/login/oauth/stub");
    const location = new URL(response.headers.get("location") ?? "");
    expect(location.searchParams.get("redirect_uri")).toBe(`${ORIGIN}/api/login/oauth/stub/callback`);
    const { auth } = openServer({ providers: [server.stub.provider] });
    const elsewhere = await auth.handle(new Request("https://app.example.com/auth/oauth/stub"));
    expect({ status: elsewhere.status, error: (await bodyOf(elsewhere))["error"] }).toEqual({
      status: 400,
      error: "invalid_request",
    });
  });
});

describe("OAU-23 an unknown provider", () => {
  const ids = [
    "unknown",
    "__proto__",
    "constructor",
    "toString",
    "hasOwnProperty",
    "Stub",
    "STUB",
    "stub.",
    "p%61per",
    "stub%00",
    "stub%2f",
    "stub;x",
    ".",
    "..",
    "%2e%2e",
    "",
    "stub stub",
    "\u0440aper",
    "x".repeat(1_000),
  ];
  it.each(ids)("OAU-23 is not found by the id %s", async (id) => {
    const server = openStubServer();
    const browser = await server.signedIn();
    for (const rest of ["", "/callback", "/link"]) {
      const method = rest === "/link" ? "POST" : "GET";
      const response = await browser.send(`/auth/oauth/${id}${rest}`, { method });
      expect([404, 405]).toContain(response.status);
      expect(response.headers.get("location")).toBeNull();
    }
    expect(flowsOf(browser).size).toBe(0);
  });
});
