import { describe, expect, it } from "vitest";
import type { Browser } from "../fixtures/browser.ts";
import { expectFailed, expectNoFlow, expectSentTo, whoIs } from "../fixtures/oauth-answers.ts";
import { begin, comeBack, FLOW_COOKIE, flowsOf, jarOf } from "../fixtures/oauth-flow.ts";
import { openStubServer } from "../fixtures/oauth-server.ts";
import { ANN_THERE, stubProvider } from "../fixtures/providers/stub-provider.ts";
import { countOf } from "../fixtures/server.ts";

/** Servers take headers of 8 to 16 kB; the sessions' own cookies need some of it. */
const MOST_BYTES = 6_144;
const ORDERS: Readonly<Record<string, readonly number[]>> = {
  "the order of their start": [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
  "the opposite order": [9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
  "any order": [5, 0, 9, 3, 7, 1, 8, 2, 6, 4],
};

async function beginMany(browser: Browser, count: number, redirectTo?: string): Promise<readonly string[]> {
  const urls: string[] = [];
  for (let n = 0; n < count; n++) urls.push(await begin(browser, "stub", redirectTo));
  return urls;
}

function sizeOf(browser: Browser): number {
  return [...flowsOf(browser)].reduce((sum, [name, value]) => sum + name.length + value.length, 0);
}

describe("OAU-04 many sign-ins in one browser", () => {
  it.each(Object.entries(ORDERS))("OAU-04 begin in ten tabs, and all finish in %s", async (_, order) => {
    const server = openStubServer();
    const browser = server.browser();
    const urls = await beginMany(browser, 10);
    expect(flowsOf(browser).size).toBe(10);
    for (const index of order) {
      expectSentTo(await comeBack(browser, server.stub.agree(urls[index] ?? "", ANN_THERE)), "/welcome");
      expect(await whoIs(browser)).not.toBeNull();
    }
    expect(flowsOf(browser).size).toBe(0);
    expect({ users: countOf(server, "user.created"), sessions: countOf(server, "session.started") }).toEqual({
      users: 1,
      sessions: 10,
    });
    // Each new session took the place of the one before.
    const id = String(await whoIs(browser));
    expect(await server.auth.sessions.list(id)).toHaveLength(1);
  });

  it("OAU-04 do not affect each other in the tabs of two providers", async () => {
    const stubs = [stubProvider({ id: "alpha" }), stubProvider({ id: "beta" })] as const;
    const [alpha, beta] = stubs;
    const server = openStubServer({ stubs });
    const browser = server.browser();
    const [a, b] = [await begin(browser, "alpha", "/a"), await begin(browser, "beta", "/b")];
    expectSentTo(await comeBack(browser, beta.agree(b, ANN_THERE)), "/b");
    expectSentTo(await comeBack(browser, alpha.agree(a, ANN_THERE)), "/a");
  });

  it("OAU-04 remove the oldest flow at the 17th, and no other", async () => {
    const server = openStubServer();
    const browser = server.browser();
    const urls: string[] = [];
    for (let n = 0; n < 17; n++) {
      urls.push(await begin(browser, "stub", "/"));
      server.clock.advance(1);
    }
    const { size } = flowsOf(browser);
    expect(size).toBe(16);
    expect(sizeOf(browser)).toBeLessThanOrEqual(MOST_BYTES);
    const answers = [];
    for (const url of urls) answers.push(await comeBack(browser, server.stub.agree(url, ANN_THERE)));
    const statuses = answers.map(({ status }) => status);
    expect(statuses).toEqual(statuses.map((_, index) => (index < 17 - size ? 400 : 303)));
    const [first] = answers;
    if (first !== undefined) await expectNoFlow(first, { events: [] });
  });

  it("OAU-04 remove more flows where targets are long, so the header stays within its limit", async () => {
    const server = openStubServer();
    const browser = server.browser();
    const target = `/${"x".repeat(1_000)}`;
    const urls = await beginMany(browser, 20, target);
    expect(sizeOf(browser)).toBeLessThanOrEqual(MOST_BYTES);
    const header = browser.request("/").headers.get("cookie") ?? "";
    expect(header.length).toBeLessThan(MOST_BYTES + 200);
    const last = urls.at(-1) ?? "";
    expectSentTo(await comeBack(browser, server.stub.agree(last, ANN_THERE)), target);
  });

  it("OAU-04 remove cookies that cannot be opened first, and keep the session's cookies", async () => {
    const server = openStubServer();
    const browser = server.browser();
    expectSentTo(await server.signIn(browser), "/welcome");
    const session = jarOf(browser);
    const planted = Array.from({ length: 30 }, (_, n) => `${FLOW_COOKIE}x${n}=rubbish; Max-Age=600; Path=/`);
    const headers = new Headers();
    for (const line of planted) headers.append("set-cookie", line);
    browser.take(headers);
    const kept = await begin(browser, "stub");
    expect(flowsOf(browser).size).toBe(1);
    for (const [name, value] of session) expect(jarOf(browser).get(name)).toBe(value);
    expectSentTo(await comeBack(browser, server.stub.agree(kept, ANN_THERE)), "/welcome");
  });

  it("OAU-04 do not end where one tab fails or is refused", async () => {
    const server = openStubServer();
    const browser = server.browser();
    const [bad = "", denied = "", good = ""] = await beginMany(browser, 3);
    expectFailed(await comeBack(browser, server.stub.agree(bad, ANN_THERE, { code: "x" })), "oauth_failed");
    const no = server.stub.agree(denied, ANN_THERE, { error: "access_denied", code: undefined });
    expectFailed(await comeBack(browser, no), "oauth_denied");
    expectSentTo(await comeBack(browser, server.stub.agree(good, ANN_THERE)), "/welcome");
  });
});
