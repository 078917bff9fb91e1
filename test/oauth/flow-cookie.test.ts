import { describe, expect, it } from "vitest";
import { expectError } from "../fixtures/answers.ts";
import { expectNoFlow, expectSentTo, whoIs } from "../fixtures/oauth-answers.ts";
import { begin, callbackOf, comeBack, deliver, flowsOf, jarOf } from "../fixtures/oauth-flow.ts";
import { openStubServer } from "../fixtures/oauth-server.ts";
import { ANN_THERE, stubProvider } from "../fixtures/providers/stub-provider.ts";
import { sidOf } from "../fixtures/tokens.ts";

const LOCAL = { baseURL: "http://localhost:3000" };
const formPost = () => stubProvider({ responseMode: "form_post" });

async function linesOfStart(stubs: Parameters<typeof openStubServer>[0]): Promise<readonly string[]> {
  const browser = openStubServer(stubs).browser();
  return (await browser.get("/auth/oauth/stub")).headers.getSetCookie();
}

describe("the cookie of a flow", () => {
  it("equals a fixed line on https, bound to the host", async () => {
    const lines = await linesOfStart({});
    expect(lines).toEqual([
      expect.stringMatching(
        /^__Host-Http-latchkey\.oauth\.[\w-]{16}=[\w-]+; Max-Age=600; Path=\/; Secure; HttpOnly; SameSite=Lax$/,
      ),
    ]);
  });

  it("has the port in its name on http://localhost, without Secure", async () => {
    const lines = await linesOfStart(LOCAL);
    expect(lines).toEqual([
      expect.stringMatching(
        /^latchkey\.oauth\.3000\.[\w-]{16}=[\w-]+; Max-Age=600; Path=\/; HttpOnly; SameSite=Lax$/,
      ),
    ]);
  });

  it("OAU-19 is SameSite=None for a form post on https, and only there", async () => {
    const [line = ""] = await linesOfStart({ stubs: [formPost()] });
    expect(line).toMatch(/; Max-Age=600; Path=\/; Secure; HttpOnly; SameSite=None$/);
    const [local = ""] = await linesOfStart({ ...LOCAL, stubs: [formPost()] });
    expect(local).toMatch(/; Path=\/; HttpOnly; SameSite=Lax$/);
  });

  it("has no Domain, whatever the domain of the session cookies is", async () => {
    const [line = ""] = await linesOfStart({ cookies: { domain: "example.com", sameSite: "strict" } });
    expect(line).toMatch(
      /^__Host-Http-latchkey\.oauth\.[\w-]{16}=[\w-]+; Max-Age=600; Path=\/; Secure; HttpOnly/,
    );
    expect(line).toMatch(/SameSite=Lax$/);
  });

  it("reveals nothing of the flow, and is deleted when the flow ends", async () => {
    const server = openStubServer();
    const browser = server.browser();
    const url = new URL(await begin(browser, "stub"));
    const [[name = "", value = ""] = []] = flowsOf(browser);
    for (const secret of [url.searchParams.get("state"), url.searchParams.get("nonce"), "welcome"]) {
      expect(`${name} ${Buffer.from(value, "base64url").toString("latin1")} ${value}`).not.toContain(secret);
    }
    const answer = await comeBack(browser, server.stub.agree(url.href, ANN_THERE));
    expect(answer.headers.getSetCookie()).toContain(
      `${name}=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax`,
    );
  });
});

