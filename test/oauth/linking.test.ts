import { describe, expect, it } from "vitest";
import { expectError } from "../fixtures/answers.ts";
import { expectFailed, expectNoFlow, expectSentTo, whoIs } from "../fixtures/oauth-answers.ts";
import { begin, beginLink, comeBack, deliver, flowsOf, jarOf } from "../fixtures/oauth-flow.ts";
import { linkAt, openStubServer } from "../fixtures/oauth-server.ts";
import { ANN_THERE, type Person, stubProvider } from "../fixtures/providers/stub-provider.ts";
import { ANN, BOB, countOf } from "../fixtures/server.ts";

const LINK = "/auth/oauth/stub/link";
const emails: Readonly<Record<string, Partial<Person>>> = {
  "no address": { email: null, emailVerified: false },
  "an address that is not one": { email: "ann at example", emailVerified: true },
  "an unverified address": { emailVerified: false },
  "a verified address": { emailVerified: true },
};

describe("OAU-16 OAU-17 an address from a provider", () => {
  it.each(Object.entries(emails))("creates a user for a new account with %s", async (title, changes) => {
    const server = openStubServer();
    const browser = server.browser();
    expectSentTo(await server.signIn(browser, { ...ANN_THERE, ...changes }), "/welcome");
    const user = await server.store.users.get(String(await whoIs(browser)));
    const isProven = title === "a verified address";
    const email = isProven ? "ann@example.com" : null;
    expect(user).toMatchObject({ email, emailVerified: isProven, passwordHash: null, name: "Ann" });
  });

  const cases = Object.keys(emails).flatMap((title) => [true, false].map((local) => [title, local] as const));
  it.each(cases)(
    "leads to its owner only where both sides have proved it: %s, and an owner whose proof is %s",
    async (title, emailVerified) => {
      const server = openStubServer();
      const { id } = await server.auth.users.create({ ...ANN, emailVerified });
      const browser = server.browser();
      const answer = await server.signIn(browser, { ...ANN_THERE, ...emails[title] });
      const hasAddress = title.endsWith("verified address");
      const isLinked = title === "a verified address" && emailVerified;
      expect(await server.auth.users.accounts(id)).toHaveLength(isLinked ? 1 : 0);
      if (isLinked || !hasAddress) expectSentTo(answer, "/welcome");
      else expectFailed(answer, "account_not_linked");
      expect((await whoIs(browser)) === id).toBe(isLinked);
      expect(countOf(server, "session.started")).toBe(isLinked || !hasAddress ? 1 : 0);
      // The owner's password is as good as before.
      expect((await server.browser().post("/auth/login", ANN)).status).toBe(200);
    },
  );

  it.each([
    ["ann@example.com", "ANN@Example.COM"],
    ["ann@example.com", " ann@example.com "],
    ["ann@b\u00FCcher.example", "Ann@xn--bcher-kva.example"],
    ["ann@xn--bcher-kva.example", "ann@B\u00DCCHER.example"],
    ["ann@example.com", "ann@example\uFF0Ecom"],
  ])("leads to the owner of %s from the spelling %s", async (here, there) => {
    const server = openStubServer();
    const { id } = await server.auth.users.create({ email: here, emailVerified: true });
    const browser = server.browser();
    expectSentTo(await server.signIn(browser, { ...ANN_THERE, email: there }), "/welcome");
    expect(await whoIs(browser)).toBe(id);
    // And an unproven owner is not passed by in other letters.
    const other = openStubServer();
    await other.auth.users.create({ email: here });
    expectFailed(await other.signIn(other.browser(), { ...ANN_THERE, email: there }), "account_not_linked");
  });

  it.each(["\uFF41nn@example.com", "an\u207F@example.com", "\u0410nn@example.com"])(
    "leads to no owner as %s, which only looks like the owner's address",
    async (email) => {
      const server = openStubServer();
      const { id } = await server.auth.users.create({ email: ANN.email, emailVerified: true });
      const browser = server.browser();
      await server.signIn(browser, { ...ANN_THERE, email });
      expect(await whoIs(browser)).not.toBe(id);
      expect(await server.auth.users.accounts(id)).toEqual([]);
    },
  );

  it("OAU-16 a user that changes the address at the provider stays the same user, even if another user here has the new one", async () => {
    const server = openStubServer();
    const browser = server.browser();
    await server.signIn(browser);
    const id = await whoIs(browser);
    const bob = await server.auth.users.create({ ...BOB, emailVerified: true });
    const changed = { ...ANN_THERE, email: BOB.email };
    const later = server.browser();
    expectSentTo(await server.signIn(later, changed), "/welcome");
    expect(await whoIs(later)).toBe(id);
    expect(await server.auth.users.accounts(bob.id)).toEqual([]);
  });

  it("OAU-16 the same subject at another provider is another user", async () => {
    const stubs = [stubProvider(), stubProvider({ id: "other" })] as const;
    const server = openStubServer({ stubs });
    const [mine, theirs] = [server.browser(), server.browser()];
    const person = { subject: "1" };
    await comeBack(mine, stubs[0].agree(await begin(mine, "stub"), person));
    await comeBack(theirs, stubs[1].agree(await begin(theirs, "other"), person));
    expect(await whoIs(mine)).not.toBe(await whoIs(theirs));
  });
});

