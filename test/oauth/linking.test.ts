import { describe, expect, it } from "vitest";
import { expectError } from "../fixtures/answers.ts";
import { begin, comeBack } from "../fixtures/oauth-flow.ts";
import {
  beginLink,
  countOf,
  deliver,
  expectFailed,
  expectNoFlow,
  expectSentTo,
  flowsOf,
  jarOf,
  linkAt,
  openDesk,
  whoIs,
} from "../fixtures/oauth-server.ts";
import { ANN_THERE, type Person, paperProvider } from "../fixtures/providers/in-process-provider.ts";
import { ANN, BOB } from "../fixtures/server.ts";

const LINK = "/auth/oauth/paper/link";
const emails: Readonly<Record<string, Partial<Person>>> = {
  "no address": { email: null, emailVerified: false },
  "an address that is not one": { email: "ann at example", emailVerified: true },
  "an unverified address": { emailVerified: false },
  "a verified address": { emailVerified: true },
};

describe("OAU-16 OAU-17 an address is no identity", () => {
  it.each(Object.entries(emails))("creates a user for a new account with %s", async (title, changes) => {
    const desk = openDesk();
    const browser = desk.browser();
    expectSentTo(await desk.signIn(browser, { ...ANN_THERE, ...changes }), "/welcome");
    const user = await desk.auth.users.get(String(await whoIs(browser)));
    const isProven = title === "a verified address";
    const email = isProven ? "ann@example.com" : null;
    expect(user).toMatchObject({ email, emailVerified: isProven, passwordHash: null, name: "Ann" });
  });

  const cases = Object.keys(emails).flatMap((title) => [true, false].map((local) => [title, local] as const));
  it.each(cases)("%s here meets an owner whose proof is %s", async (title, emailVerified) => {
    const desk = openDesk();
    const { id } = await desk.auth.users.create({ ...ANN, emailVerified });
    const browser = desk.browser();
    const answer = await desk.signIn(browser, { ...ANN_THERE, ...emails[title] });
    const hasAddress = title.endsWith("verified address");
    const isLinked = title === "a verified address" && emailVerified;
    expect(await desk.auth.users.accounts(id)).toHaveLength(isLinked ? 1 : 0);
    if (isLinked || !hasAddress) expectSentTo(answer, "/welcome");
    else expectFailed(answer, "account_not_linked");
    expect((await whoIs(browser)) === id).toBe(isLinked);
    expect(countOf(desk, "session.started")).toBe(isLinked || !hasAddress ? 1 : 0);
    // The owner's password is as good as before.
    expect((await desk.browser().post("/auth/login", ANN)).status).toBe(200);
  });

  it.each([
    ["ann@example.com", "ANN@Example.COM"],
    ["ann@example.com", " ann@example.com "],
    ["ann@b\u00FCcher.example", "Ann@xn--bcher-kva.example"],
    ["ann@xn--bcher-kva.example", "ann@B\u00DCCHER.example"],
    ["ann@example.com", "ann@example\uFF0Ecom"],
  ])("finds the owner of %s by %s", async (here, there) => {
    const desk = openDesk();
    const { id } = await desk.auth.users.create({ email: here, emailVerified: true });
    const browser = desk.browser();
    expectSentTo(await desk.signIn(browser, { ...ANN_THERE, email: there }), "/welcome");
    expect(await whoIs(browser)).toBe(id);
    // And an unproven owner is not passed by in other letters.
    const other = openDesk();
    await other.auth.users.create({ email: here });
    expectFailed(await other.signIn(other.browser(), { ...ANN_THERE, email: there }), "account_not_linked");
  });

  it.each(["\uFF41nn@example.com", "an\u207F@example.com", "\u0410nn@example.com"])(
    "takes %s for another mailbox than the one that it looks like",
    async (email) => {
      const desk = openDesk();
      const { id } = await desk.auth.users.create({ email: ANN.email, emailVerified: true });
      const browser = desk.browser();
      await desk.signIn(browser, { ...ANN_THERE, email });
      expect(await whoIs(browser)).not.toBe(id);
      expect(await desk.auth.users.accounts(id)).toEqual([]);
    },
  );

  it("OAU-16 a user that changes the address at the provider stays the same user, even if another user here has the new one", async () => {
    const desk = openDesk();
    const browser = desk.browser();
    await desk.signIn(browser);
    const id = await whoIs(browser);
    const bob = await desk.auth.users.create({ ...BOB, emailVerified: true });
    const changed = { ...ANN_THERE, email: BOB.email };
    const later = desk.browser();
    expectSentTo(await desk.signIn(later, changed), "/welcome");
    expect(await whoIs(later)).toBe(id);
    expect(await desk.auth.users.accounts(bob.id)).toEqual([]);
  });

  it("OAU-16 the same subject at another provider is another user", async () => {
    const papers = [paperProvider(), paperProvider({ id: "other" })] as const;
    const desk = openDesk({ papers });
    const [mine, theirs] = [desk.browser(), desk.browser()];
    const person = { subject: "1" };
    await comeBack(mine, papers[0].agree(await begin(mine, "paper"), person));
    await comeBack(theirs, papers[1].agree(await begin(theirs, "other"), person));
    expect(await whoIs(mine)).not.toBe(await whoIs(theirs));
  });
});

