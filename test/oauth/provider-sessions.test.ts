import type { AuthOptions, ProviderAccount } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import { describe, expect, it } from "vitest";
import { bodyOf, expectError } from "../fixtures/answers.ts";
import { expectFailed, expectSentTo, whoIs } from "../fixtures/oauth-answers.ts";
import { begin, comeBack } from "../fixtures/oauth-flow.ts";
import { linkAt, openStubServer, type StubServer } from "../fixtures/oauth-server.ts";
import { s256 } from "../fixtures/providers/rigged-answers.ts";
import { ANN_THERE } from "../fixtures/providers/stub-provider.ts";
import { ANN, BOB, countOf, typesOf } from "../fixtures/server.ts";
import { claimsOf, sidOf } from "../fixtures/tokens.ts";
import { faulty } from "../fixtures/wrapped-store.ts";

type Hooks = NonNullable<AuthOptions["hooks"]>;
const VERIFIER = "v".repeat(43);
const TARGET = "com.example.app://done";

/** The code that a native app is sent. */
async function codeOf(server: StubServer): Promise<string> {
  const browser = server.browser();
  const query = new URLSearchParams({
    transport: "bearer",
    redirect_to: TARGET,
    code_challenge: s256(VERIFIER),
  });
  const start = await browser.get(`/auth/oauth/stub?${query}`);
  const answer = await comeBack(browser, server.stub.agree(start.headers.get("location") ?? "", ANN_THERE));
  return new URL(answer.headers.get("location") ?? "").searchParams.get("code") ?? "";
}

function exchange(server: StubServer, code: string): Promise<Response> {
  return server.browser().post("/auth/oauth/exchange", { code, code_verifier: VERIFIER });
}

describe("FIX-01 FIX-02 a sign-in with a provider starts a session", () => {
  it("FIX-02 ends the earlier session of the browser, of the same user or another, and mixes nothing", async () => {
    const server = openStubServer();
    const browser = await server.signedIn(BOB);
    const sids = [sidOf(browser.cookie("access"))];
    const bob = await whoIs(browser);
    const thief = browser.copy();
    for (let turn = 0; turn < 2; turn++) {
      expectSentTo(await server.signIn(browser), "/welcome");
      sids.push(sidOf(browser.cookie("access")));
    }
    expect(await whoIs(browser)).not.toBe(bob);
    expect(new Set(sids).size).toBe(3);
    const ends = await Promise.all(sids.map((sid) => server.auth.sessions.get(sid)));
    expect(ends.map((session) => session?.endReason)).toEqual(["replaced", "replaced", null]);
    await expectError(await thief.post("/auth/refresh"), 401, "session_revoked");
    expect(claimsOf(browser.cookie("access"))).toMatchObject({ amr: ["fed"], transport: "cookie" });
  });

  it("FIX-01 uses no session id from a cookie, a query or the provider", async () => {
    const server = openStubServer();
    const attacker = await server.signedIn(BOB);
    const sid = sidOf(attacker.cookie("access"));
    // The victim's browser was given the attacker's cookies.
    const victim = attacker.copy();
    const arrival = server.stub.agree(await begin(victim, "stub"), ANN_THERE, { sid, session_id: sid });
    expectSentTo(await comeBack(victim, arrival), "/welcome");
    expect(sidOf(victim.cookie("access"))).not.toBe(sid);
    expect((await server.auth.sessions.get(sid))?.endReason).toBe("replaced");
    expect(await whoIs(victim)).not.toBe(await whoIs(attacker));
  });

  it("FIX-02 does not change the session of the browser where it fails", async () => {
    const server = openStubServer();
    const browser = await server.signedIn();
    const id = await whoIs(browser);
    const arrival = server.stub.agree(await begin(browser, "stub"), ANN_THERE, { error: "access_denied" });
    expectFailed(await comeBack(browser, arrival), "oauth_denied");
    expect({ user: await whoIs(browser), ended: countOf(server, "session.ended") }).toEqual({
      user: id,
      ended: 0,
    });
  });

  it("respects sessions.limit", async () => {
    const server = openStubServer({ sessions: { limit: 2 } });
    const browsers = [server.browser(), server.browser(), server.browser()];
    for (const browser of browsers) {
      await server.signIn(browser);
      server.clock.advance(1);
    }
    const id = String(await whoIs(browsers[2] ?? server.browser()));
    expect(await server.auth.sessions.list(id)).toHaveLength(2);
  });

  it("refuses a disabled user, and leaves no session", async () => {
    const server = openStubServer();
    const browser = server.browser();
    await server.signIn(browser);
    const id = String(await whoIs(browser));
    await server.auth.users.disable(id);
    const other = server.browser();
    expectFailed(await server.signIn(other), "forbidden");
    expect({ sessions: await server.auth.sessions.list(id), cookies: other.names() }).toEqual({
      sessions: [],
      cookies: [],
    });
    await server.auth.users.enable(id);
    expectSentTo(await server.signIn(other), "/welcome");
    expect(await whoIs(other)).toBe(id);
  });

  it("is limited by signIn at the start of a link", async () => {
    const server = openStubServer({
      rateLimit: { signIn: { limit: 2, window: 60 } },
      clientAddress: () => "203.0.113.7",
    });
    await server.auth.users.create(ANN);
    const browser = server.browser();
    // The sign-in succeeds, so it does not count.
    await browser.post("/auth/login", ANN);
    for (let start = 0; start < 2; start++)
      expect((await browser.post("/auth/oauth/stub/link")).status).toBe(200);
    await expectError(await browser.post("/auth/oauth/stub/link"), 429, "rate_limited");
  });

  it("is limited by signIn at its start and at the exchange of a code", async () => {
    const server = openStubServer({
      rateLimit: { signIn: { limit: 3, window: 60 } },
      clientAddress: () => "203.0.113.7",
      trustedOrigins: ["com.example.app://"],
    });
    const browser = server.browser();
    const code = await codeOf(server);
    await begin(browser, "stub");
    expect((await exchange(server, code)).status).toBe(200);
    const refused = await browser.get("/auth/oauth/stub");
    expect(refused.headers.get("retry-after")).toMatch(/^\d+$/);
    await expectError(refused, 429, "rate_limited");
    await expectError(await exchange(server, code), 429, "rate_limited");
    await expectError(await server.browser().post("/auth/login", ANN), 429, "rate_limited");
  });
});