describe("OAU-18 a link of an account", () => {
  it("OAU-18 is stored, causes an event, and then signs its user in", async () => {
    const server = openStubServer();
    const browser = await server.signedIn();
    const id = await whoIs(browser);
    expectSentTo(await linkAt(server.stub, browser, { subject: "mine" }), "/settings");
    expect(await whoIs(browser)).toBe(id);
    expect(server.events).toContainEqual(
      expect.objectContaining({ type: "account.linked", userId: id, provider: "stub" }),
    );
    const other = server.browser();
    expectSentTo(await server.signIn(other, { subject: "mine" }), "/welcome");
    expect(await whoIs(other)).toBe(id);
    // Once more changes nothing.
    expectSentTo(await linkAt(server.stub, browser, { subject: "mine" }), "/settings");
    expect(countOf(server, "account.linked")).toBe(1);
  });

  it("OAU-18 does not move an account to another user", async () => {
    const server = openStubServer();
    await server.signIn(server.browser());
    const bob = await server.signedIn(BOB);
    const id = await whoIs(bob);
    expectFailed(await linkAt(server.stub, bob), "account_not_linked", "/settings");
    expect(await server.auth.users.accounts(String(id))).toEqual([]);
    expect(await whoIs(bob)).toBe(id);
  });

  it("OAU-18 is refused in a browser where another user has signed in since", async () => {
    const server = openStubServer();
    const browser = await server.signedIn();
    const url = await beginLink(browser, "stub");
    await browser.post("/auth/signup", BOB);
    const before = server.events.length;
    const answer = await comeBack(browser, server.stub.agree(url, ANN_THERE));
    await expectNoFlow(answer, { events: server.events.slice(before) });
    expect(server.stub.calls).toEqual([]);
  });

  it.each(["query", "form_post"] as const)(
    "OAU-18 is refused after the user signed out, by %s",
    async (mode) => {
      const stub = stubProvider({ responseMode: mode });
      const server = openStubServer({ stubs: [stub] });
      const browser = await server.signedIn();
      const url = await beginLink(browser, "stub");
      const flows = flowsOf(browser);
      await browser.post("/auth/logout");
      const before = server.events.length;
      const answer = await deliver(server, stub.agree(url, ANN_THERE), flows);
      await expectNoFlow(answer, { events: server.events.slice(before) });
      expect(stub.calls).toEqual([]);
    },
  );

  it("OAU-18 is refused where the session ends while the provider answers", async () => {
    const server = openStubServer();
    const browser = await server.signedIn();
    const id = String(await whoIs(browser));
    server.stub.beforeAnswer = () => server.auth.sessions.revokeAll(id);
    await expectError(await linkAt(server.stub, browser, { subject: "x" }), 400, "oauth_state_invalid");
    expect(await server.auth.users.accounts(id)).toEqual([]);
    expect(await server.auth.sessions.list(id)).toEqual([]);
  });

  it("OAU-18 is refused in a browser with another user's session, and the session of the first user stays", async () => {
    const server = openStubServer();
    const [ann, bob] = [await server.signedIn(), await server.signedIn(BOB)];
    const arrival = server.stub.agree(await beginLink(ann, "stub"), ANN_THERE);
    const before = server.events.length;
    const answer = await deliver(server, arrival, new Map([...flowsOf(ann), ...jarOf(bob)]));
    await expectNoFlow(answer, { events: server.events.slice(before) });
    expect(server.stub.calls).toEqual([]);
    expect(await whoIs(ann)).not.toBeNull();
    expect(await whoIs(bob)).not.toBeNull();
  });

  it("OAU-18 is refused in another browser, signed in or not", async () => {
    const server = openStubServer();
    const attacker = await server.signedIn(BOB);
    const victim = await server.signedIn();
    const arrival = server.stub.agree(await beginLink(attacker, "stub"), ANN_THERE);
    const before = server.events.length;
    await expectNoFlow(await comeBack(victim, arrival), { events: server.events.slice(before) });
    expect(server.stub.calls).toEqual([]);
  });

  it("OAU-18 by a form post the sealed transaction names the session", async () => {
    const stub = stubProvider({ responseMode: "form_post" });
    const server = openStubServer({ stubs: [stub] });
    const browser = await server.signedIn();
    const id = String(await whoIs(browser));
    const arrival = stub.agree(await beginLink(browser, "stub"), { subject: "mine" });
    expectSentTo(await deliver(server, arrival, flowsOf(browser)), "/settings");
    expect(await server.auth.users.accounts(id)).toHaveLength(1);
    expect(await server.auth.sessions.list(id)).toHaveLength(1);
  });
});

