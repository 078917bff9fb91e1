import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { expectError } from "../fixtures/answers.ts";
import type { Browser } from "../fixtures/browser.ts";
import { expectNothing, expectSentTo, whoIs } from "../fixtures/oauth-answers.ts";
import { begin, beginLink, deliver, flowsOf, jarOf } from "../fixtures/oauth-flow.ts";
import { openStubServer, type StubServer } from "../fixtures/oauth-server.ts";
import type { Arrival } from "../fixtures/providers/arrival.ts";
import { ANN_THERE, stubProvider } from "../fixtures/providers/stub-provider.ts";
import { faulty } from "../fixtures/wrapped-store.ts";

/** What Chromium sends when a person opens a page. */
const PERSON = {
  accept: "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8",
  "sec-fetch-mode": "navigate",
  "sec-fetch-dest": "document",
};
const UNKNOWN = `/auth/oauth/stub/callback?code=x&state=${"A".repeat(43)}`;

/** The limits by network need an address. */
const KNOWN = { clientAddress: () => "192.0.2.1" };

/** Opens the callback as a person does: by the address bar, the back button, or a second click. */
function open(browser: Browser, arrival: Arrival): Promise<Response> {
  const { pathname, search } = new URL(arrival.url);
  return browser.get(pathname + search, { ...PERSON, "sec-fetch-site": "cross-site" });
}