describe("OAU-19 a form post without the session cookies", () => {
  it("OAU-19 signs in by the flow cookie alone, and ends the earlier session of the browser", async () => {
    const stub = formPost();
    const server = openStubServer({ stubs: [stub] });
    const browser = await server.signedIn();
    const [former, ann] = [sidOf(browser.cookie("access")), await whoIs(browser)];
    const arrival = stub.agree(await begin(browser, "stub"), { subject: "another" });
    const answer = await deliver(server, arrival, flowsOf(browser), { origin: "null" });
    expectSentTo(answer, "/welcome");
    browser.take(answer.headers);
    expect(await whoIs(browser)).not.toBe(ann);
    expect(sidOf(browser.cookie("access"))).not.toBe(former);
    expect((await server.auth.sessions.get(former))?.endReason).toBe("replaced");
    expect([...jarOf(browser).keys()]).toHaveLength(2);
  });

  it("OAU-19 is bound to the browser", async () => {
    const stub = formPost();
    const server = openStubServer({ stubs: [stub] });
    const [attacker, victim] = [server.browser(), server.browser()];
    const arrival = stub.agree(await begin(attacker, "stub"), ANN_THERE);
    await begin(victim, "stub");
    await expectNoFlow(await deliver(server, arrival, flowsOf(victim)), server);
    await expectNoFlow(await deliver(server, arrival, new Map()), server);
    expect(stub.calls).toEqual([]);
  });

  it.each(["query", "form_post"] as const)(
    "is accepted only in the response mode of the request: %s",
    async (mode) => {
      const stub = stubProvider({ responseMode: mode });
      const server = openStubServer({ stubs: [stub] });
      const browser = server.browser();
      const arrival = stub.agree(await begin(browser, "stub"), ANN_THERE);
      const fields = arrival.method === "GET" ? new URL(arrival.url).searchParams : arrival.body;
      const path = callbackOf("stub").slice("http://localhost:3000".length);
      const url = `https://app.example.com${path}`;
      const other =
        mode === "query"
          ? ({ method: "POST", url, body: new URLSearchParams(fields) } as const)
          : ({ method: "GET", url: `${url}?${fields}` } as const);
      await expectNoFlow(await deliver(server, other, flowsOf(browser)), server);
      expect(stub.calls).toEqual([]);
    },
  );

  it("is refused with duplicate fields, another media type, or an endless body", async () => {
    const stub = formPost();
    const server = openStubServer({ stubs: [stub] });
    const browser = server.browser();
    const arrival = stub.agree(await begin(browser, "stub"), ANN_THERE);
    const fields = arrival.method === "POST" ? arrival.body.toString() : "";
    const path = "/auth/oauth/stub/callback";
    const post = (body: string, type = "application/x-www-form-urlencoded"): Promise<Response> =>
      browser.send(path, { method: "POST", body, headers: { "content-type": type, origin: "null" } });
    await expectError(await post(`${fields}&state=x`), 400, "invalid_request");
    await expectError(await post(`${fields}&code=%FF`), 400, "invalid_request");
    await expectError(await post(fields, "multipart/form-data; boundary=x"), 415, "unsupported_media_type");
    await expectError(await post(`${fields}&x=${"x".repeat(20_000)}`), 413, "payload_too_large");
    await expectError(await post(""), 400, "oauth_state_invalid");
    expect(stub.calls).toEqual([]);
    // None of them used the flow up.
    expectSentTo(await post(fields), "/welcome");
  });
});

describe("a callback with Strict cookies", () => {
  it("answers with a page of our own that leads to the target, because no redirect brings the cookies", async () => {
    const server = openStubServer({ cookies: { sameSite: "strict" } });
    const browser = server.browser();
    const started = await browser.get(`/auth/oauth/stub?redirect_to=${encodeURIComponent("/a?b=<'c'>&d")}`);
    const answer = await comeBack(
      browser,
      server.stub.agree(started.headers.get("location") ?? "", ANN_THERE),
    );
    expect(answer.status).toBe(200);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
      "cache-control": "private, no-store",
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
    });
    const href = "https://app.example.com/a?b=%3C%27c%27%3E&amp;d";
    expect(await answer.text()).toBe(
      `<!doctype html><html lang="en"><meta charset="utf-8"><title>Signing in</title><meta http-equiv="refresh" content="0; url=${href}"><a href="${href}">Continue</a></html>`,
    );
    expect(browser.cookie("access")).not.toBe("");
  });
});
