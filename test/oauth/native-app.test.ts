import { randomBytes } from "node:crypto";
import { createAuth } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import { describe, expect, it } from "vitest";
import { bodyOf, expectError, textOf } from "../fixtures/answers.ts";
import type { Browser } from "../fixtures/browser.ts";
import { whoIs } from "../fixtures/oauth-answers.ts";
import { comeBack, flowsOf, jarOf } from "../fixtures/oauth-flow.ts";
import { openStubServer, type StubServer } from "../fixtures/oauth-server.ts";
import { s256 } from "../fixtures/providers/rigged-answers.ts";
import { ANN_THERE, type Person } from "../fixtures/providers/stub-provider.ts";
import { countOf, SECRET } from "../fixtures/server.ts";
import { claimsOf } from "../fixtures/tokens.ts";

const TARGET = "com.example.app://signed-in?tab=1";
const TRUSTED = ["com.example.app://", "https://link.example.org"];
const EXCHANGE = "/auth/oauth/exchange";

interface Trip {
  readonly code: string;
  readonly verifier: string;
  readonly browser: Browser;
  readonly location: URL;
}

function openAppServer(options: Parameters<typeof openStubServer>[0] = {}): StubServer {
  return openStubServer({ trustedOrigins: TRUSTED, ...options });
}

function startOf(parameters: Readonly<Record<string, string>>): string {
  return `/auth/oauth/stub?${new URLSearchParams({ transport: "bearer", redirect_to: TARGET, ...parameters })}`;
}

/** As far as the code that the app is sent. */
async function travel(server: StubServer, person: Person = ANN_THERE, target = TARGET): Promise<Trip> {
  const verifier = randomBytes(32).toString("base64url");
  const browser = server.browser();
  const query = { code_challenge: s256(verifier), code_challenge_method: "S256", redirect_to: target };
  const start = await browser.get(startOf(query));
  const answer = await comeBack(browser, server.stub.agree(start.headers.get("location") ?? "", person));
  expect(answer.status).toBe(303);
  const location = new URL(answer.headers.get("location") ?? "");
  return { code: location.searchParams.get("code") ?? "", verifier, browser, location };
}

/** As an app asks: no cookies, and nothing that says where from. */
function exchange({ auth }: StubServer, code: unknown, verifier: unknown): Promise<Response> {
  const body = JSON.stringify({ code, code_verifier: verifier });
  const headers = { "content-type": "application/json" };
  return auth.handle(new Request(`https://app.example.com${EXCHANGE}`, { method: "POST", headers, body }));
}

async function expectWorthless(server: StubServer, { code, verifier }: Trip): Promise<void> {
  await expectError(await exchange(server, code, verifier), 400, "oauth_state_invalid");
}

describe("a native app", () => {
  it.each([TARGET, "com.example.app:/x", "https://link.example.org/open?x=y#z"])(
    "signs in with the target %s",
    async (to) => {
      const server = openAppServer();
      const { code, verifier, browser, location } = await travel(server, ANN_THERE, to);
      const asked = new URL(to);
      asked.searchParams.set("code", code);
      expect(location.href).toBe(asked.href);
      const answer = await exchange(server, code, verifier);
      expect({ status: answer.status, cookies: answer.headers.getSetCookie() }).toEqual({
        status: 200,
        cookies: [],
      });
      expect(answer.headers.get("cache-control")).toContain("no-store");
      const body = await bodyOf(answer);
      expect(Object.keys(body).toSorted()).toEqual(
        ["access_token", "expires_in", "refresh_token", "session", "token_type", "user"].toSorted(),
      );
      expect(claimsOf(textOf(body, "access_token"))).toMatchObject({ transport: "bearer", amr: ["fed"] });
      // The browser on the way has no session, and no cookie is left in it.
      expect(jarOf(browser).size).toBe(0);
    },
  );

  it("keeps the session that the browser had, and gives the browser no token", async () => {
    const server = openAppServer();
    const browser = await server.signedIn();
    const [id, before] = [await whoIs(browser), jarOf(browser)];
    const start = await browser.get(startOf({ code_challenge: s256("v".repeat(43)) }));
    const answer = await comeBack(
      browser,
      server.stub.agree(start.headers.get("location") ?? "", { subject: "x" }),
    );
    const location = answer.headers.get("location") ?? "";
    for (const token of server.stub.issued) expect(location).not.toContain(token);
    expect([...new URL(location).searchParams.keys()]).toEqual(["tab", "code"]);
    expect({ user: await whoIs(browser), jar: jarOf(browser) }).toEqual({ user: id, jar: before });
  });

  it("gets the code of a failure at its own target", async () => {
    const server = openAppServer();
    const browser = server.browser();
    const start = await browser.get(startOf({ code_challenge: s256("v".repeat(43)) }));
    const denied = { error: "access_denied", code: undefined };
    const answer = await comeBack(
      browser,
      server.stub.agree(start.headers.get("location") ?? "", ANN_THERE, denied),
    );
    expect(answer.headers.get("location")).toBe(`${TARGET}&error=oauth_denied`);
  });

  const wrongStarts: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    "no challenge": {},
    "a short challenge": { code_challenge: "x".repeat(42) },
    "a long challenge": { code_challenge: "x".repeat(44) },
    "a challenge in base64": { code_challenge: `${"x".repeat(41)}+/` },
    "a plain challenge": { code_challenge: "x".repeat(43), code_challenge_method: "plain" },
    "an unknown method": { code_challenge: "x".repeat(43), code_challenge_method: "S512" },
    "a method in lower case": { code_challenge: "x".repeat(43), code_challenge_method: "s256" },
    "another transport": { code_challenge: "x".repeat(43), transport: "both" },
  };
  it.each(Object.entries(wrongStarts))("cannot begin with %s", async (_, parameters) => {
    const server = openAppServer();
    const browser = server.browser();
    await expectError(await browser.get(startOf(parameters)), 400, "invalid_request");
    expect(flowsOf(browser).size).toBe(0);
  });

  it("cannot begin with a duplicate parameter", async () => {
    const server = openAppServer();
    const start = startOf({ code_challenge: "x".repeat(43) });
    for (const more of ["transport=bearer", "transport=cookie", `code_challenge=${"x".repeat(43)}`]) {
      await expectError(await server.browser().get(`${start}&${more}`), 400, "invalid_request");
    }
  });

  it.each([
    "org.example.evil://x",
    "com.example.appx://x",
    "https://evil.example/",
    "javascript:alert(1)",
    "",
  ])("cannot have the target %s", async (target) => {
    const server = openAppServer();
    const start = startOf({ code_challenge: "x".repeat(43), redirect_to: target });
    await expectError(await server.browser().get(start), 400, "redirect_not_allowed");
  });

  it("alone may have a custom scheme as target, and a scheme that a browser runs cannot be trusted", async () => {
    const server = openAppServer();
    const query = new URLSearchParams({ redirect_to: TARGET });
    await expectError(await server.browser().get(`/auth/oauth/stub?${query}`), 400, "redirect_not_allowed");
    const schemes = [
      "javascript",
      "data",
      "vbscript",
      "blob",
      "file",
      "about",
      "view-source",
      "http",
      "https",
    ];
    for (const scheme of schemes.flatMap((name) => [`${name}:`, `${name}://`, `${name}:*`])) {
      const options = { store: memory(), providers: [server.stub.provider], secret: SECRET };
      const make = (): unknown => createAuth({ ...options, trustedOrigins: [scheme] });
      expect(make, scheme).toThrow(TypeError);
      expect(make).toThrow(/trustedOrigins/);
    }
  });
});

