import { describe, expect, it } from "vitest";
import { bodyOf, expectError } from "../fixtures/answers.ts";
import type { Browser } from "../fixtures/browser.ts";
import { expectSentTo } from "../fixtures/oauth-answers.ts";
import { begin, beginLink, comeBack, flowsOf } from "../fixtures/oauth-flow.ts";
import { openStubServer, type StubServer } from "../fixtures/oauth-server.ts";
import { ANN_THERE } from "../fixtures/providers/stub-provider.ts";
import { GOOD_TARGETS, OWN_ORIGIN, REDIRECTS, RELATIVES, TRUSTED_ORIGIN } from "../vectors/redirects.ts";

const CHALLENGE = "A".repeat(43);
const trusting = { trustedOrigins: [TRUSTED_ORIGIN, "net.trusted.app://"] };
const encode = encodeURIComponent;
/** A form, and a query, carry no lone surrogate: what arrives is another character. */
const sendable = REDIRECTS.filter(({ input }) => input.isWellFormed());

const FORM = { "content-type": "application/x-www-form-urlencoded" };
type Ask = (browser: Browser, target: string) => Promise<Response>;
const ways: Readonly<Record<string, Ask>> = {
  "the start": (browser, target) => browser.get(`/auth/oauth/stub?redirect_to=${encode(target)}`),
  "the start of an app": (browser, target) =>
    browser.get(
      `/auth/oauth/stub?transport=bearer&code_challenge=${CHALLENGE}&redirect_to=${encode(target)}`,
    ),
  "a link in JSON": (browser, target) => browser.post("/auth/oauth/stub/link", { redirect_to: target }),
  "a link by a form": (browser, target) =>
    browser.send("/auth/oauth/stub/link", {
      method: "POST",
      body: `redirect_to=${encode(target)}`,
      headers: FORM,
    }),
};

function forget(browser: Browser): void {
  const headers = new Headers();
  for (const name of flowsOf(browser).keys()) headers.append("set-cookie", `${name}=; Max-Age=0; Path=/`);
  browser.take(headers);
}

/** Comes back as the provider bids, and returns where the browser is sent. */
async function endOf(server: StubServer, browser: Browser, url: string, changes: object = {}): Promise<URL> {
  const response = await comeBack(browser, server.stub.agree(url, ANN_THERE, { ...changes }));
  const location = response.headers.get("location") ?? "";
  expect(response.status).toBe(303);
  expect(location).toMatch(/^[\x21-\x7e]+$/);
  return new URL(location);
}

describe.each(Object.entries(ways))("RED-01 the list of open redirects at %s", (_, ask) => {
  it("is refused, or leads to the own origin", async () => {
    const server = openStubServer(trusting);
    const browser = await server.signedIn();
    let begun = 0;
    for (const { input, why } of sendable) {
      const response = await ask(browser, input);
      expect(response.headers.get("location") ?? "https://id.example.org/").toMatch(
        /^https:\/\/id\.example\.org\//,
      );
      if (response.status >= 400) {
        const { error } = await bodyOf(response);
        // A body that is longer than any target is not even read.
        const isTooLong = response.status === 413 && encode(input).length > 15_000;
        if (!isTooLong) expect({ input, error }).toEqual({ input, error: "redirect_not_allowed" });
        expect(flowsOf(browser).size).toBe(0);
        continue;
      }
      begun++;
      const url = response.headers.get("location") ?? String((await bodyOf(response))["url"]);
      const end = await endOf(server, browser, url, { error: "access_denied" });
      expect(end.origin, `${input}: ${why}`).toBe(OWN_ORIGIN);
      expect(end.pathname).not.toMatch(/^\/[/\\]/);
    }
    expect(begun).toBeLessThan(25);
  });

  it("RED-06 RED-08 relative, empty, long or malformed targets are refused", async () => {
    const server = openStubServer(trusting);
    const browser = await server.signedIn();
    for (const target of [
      ...RELATIVES,
      "",
      "/".repeat(2_048),
      `/${"x".repeat(10_240)}`,
      "/\u2028",
      "/\uFEFFx",
    ]) {
      await expectError(await ask(browser, target), 400, "redirect_not_allowed");
    }
    // Percent-encoded it would not fit its cookie any more.
    await expectError(await ask(browser, `/${"\u65E5".repeat(500)}`), 400, "redirect_not_allowed");
    expect(flowsOf(browser).size).toBe(0);
  });
});