describe("hooks.signedIn", () => {
  function watching(answer?: false): { readonly hooks: Hooks; readonly seen: (ProviderAccount | null)[] } {
    const seen: (ProviderAccount | null)[] = [];
    const signedIn: Hooks["signedIn"] = ({ account }) => {
      seen.push(account);
      return answer;
    };
    return { hooks: { signedIn }, seen };
  }

  it("gets the account and its tokens once, and is not called for a refresh", async () => {
    const { hooks, seen } = watching();
    const server = openStubServer({ hooks });
    const browser = server.browser();
    await server.signIn(browser);
    await browser.post("/auth/refresh");
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({ provider: "stub", ...ANN_THERE, claims: ANN_THERE });
    const { accessToken, refreshToken, idToken } = seen[0]?.tokens ?? {};
    expect([accessToken, refreshToken, idToken]).toEqual(server.stub.issued);
    await server.signedIn(BOB);
    expect(seen[1]).toBeNull();
  });

  it("gets no picture of a provider that tells none, or no URL", async () => {
    const { hooks, seen } = watching();
    const server = openStubServer({ hooks });
    const pictures = [undefined, "javascript:alert(1)", "https://id.example.org/ann.png"];
    for (const picture of pictures) {
      const person = { ...ANN_THERE, ...(picture === undefined ? {} : { picture }) };
      await server.signIn(server.browser(), person);
    }
    expect(seen.map((account) => account?.picture)).toEqual([null, null, "https://id.example.org/ann.png"]);
  });

  it("may refuse, and then a new user is removed and a known user stays", async () => {
    const { hooks } = watching(false);
    const server = openStubServer({ hooks });
    const browser = server.browser();
    expectFailed(await server.signIn(browser), "forbidden");
    expect(await server.auth.users.find({ email: ANN.email })).toBeNull();
    expect(
      await server.store.users.findByAccount({ provider: "stub", subject: ANN_THERE.subject }),
    ).toBeNull();
    expect(browser.names()).toEqual([]);
    expect(typesOf(server.events).toSorted()).toEqual([
      "account.linked",
      "oauth.failed",
      "sign_in.failed",
      "user.created",
      "user.deleted",
    ]);
    const { id } = await server.auth.users.create({ ...ANN, emailVerified: true });
    expectFailed(await server.signIn(browser), "forbidden");
    expect(await server.auth.users.get(id)).not.toBeNull();
  });

  it("may throw, and then the code is internal_error and a new user is removed", async () => {
    const signedIn = (): never => {
      throw new Error("the application's own words");
    };
    const server = openStubServer({ hooks: { signedIn } });
    const answer = await server.signIn(server.browser());
    expectFailed(answer, "internal_error");
    expect(JSON.stringify(server.events)).not.toContain("own words");
    expect(await server.auth.users.find({ email: ANN.email })).toBeNull();
  });

  it("may refuse a native app at the exchange of its code", async () => {
    const { hooks } = watching(false);
    const server = openStubServer({ hooks, trustedOrigins: ["com.example.app://"] });
    await expectError(await exchange(server, await codeOf(server)), 403, "forbidden");
    expect(await server.auth.users.find({ email: ANN.email })).toBeNull();
  });
});

describe("a sign-in that fails at the last step", () => {
  it("removes a new user, unless that user has signed in since", async () => {
    let failing = false;
    const fault = (operation: string): Promise<never> | null =>
      failing && operation === "sessions.create" ? Promise.reject(new Error("gone")) : null;
    const server = openStubServer({
      store: faulty(memory(), fault),
      trustedOrigins: ["com.example.app://"],
    });
    const code = await codeOf(server);
    const browser = server.browser();
    // The same person, in a browser, before the app comes for its tokens.
    expectSentTo(await server.signIn(browser), "/welcome");
    failing = true;
    await expectError(await exchange(server, code), 503, "store_unavailable");
    expect(await whoIs(browser)).not.toBeNull();
    expect(await server.auth.users.find({ email: ANN.email })).not.toBeNull();
    const alone = server.browser();
    expectFailed(await server.signIn(alone, { subject: "new" }), "store_unavailable");
    expect(await server.store.users.findByAccount({ provider: "stub", subject: "new" })).toBeNull();
    failing = false;
    expectSentTo(await server.signIn(alone, { subject: "new" }), "/welcome");
  });

  it("returns a body with the session and without tokens of the provider", async () => {
    const server = openStubServer({ trustedOrigins: ["com.example.app://"] });
    const answer = await exchange(server, await codeOf(server));
    const text = JSON.stringify(await bodyOf(answer));
    for (const token of server.stub.issued) expect(text).not.toContain(token);
    const browser = await server.signedIn(BOB);
    await linkAt(server.stub, browser, { subject: "bob" });
    const shown = JSON.stringify([await bodyOf(await browser.get("/auth/session"))]);
    for (const token of server.stub.issued) expect(shown).not.toContain(token);
  });
});