describe("OAU-18 a link is made by who asked for it", () => {
  it("OAU-18 links, tells, and signs in by it", async () => {
    const desk = openDesk();
    const browser = await desk.signedIn();
    const id = await whoIs(browser);
    expectSentTo(await linkAt(desk.paper, browser, { subject: "mine" }), "/settings");
    expect(await whoIs(browser)).toBe(id);
    expect(desk.events).toContainEqual(
      expect.objectContaining({ type: "account.linked", userId: id, provider: "paper" }),
    );
    const other = desk.browser();
    expectSentTo(await desk.signIn(other, { subject: "mine" }), "/welcome");
    expect(await whoIs(other)).toBe(id);
    // Once more changes nothing.
    expectSentTo(await linkAt(desk.paper, browser, { subject: "mine" }), "/settings");
    expect(countOf(desk, "account.linked")).toBe(1);
  });

  it("OAU-18 leaves an account to the user who holds it", async () => {
    const desk = openDesk();
    await desk.signIn(desk.browser());
    const bob = await desk.signedIn(BOB);
    const id = await whoIs(bob);
    expectFailed(await linkAt(desk.paper, bob), "account_not_linked", "/settings");
    expect(await desk.auth.users.accounts(String(id))).toEqual([]);
    expect(await whoIs(bob)).toBe(id);
  });

  it("OAU-18 refuses a callback in a browser where another user has signed in since", async () => {
    const desk = openDesk();
    const browser = await desk.signedIn();
    const url = await beginLink(browser, "paper");
    await browser.post("/auth/signup", BOB);
    const before = desk.events.length;
    const answer = await comeBack(browser, desk.paper.agree(url, ANN_THERE));
    await expectNoFlow(answer, { events: desk.events.slice(before) });
    expect(desk.paper.calls).toEqual([]);
  });

  it.each(["query", "form_post"] as const)(
    "OAU-18 refuses a callback after signing out, by %s",
    async (mode) => {
      const paper = paperProvider({ responseMode: mode });
      const desk = openDesk({ papers: [paper] });
      const browser = await desk.signedIn();
      const url = await beginLink(browser, "paper");
      const flows = flowsOf(browser);
      await browser.post("/auth/logout");
      const before = desk.events.length;
      const answer = await deliver(desk, paper.agree(url, ANN_THERE), flows);
      await expectNoFlow(answer, { events: desk.events.slice(before) });
      expect(paper.calls).toEqual([]);
    },
  );

  it("OAU-18 refuses a callback whose session ends while the provider is asked", async () => {
    const desk = openDesk();
    const browser = await desk.signedIn();
    const id = String(await whoIs(browser));
    desk.paper.beforeAnswer = () => desk.auth.sessions.revokeAll(id);
    await expectError(await linkAt(desk.paper, browser, { subject: "x" }), 400, "oauth_state_invalid");
    expect(await desk.auth.users.accounts(id)).toEqual([]);
    expect(await desk.auth.sessions.list(id)).toEqual([]);
  });

  it("OAU-18 refuses a browser that holds the session of another user, and keeps the session of the user that asked", async () => {
    const desk = openDesk();
    const [ann, bob] = [await desk.signedIn(), await desk.signedIn(BOB)];
    const arrival = desk.paper.agree(await beginLink(ann, "paper"), ANN_THERE);
    const before = desk.events.length;
    const answer = await deliver(desk, arrival, new Map([...flowsOf(ann), ...jarOf(bob)]));
    await expectNoFlow(answer, { events: desk.events.slice(before) });
    expect(desk.paper.calls).toEqual([]);
    expect([await whoIs(ann), await whoIs(bob)]).not.toContain(null);
  });

  it("OAU-18 refuses another browser, signed in or not", async () => {
    const desk = openDesk();
    const attacker = await desk.signedIn(BOB);
    const victim = await desk.signedIn();
    const arrival = desk.paper.agree(await beginLink(attacker, "paper"), ANN_THERE);
    const before = desk.events.length;
    await expectNoFlow(await comeBack(victim, arrival), { events: desk.events.slice(before) });
    expect(desk.paper.calls).toEqual([]);
  });

  it("OAU-18 by a form post it is the sealed transaction that says whose session it was", async () => {
    const paper = paperProvider({ responseMode: "form_post" });
    const desk = openDesk({ papers: [paper] });
    const browser = await desk.signedIn();
    const id = String(await whoIs(browser));
    const arrival = paper.agree(await beginLink(browser, "paper"), { subject: "mine" });
    expectSentTo(await deliver(desk, arrival, flowsOf(browser)), "/settings");
    expect(await desk.auth.users.accounts(id)).toHaveLength(1);
    expect(await desk.auth.sessions.list(id)).toHaveLength(1);
  });
});

