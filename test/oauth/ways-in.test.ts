import { describe, expect, it } from "vitest";
import { expectError } from "../fixtures/answers.ts";
import type { Browser } from "../fixtures/browser.ts";
import {
  countOf,
  type Desk,
  expectSentTo,
  linkAt,
  openDesk,
  signInAt,
  whoIs,
} from "../fixtures/oauth-server.ts";
import { ANN_THERE, paperProvider } from "../fixtures/providers/in-process-provider.ts";
import { ANN, makeWorld, SECRET } from "../fixtures/server.ts";
import { sidOf } from "../fixtures/tokens.ts";

const two = () => [paperProvider(), paperProvider({ id: "other" })] as const;

function unlink(browser: Browser, provider = "paper"): Promise<Response> {
  return browser.send(`/auth/oauth/${provider}/link`, { method: "DELETE" });
}

async function expectLastWayIn(desk: Desk, browser: Browser, provider = "paper"): Promise<void> {
  const id = String(await whoIs(browser));
  const before = await desk.auth.users.accounts(id);
  await expectError(await unlink(browser, provider), 403, "forbidden");
  expect(await desk.auth.users.accounts(id)).toEqual(before);
  expect(countOf(desk, "account.unlinked")).toBe(0);
}

describe("unlinking", () => {
  it("takes a link away, tells, and the account leads nowhere any more", async () => {
    const desk = openDesk();
    const browser = await desk.signedIn();
    const id = String(await whoIs(browser));
    await linkAt(desk.paper, browser, { subject: "mine" });
    const response = await unlink(browser);
    expect([response.status, await response.text()]).toEqual([204, ""]);
    expect(await desk.auth.users.accounts(id)).toEqual([]);
    expect(desk.events).toContainEqual(
      expect.objectContaining({ type: "account.unlinked", userId: id, provider: "paper" }),
    );
    const stranger = desk.browser();
    expectSentTo(await desk.signIn(stranger, { subject: "mine" }), "/welcome");
    expect(await whoIs(stranger)).not.toBe(id);
    await expectError(await unlink(browser), 404, "not_found");
  });

  it("never takes the last way in", async () => {
    const desk = openDesk();
    const browser = desk.browser();
    await desk.signIn(browser);
    await expectLastWayIn(desk, browser);
  });

  it("takes one of two links, and then no more", async () => {
    const papers = two();
    const desk = openDesk({ papers });
    const browser = desk.browser();
    await desk.signIn(browser);
    await linkAt(papers[1], browser, { subject: "second" });
    expect((await unlink(browser)).status).toBe(204);
    await expectError(await unlink(browser, "other"), 403, "forbidden");
  });

  it("does not count links to providers that are no longer configured", async () => {
    const papers = two();
    const desk = openDesk({ papers });
    const browser = desk.browser();
    await desk.signIn(browser);
    await linkAt(papers[1], browser, { subject: "second" });
    const later = openDesk({ store: desk.store, clock: desk.clock, papers: [papers[0]] });
    const same = browser.copy(later.auth);
    await expectLastWayIn(later, same);
    // What is not configured may go.
    expect((await unlink(same, "other")).status).toBe(204);
  });

  it("does not count a password where there is no password()", async () => {
    const desk = openDesk();
    const browser = await desk.signedIn();
    await linkAt(desk.paper, browser, { subject: "mine" });
    const { store, clock, paper } = desk;
    const options = { baseURL: "https://app.example.com", secret: SECRET };
    const later = makeWorld({ ...options, store, clock, providers: [paper.provider] });
    const other = later.browser();
    await signInAt(paper, other, { subject: "mine" });
    await expectError(await unlink(other), 403, "forbidden");
    expect(await later.auth.users.accounts(String(await whoIs(other)))).toHaveLength(1);
  });

  it("removes no link of another user", async () => {
    const desk = openDesk();
    const holder = desk.browser();
    await desk.signIn(holder);
    const id = String(await whoIs(holder));
    const bob = await desk.signedIn({ email: "bob@example.com", password: "a different staple" });
    await expectError(await unlink(bob), 404, "not_found");
    expect(await desk.auth.users.accounts(id)).toHaveLength(1);
  });

  it("takes every link to that provider", async () => {
    const desk = openDesk();
    const browser = await desk.signedIn();
    await linkAt(desk.paper, browser, { subject: "one" });
    await linkAt(desk.paper, browser, { subject: "two" });
    expect((await unlink(browser)).status).toBe(204);
    expect(await desk.auth.users.accounts(String(await whoIs(browser)))).toEqual([]);
  });
});

describe("OAU-17 the first proof of a mailbox", () => {
  it("by a link removes the password that proved nothing, and ends every other session", async () => {
    const desk = openDesk();
    // An attacker signed up with the address of Ann, and waits.
    const intruder = await desk.signedIn();
    const ann = intruder.copy();
    const id = String(await whoIs(ann));
    const former = sidOf(ann.cookie("access"));
    expectSentTo(await linkAt(desk.paper, ann), "/settings");
    expect(await desk.auth.users.get(id)).toMatchObject({ emailVerified: true, passwordHash: null });
    expect((await desk.auth.sessions.get(former))?.endReason).toBe("password_changed");
    expect(await desk.auth.sessions.list(id)).toHaveLength(1);
    expect(await whoIs(ann)).toBe(id);
    await expectError(await intruder.post("/auth/refresh"), 401, "session_revoked");
    await expectError(await desk.browser().post("/auth/login", ANN), 401, "invalid_credentials");
    expect(countOf(desk, "user.password_changed")).toBe(1);
  });

  it("is none where the address is another, unverified, or proven already", async () => {
    for (const [changes, emailVerified] of [
      [{ email: "other@example.com" }, false],
      [{ emailVerified: false }, false],
      [{ email: null }, false],
      [{}, true],
    ] as const) {
      const desk = openDesk();
      const { id } = await desk.auth.users.create({ ...ANN, emailVerified });
      const browser = await desk.signedIn();
      expectSentTo(await linkAt(desk.paper, browser, { ...ANN_THERE, ...changes }), "/settings");
      expect(await desk.auth.users.get(id)).toMatchObject({
        emailVerified,
        passwordHash: expect.any(String),
      });
      expect((await desk.browser().post("/auth/login", ANN)).status).toBe(200);
    }
  });

  it("completes a link that stopped half-way, when it is asked for again", async () => {
    const desk = openDesk();
    const browser = await desk.signedIn();
    const id = String(await whoIs(browser));
    await desk.store.users.link(id, { provider: "paper", subject: ANN_THERE.subject });
    expectSentTo(await linkAt(desk.paper, browser), "/settings");
    expect(await desk.auth.users.get(id)).toMatchObject({ emailVerified: true, passwordHash: null });
    expect(await whoIs(browser)).toBe(id);
  });
});