describe("the request for a link", () => {
  it("is refused for a client without a session", async () => {
    const server = openStubServer();
    for (const method of ["POST", "DELETE"]) {
      await expectError(await server.browser().send(LINK, { method }), 401, "unauthenticated");
    }
  });

  it("is refused more than 15 minutes after the sign-in, until the user signs in again", async () => {
    const server = openStubServer();
    const browser = await server.signedIn();
    server.clock.advance(900);
    expect((await browser.post(LINK)).status).toBe(200);
    server.clock.advance(1);
    await expectError(await browser.post(LINK), 401, "insufficient_user_authentication");
    const unlinked = await browser.send(LINK, { method: "DELETE" });
    expect(unlinked.headers.get("www-authenticate")).toBe(
      'Bearer error="insufficient_user_authentication", max_age=900',
    );
    await expectError(unlinked, 401, "insufficient_user_authentication");
    await browser.post("/auth/refresh");
    await expectError(await browser.post(LINK), 401, "insufficient_user_authentication");
    await browser.post("/auth/login", ANN);
    expect((await browser.post(LINK)).status).toBe(200);
  });

  it.each(["cross-site", "same-site"])("is refused for a page of another origin: %s", async (site) => {
    const server = openStubServer();
    const browser = await server.signedIn();
    const headers = { "sec-fetch-site": site, origin: "https://evil.example" };
    await expectError(await browser.post(LINK, undefined, headers), 403, "csrf_rejected");
    await expectError(await browser.send(LINK, { method: "DELETE", headers }), 403, "csrf_rejected");
    expect(flowsOf(browser).size).toBe(0);
  });

  it("is refused with a bearer token, because no browser sends it at the callback", async () => {
    const server = openStubServer();
    await server.auth.users.create(ANN);
    const login = await server.browser().post("/auth/login", { ...ANN, transport: "bearer" });
    const authorization = `Bearer ${(await login.json()).access_token}`;
    await expectError(await server.browser().post(LINK, {}, { authorization }), 401, "transport_mismatch");
  });

  it("is answered with 404 for an unknown provider", async () => {
    const server = openStubServer();
    const browser = await server.signedIn();
    for (const id of ["unknown", "constructor", "exchange"]) {
      const response = await browser.post(`/auth/oauth/${id}/link`);
      await expectError(response, 404, "not_found");
    }
    expect(jarOf(browser).size).toBe(2);
  });
});