describe("who may ask for a link", () => {
  it("a client without a session may not", async () => {
    const desk = openDesk();
    for (const method of ["POST", "DELETE"]) {
      await expectError(await desk.browser().send(LINK, { method }), 401, "unauthenticated");
    }
  });

  it("a user that signed in more than 15 minutes ago may not, until they sign in again", async () => {
    const desk = openDesk();
    const browser = await desk.signedIn();
    desk.clock.advance(900);
    expect((await browser.post(LINK)).status).toBe(200);
    desk.clock.advance(1);
    await expectError(await browser.post(LINK), 403, "forbidden");
    await expectError(await browser.send(LINK, { method: "DELETE" }), 403, "forbidden");
    await browser.post("/auth/refresh");
    await expectError(await browser.post(LINK), 403, "forbidden");
    await browser.post("/auth/login", ANN);
    expect((await browser.post(LINK)).status).toBe(200);
  });

  it.each(["cross-site", "same-site"])("no page of another origin: %s", async (site) => {
    const desk = openDesk();
    const browser = await desk.signedIn();
    const headers = { "sec-fetch-site": site, origin: "https://evil.example" };
    await expectError(await browser.post(LINK, undefined, headers), 403, "csrf_rejected");
    await expectError(await browser.send(LINK, { method: "DELETE", headers }), 403, "csrf_rejected");
    expect(flowsOf(browser).size).toBe(0);
  });

  it("not with a bearer token, which no browser carries home", async () => {
    const desk = openDesk();
    await desk.auth.users.create(ANN);
    const login = await desk.browser().post("/auth/login", { ...ANN, transport: "bearer" });
    const authorization = `Bearer ${(await login.json()).access_token}`;
    await expectError(await desk.browser().post(LINK, {}, { authorization }), 401, "transport_mismatch");
  });

  it("not for a provider that is none", async () => {
    const desk = openDesk();
    const browser = await desk.signedIn();
    for (const id of ["unknown", "constructor", "exchange"]) {
      const response = await browser.post(`/auth/oauth/${id}/link`);
      await expectError(response, 404, "not_found");
    }
    expect(jarOf(browser).size).toBe(2);
  });
});
