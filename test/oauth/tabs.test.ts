import { describe, expect, it } from "vitest";
import type { Browser } from "../fixtures/browser.ts";
import { begin, comeBack } from "../fixtures/oauth-flow.ts";
import {
  countOf,
  expectFailed,
  expectNoFlow,
  expectSentTo,
  FLOW_COOKIE,
  flowsOf,
  jarOf,
  openDesk,
  whoIs,
} from "../fixtures/oauth-server.ts";
import { ANN_THERE, paperProvider } from "../fixtures/providers/in-process-provider.ts";

/** Servers take headers of 8 to 16 kB; the sessions' own cookies need some of it. */
const MOST_BYTES = 6_144;
const ORDERS: Readonly<Record<string, readonly number[]>> = {
  "the order of their start": [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
  "the opposite order": [9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
  "any order": [5, 0, 9, 3, 7, 1, 8, 2, 6, 4],
};

async function beginMany(browser: Browser, count: number, redirectTo?: string): Promise<readonly string[]> {
  const urls: string[] = [];
  for (let n = 0; n < count; n++) urls.push(await begin(browser, "paper", redirectTo));
  return urls;
}

function sizeOf(browser: Browser): number {
  return [...flowsOf(browser)].reduce((sum, [name, value]) => sum + name.length + value.length, 0);
}

describe("OAU-04 many sign-ins in one browser", () => {
  it.each(Object.entries(ORDERS))("OAU-04 ten tabs begin, and all finish in %s", async (_, order) => {
    const desk = openDesk();
    const browser = desk.browser();
    const urls = await beginMany(browser, 10);
    expect(flowsOf(browser).size).toBe(10);
    for (const index of order) {
      expectSentTo(await comeBack(browser, desk.paper.agree(urls[index] ?? "", ANN_THERE)), "/welcome");
      expect(await whoIs(browser)).not.toBeNull();
    }
    expect(flowsOf(browser).size).toBe(0);
    expect([countOf(desk, "user.created"), countOf(desk, "session.started")]).toEqual([1, 10]);
    // Each new session took the place of the one before.
    const id = String(await whoIs(browser));
    expect(await desk.auth.sessions.list(id)).toHaveLength(1);
  });

  it("OAU-04 the tabs of two providers do not get in each other's way", async () => {
    const papers = [paperProvider({ id: "alpha" }), paperProvider({ id: "beta" })] as const;
    const [alpha, beta] = papers;
    const desk = openDesk({ papers });
    const browser = desk.browser();
    const [a, b] = [await begin(browser, "alpha", "/a"), await begin(browser, "beta", "/b")];
    expectSentTo(await comeBack(browser, beta.agree(b, ANN_THERE)), "/b");
    expectSentTo(await comeBack(browser, alpha.agree(a, ANN_THERE)), "/a");
  });

  it("OAU-04 the 17th pushes the oldest out, and that one only", async () => {
    const desk = openDesk();
    const browser = desk.browser();
    const urls: string[] = [];
    for (let n = 0; n < 17; n++) {
      urls.push(await begin(browser, "paper", "/"));
      desk.clock.advance(1);
    }
    const { size } = flowsOf(browser);
    expect(size).toBe(16);
    expect(sizeOf(browser)).toBeLessThanOrEqual(MOST_BYTES);
    const answers = [];
    for (const url of urls) answers.push(await comeBack(browser, desk.paper.agree(url, ANN_THERE)));
    const statuses = answers.map(({ status }) => status);
    expect(statuses).toEqual(statuses.map((_, index) => (index < 17 - size ? 400 : 303)));
    const [first] = answers;
    if (first !== undefined) await expectNoFlow(first, { events: [] });
  });

  it("OAU-04 long targets push out more, so that the header stays within bounds", async () => {
    const desk = openDesk();
    const browser = desk.browser();
    const target = `/${"x".repeat(1_000)}`;
    const urls = await beginMany(browser, 20, target);
    expect(sizeOf(browser)).toBeLessThanOrEqual(MOST_BYTES);
    const header = browser.request("/").headers.get("cookie") ?? "";
    expect(header.length).toBeLessThan(MOST_BYTES + 200);
    const last = urls.at(-1) ?? "";
    expectSentTo(await comeBack(browser, desk.paper.agree(last, ANN_THERE)), target);
  });

  it("OAU-04 what cannot be opened any more goes first, and the session's cookies stay", async () => {
    const desk = openDesk();
    const browser = desk.browser();
    expectSentTo(await desk.signIn(browser), "/welcome");
    const session = jarOf(browser);
    const planted = Array.from({ length: 30 }, (_, n) => `${FLOW_COOKIE}x${n}=rubbish; Max-Age=600; Path=/`);
    const headers = new Headers();
    for (const line of planted) headers.append("set-cookie", line);
    browser.take(headers);
    const kept = await begin(browser, "paper");
    expect(flowsOf(browser).size).toBe(1);
    for (const [name, value] of session) expect(jarOf(browser).get(name)).toBe(value);
    expectSentTo(await comeBack(browser, desk.paper.agree(kept, ANN_THERE)), "/welcome");
  });

  it("OAU-04 one tab that fails or is refused takes none of the others along", async () => {
    const desk = openDesk();
    const browser = desk.browser();
    const [bad = "", denied = "", good = ""] = await beginMany(browser, 3);
    expectFailed(await comeBack(browser, desk.paper.agree(bad, ANN_THERE, { code: "x" })), "oauth_failed");
    const no = desk.paper.agree(denied, ANN_THERE, { error: "access_denied", code: undefined });
    expectFailed(await comeBack(browser, no), "oauth_denied");
    expectSentTo(await comeBack(browser, desk.paper.agree(good, ANN_THERE)), "/welcome");
  });
});