async function expectPage(response: Response, status: number, message: RegExp): Promise<void> {
  const text = await response.text();
  expect({ status: response.status, type: response.headers.get("content-type") }).toEqual({
    status,
    type: "text/html; charset=utf-8",
  });
  expect(text).toMatch(message);
  expect(text).toContain('<a href="/">');
  expect(text).not.toMatch(/<script|<img|<form|javascript:/);
  expect(response.headers.get("cache-control")).toContain("no-store");
  expect(response.headers.get("x-content-type-options")).toBe("nosniff");
  expect(response.headers.get("referrer-policy")).toBe("no-referrer");
  const [, style = ""] = /<style>(.*)<\/style>/s.exec(text) ?? [];
  const digest = createHash("sha256").update(style).digest("base64");
  expect(response.headers.get("content-security-policy")).toBe(
    `default-src 'none'; style-src 'sha256-${digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  );
}

/** A flow that came as far as the provider's answer. */
async function halfway(server: StubServer, browser = server.browser()): Promise<Arrival> {
  return server.stub.agree(await begin(browser, "stub"), ANN_THERE);
}

describe("a person who loads the callback twice", () => {
  it("is sent to the start page of the application, still signed in", async () => {
    const server = openStubServer();
    const browser = server.browser();
    const arrival = await halfway(server, browser);
    expectSentTo(await open(browser, arrival), "/welcome");
    const ann = await whoIs(browser);
    const again = await open(browser, arrival);
    expectSentTo(again, "/");
    expect(again.headers.get("cache-control")).toContain("no-store");
    expect(await whoIs(browser)).toBe(ann);
    expect(server.events.filter(({ type }) => type === "session.started")).toHaveLength(1);
  });

  it("is sent to the target of the flow, while the browser still has its cookie", async () => {
    const server = openStubServer();
    const browser = server.browser();
    const arrival = await halfway(server, browser);
    const flow = flowsOf(browser);
    expectSentTo(await open(browser, arrival), "/welcome");
    const jar = new Map([...jarOf(browser), ...flow]);
    const again = await deliver(server, arrival, jar, PERSON);
    expectSentTo(again, "/welcome");
    expect(again.headers.getSetCookie()).toEqual([expect.stringMatching(/latchkey\.oauth\..*Max-Age=0/)]);
  });

  it("is sent to neither by the error of a link, which stays an error", async () => {
    const server = openStubServer();
    const browser = await server.signedIn();
    const arrival = server.stub.agree(await beginLink(browser, "stub"), ANN_THERE);
    const flow = flowsOf(browser);
    expectSentTo(await open(browser, arrival), "/settings");
    const jar = new Map([...jarOf(browser), ...flow]);
    await expectPage(await deliver(server, arrival, jar, PERSON), 400, /finished before/);
  });
});

describe("a person whose flow cookie is lost or too old", () => {
  it("reads a page that says why, with the status of the error", async () => {
    const server = openStubServer();
    const arrival = await halfway(server);
    const response = await open(server.browser(), arrival);
    await expectPage(
      response,
      400,
      /The sign-in took too long, was finished before, or began in another browser/,
    );
    expectNothing(response, server.events);
    expect(server.stub.calls).toEqual([]);
  });

  it("is sent to errorURL, if there is one", async () => {
    const server = openStubServer({ oauth: { errorURL: "/sign-in?from=provider" } });
    const late = server.browser();
    const arrival = await halfway(server, late);
    server.clock.advance(600);
    const response = await open(late, arrival);
    expectSentTo(response, "/sign-in?from=provider&error=oauth_state_invalid");
    expectNothing(response, server.events);
    const elsewhere = openStubServer({
      trustedOrigins: ["https://spa.example.com"],
      oauth: { errorURL: "https://spa.example.com/sign-in" },
    });
    const answer = await elsewhere.browser().get(UNKNOWN, PERSON);
    expectSentTo(answer, "/sign-in?error=oauth_state_invalid", "https://spa.example.com");
  });

  it("gets JSON only as a client that is no browser", async () => {
    const server = openStubServer({ oauth: { errorURL: "/sign-in" } });
    const json = await server.browser().get(UNKNOWN, { accept: "application/json" });
    await expectError(json, 400, "oauth_state_invalid");
    await expectError(await openStubServer().browser().get(UNKNOWN), 400, "oauth_state_invalid");
  });

  it("is shown the page after a form post, which brings no session cookie along", async () => {
    const stub = stubProvider({ responseMode: "form_post" });
    const server = openStubServer({ stubs: [stub] });
    const arrival = stub.agree(await begin(server.browser(), "stub"), ANN_THERE);
    const answer = await deliver(server, arrival, new Map(), { ...PERSON, origin: "null" });
    await expectPage(answer, 400, /began in another browser/);
  });
});

describe("an attacker who sends a person to the callback of another browser", () => {
  it("starts no session, and names no target", async () => {
    const server = openStubServer({ oauth: { errorURL: "/sign-in" } });
    const attacker = server.browser();
    const arrival = server.stub.agree(await begin(attacker, "stub", "/chosen"), { subject: "attacker" });
    const victim = await server.signedIn();
    const ann = await whoIs(victim);
    const began = server.events.length;
    const response = await open(victim, { ...arrival, url: `${arrival.url}&redirect_to=/chosen` });
    expectSentTo(response, "/");
    expectNothing(response, server.events.slice(began));
    expect(await whoIs(victim)).toBe(ann);
    expectSentTo(await open(server.browser(), arrival), "/sign-in?error=oauth_state_invalid");
    expect(server.stub.calls).toEqual([]);
  });

  it("leads on no person whose session has ended, while the access token lives", async () => {
    const server = openStubServer();
    const victim = await server.signedIn();
    await server.auth.sessions.revokeAll((await whoIs(victim)) ?? "");
    await expectPage(await victim.get(UNKNOWN, PERSON), 400, /sign-in took too long/);
  });
});

describe("the other ends of a sign-in that a person can come to", () => {
  const paths: readonly (readonly [string, string, number, RegExp])[] = [
    ["an unknown provider", "/auth/oauth/unknown", 404, /Not found/],
    ["the callback of an unknown provider", "/auth/oauth/unknown/callback", 404, /Not found/],
    [
      "a target that is not allowed",
      "/auth/oauth/stub?redirect_to=//evil.example",
      400,
      /target is not allowed/,
    ],
    ["an unknown transport", "/auth/oauth/stub?transport=x", 400, /transport is &quot;cookie&quot;/],
  ];
  it.each(paths)("%s is a page, or leads to errorURL", async (_, path, status, message) => {
    await expectPage(await openStubServer().browser().get(path, PERSON), status, message);
    const server = openStubServer({ oauth: { errorURL: "/sign-in" } });
    const response = await server.browser().get(path, PERSON);
    expect(response.headers.get("location")).toMatch(/^https:\/\/app\.example\.com\/sign-in\?error=\w+$/);
  });

  it("too many attempts are a page with Retry-After, and the store's outage is one with the id of the request", async () => {
    const server = openStubServer({ ...KNOWN, rateLimit: { signIn: { limit: 1, window: 60 } } });
    const browser = server.browser();
    await begin(browser, "stub");
    const limited = await browser.get("/auth/oauth/stub", PERSON);
    expect(limited.headers.get("retry-after")).toMatch(/^\d+$/);
    await expectPage(limited, 429, /Too many attempts/);
    const store = faulty(server.store, (operation) =>
      operation === "throttle.hit" ? Promise.reject(new Error("down")) : null,
    );
    const down = openStubServer({ ...KNOWN, rateLimit: {}, store });
    const answer = await down.browser().get("/auth/oauth/stub", PERSON);
    expect(answer.headers.get("x-request-id")).toMatch(/./);
    await expectPage(answer, 503, /try again in a moment/);
  });

  it("a form that links without a session is a page, and a script gets JSON", async () => {
    const server = openStubServer();
    const form = { ...PERSON, "content-type": "application/x-www-form-urlencoded" };
    const link = { method: "POST", body: "redirect_to=/settings", headers: form };
    const response = await server.browser().send("/auth/oauth/stub/link", link);
    expect(response.headers.get("www-authenticate")).toBe("Bearer");
    await expectPage(response, 401, /Sign in first/);
    await expectError(await server.browser().post("/auth/oauth/stub/link", {}), 401, "unauthenticated");
  });

  it("an image or a frame gets JSON, and no page to show", async () => {
    const server = openStubServer({ oauth: { errorURL: "/sign-in" } });
    const framed = { ...PERSON, "sec-fetch-dest": "iframe" };
    await expectError(await server.browser().get(UNKNOWN, framed), 403, "csrf_rejected");
    await expectError(await server.browser().get("/auth/oauth/unknown", framed), 404, "not_found");
  });
});

describe("oauth.errorURL", () => {
  it.each([
    "sign-in",
    "//evil.example",
    "https://evil.example/",
    "/%2F/evil.example",
    "/auth/logout",
    "com.example.app://x",
    "javascript:alert(1)",
    "/\\evil",
  ])("refuses %s at configuration", (errorURL) => {
    const refused = (): unknown =>
      openStubServer({ trustedOrigins: ["com.example.app://"], oauth: { errorURL } });
    expect(refused).toThrow(TypeError);
    expect(refused).toThrow(/^oauth\.errorURL is ".*", but it must be a page of the application/);
  });
});