describe("the code of a native app", () => {
  it("is redeemed once by 20 simultaneous requests", async () => {
    const server = openAppServer();
    const trip = await travel(server);
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => exchange(server, trip.code, trip.verifier)),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 400)).toHaveLength(19);
    expect(countOf(server, "session.started")).toBe(1);
    await expectWorthless(server, trip);
  });

  it("is valid for 60 seconds", async () => {
    const server = openAppServer();
    const [early, late] = [await travel(server), await travel(server)];
    server.clock.advance(59);
    expect((await exchange(server, early.code, early.verifier)).status).toBe(200);
    server.clock.advance(1);
    await expectWorthless(server, late);
  });

  it.each<readonly [string, (verifier: string) => string]>([
    ["another verifier", () => "w".repeat(43)],
    ["its challenge for a verifier", s256],
    ["a verifier that is too short", (verifier) => verifier.slice(1)],
    ["an empty verifier", () => ""],
    ["a verifier and more", (verifier) => `${verifier} `],
  ])("is used up by %s", async (_, change) => {
    const server = openAppServer();
    const trip = await travel(server);
    await expectError(await exchange(server, trip.code, change(trip.verifier)), 400, "oauth_state_invalid");
    await expectWorthless(server, trip);
    expect(countOf(server, "session.started")).toBe(0);
  });

  it("is refused with the verifier of another flow, and with other wrong values", async () => {
    const server = openAppServer();
    const [mine, other] = [await travel(server), await travel(server)];
    await expectError(await exchange(server, mine.code, other.verifier), 400, "oauth_state_invalid");
    const state = server.stub.calls[1]?.flow.state;
    for (const code of [state, "", "x", "A".repeat(43), "A".repeat(10_000), "__proto__"]) {
      await expectError(await exchange(server, code, other.verifier), 400, "oauth_state_invalid");
    }
    for (const code of [undefined, null, 7, [other.code], { code: other.code }]) {
      await expectError(await exchange(server, code, other.verifier), 400, "invalid_request");
    }
    expect((await exchange(server, other.code, other.verifier)).status).toBe(200);
  });

  const changes: Readonly<Record<string, (server: StubServer, id: string) => Promise<unknown>>> = {
    "gets a new password": ({ auth }, id) => auth.users.setPassword(id, "an altogether new one"),
    "is disabled": ({ auth }, id) => auth.users.disable(id),
    "is deleted": ({ auth }, id) => auth.users.delete(id),
    "is signed out everywhere": ({ auth }, id) => auth.sessions.revokeAll(id),
  };
  it.each(Object.entries(changes))("is refused where the user %s before the exchange", async (_, change) => {
    const server = openAppServer();
    const { id } = await server.auth.users.create({ email: "ann@example.com", emailVerified: true });
    const trip = await travel(server);
    await change(server, id);
    await expectWorthless(server, trip);
    expect(countOf(server, "session.started")).toBe(0);
  });

  it("leaves neither itself nor the provider's tokens in the store after the exchange", async () => {
    const seen: string[] = [];
    const store = memory();
    const { put, spend } = store.tokens;
    const tokens = {
      ...store.tokens,
      put: async (token: Parameters<typeof put>[0]) => {
        seen.push(JSON.stringify(token));
        return put(token);
      },
      spend: async (...args: Parameters<typeof spend>) => {
        seen.push(JSON.stringify(args));
        return spend(...args);
      },
    };
    const server = openAppServer({ store: { ...store, tokens } });
    const trip = await travel(server);
    expect(seen.length).toBe(2);
    const calls = server.stub.calls.flatMap(({ flow, answer }) => [
      flow.state,
      flow.nonce,
      flow.codeVerifier,
      answer.code,
    ]);
    const secrets = [trip.code, trip.verifier, ...server.stub.issued, ...calls];
    for (const secret of secrets) expect(seen.join()).not.toContain(secret);
  });
});