describe("redirect targets", () => {
  it("RED-07 are kept byte for byte, and are read from no other parameter", async () => {
    const server = openStubServer(trusting);
    const browser = server.browser();
    for (const { input } of GOOD_TARGETS) {
      const url = await begin(browser, "stub", input);
      const end = await endOf(server, browser, url, { redirect_to: "https://evil.example/", next: "//evil" });
      expect(end.href).toBe(new URL(input, OWN_ORIGIN).href);
    }
  });

  it("RED-07 get the code of a failure, and keep the rest of the URL", async () => {
    const server = openStubServer(trusting);
    const browser = server.browser();
    for (const { input } of GOOD_TARGETS) {
      forget(browser);
      const asked = new URL(input, OWN_ORIGIN);
      const end = await endOf(server, browser, await begin(browser, "stub", input), {
        error: "access_denied",
      });
      expect({ origin: end.origin, pathname: end.pathname, hash: end.hash }).toEqual({
        origin: asked.origin,
        pathname: asked.pathname,
        hash: asked.hash,
      });
      expect([...end.searchParams]).toEqual([...asked.searchParams, ["error", "oauth_denied"]]);
    }
  });

  it("RED-07 get the code of a failure in place of an error parameter of the page", async () => {
    const server = openStubServer();
    const browser = server.browser();
    const url = await begin(browser, "stub", "/x?error=a&error=b&y=z");
    const end = await endOf(server, browser, url, { error: "access_denied" });
    expect(end.search).toBe("?error=oauth_denied&y=z");
  });

  it("RED-06 are refused where the parameter appears twice or is a list", async () => {
    const server = openStubServer();
    const browser = await server.signedIn();
    const twice = await browser.get("/auth/oauth/stub?redirect_to=/x&redirect_to=/x");
    await expectError(twice, 400, "redirect_not_allowed");
    const both = await browser.get("/auth/oauth/stub?redirect_to=/x&redirect_to=//evil.example");
    await expectError(both, 400, "redirect_not_allowed");
    const link = "/auth/oauth/stub/link";
    const form = { method: "POST", body: "redirect_to=/x&redirect_to=/y", headers: FORM };
    await expectError(await browser.send(link, form), 400, "invalid_request");
    for (const target of [["/x"], 7, null, true, { href: "/x" }, "/\uD800"]) {
      await expectError(await browser.post(link, { redirect_to: target }), 400, "invalid_request");
    }
    expect(flowsOf(browser).size).toBe(0);
  });

  it("RED-08 are replaced by the origin where none is given", async () => {
    const server = openStubServer();
    const browser = server.browser();
    const start = await browser.get("/auth/oauth/stub");
    const arrival = server.stub.agree(start.headers.get("location") ?? "", ANN_THERE);
    expectSentTo(await comeBack(browser, arrival), "/");
    const link = await browser.send("/auth/oauth/stub/link", { method: "POST" });
    const back = server.stub.agree(String((await bodyOf(link))["url"]), ANN_THERE);
    expectSentTo(await comeBack(browser, back), "/");
  });

  it("RED-05 are replaced by the origin where they are no longer trusted at the callback", async () => {
    const server = openStubServer(trusting);
    const browser = server.browser();
    const url = await begin(browser, "stub", `${TRUSTED_ORIGIN}/x`);
    const later = openStubServer({ store: server.store, clock: server.clock, stubs: [server.stub] });
    expectSentTo(await comeBack(browser.copy(later.auth), server.stub.agree(url, ANN_THERE)), "/");
  });

  it("bring a person back to a page of 2,000 characters, from both of two tabs, within the budget of the cookies", async () => {
    const server = openStubServer();
    const browser = server.browser();
    const page = (name: string): string => `/files/a%2Fb?${name}=`.padEnd(2_000, "x");
    const urls = [
      await begin(browser, "stub", "/short"),
      await begin(browser, "stub", page("one")),
      await begin(browser, "stub", OWN_ORIGIN + page("two")),
    ];
    const kept = [...flowsOf(browser)];
    for (const [name, value] of kept) expect(name.length + value.length).toBeLessThan(4_000);
    expect(kept.reduce((sum, [name, value]) => sum + name.length + value.length, 0)).toBeLessThan(6_145);
    expect((await endOf(server, browser, urls[1] ?? "")).href).toBe(OWN_ORIGIN + page("one"));
    expect((await endOf(server, browser, urls[2] ?? "")).href).toBe(OWN_ORIGIN + page("two"));
  });

  it("RED-10 get a form that requests a link by 303, without its body", async () => {
    const server = openStubServer();
    const browser = await server.signedIn();
    const form = { method: "POST", body: "redirect_to=/settings", headers: FORM };
    const response = await browser.send("/auth/oauth/stub/link", form);
    expect({ status: response.status, text: await response.text() }).toEqual({ status: 303, text: "" });
    const end = await endOf(server, browser, response.headers.get("location") ?? "");
    expect(end.href).toBe(`${OWN_ORIGIN}/settings`);
    expect((await beginLink(browser, "stub")).startsWith("https://id.example.org/")).toBe(true);
  });
});
