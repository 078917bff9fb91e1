import { describe, expect, it } from "vitest";
import { expectError } from "../fixtures/answers.ts";
import type { Browser } from "../fixtures/browser.ts";
import { expectSentTo, whoIs } from "../fixtures/oauth-answers.ts";
import { linkAt, openStubServer, type StubServer, signInAt } from "../fixtures/oauth-server.ts";
import { ANN_THERE, stubProvider } from "../fixtures/providers/stub-provider.ts";
import { ANN, cheapPassword, countOf, openServer, SECRET } from "../fixtures/server.ts";
import { sidOf } from "../fixtures/tokens.ts";

const two = () => [stubProvider(), stubProvider({ id: "other" })] as const;

function unlink(browser: Browser, provider = "stub"): Promise<Response> {
  return browser.send(`/auth/oauth/${provider}/link`, { method: "DELETE" });
}

async function expectLastWayIn(server: StubServer, browser: Browser, provider = "stub"): Promise<void> {
  const id = String(await whoIs(browser));
  const before = await server.auth.users.accounts(id);
  await expectError(await unlink(browser, provider), 403, "forbidden");
  expect(await server.auth.users.accounts(id)).toEqual(before);
  expect(countOf(server, "account.unlinked")).toBe(0);
}

describe("unlinking", () => {
  it("removes a link and emits an event, and the account no longer signs in", async () => {
    const server = openStubServer();
    const browser = await server.signedIn();
    const id = String(await whoIs(browser));
    await linkAt(server.stub, browser, { subject: "mine" });
    const response = await unlink(browser);
    expect({ status: response.status, text: await response.text() }).toEqual({ status: 204, text: "" });
    expect(await server.auth.users.accounts(id)).toEqual([]);
    expect(server.events).toContainEqual(
      expect.objectContaining({ type: "account.unlinked", userId: id, provider: "stub" }),
    );
    const stranger = server.browser();
    expectSentTo(await server.signIn(stranger, { subject: "mine" }), "/welcome");
    expect(await whoIs(stranger)).not.toBe(id);
    await expectError(await unlink(browser), 404, "not_found");
  });

  it("never removes the last sign-in method", async () => {
    const server = openStubServer();
    const browser = server.browser();
    await server.signIn(browser);
    await expectLastWayIn(server, browser);
  });

  it("removes one of two links, and then refuses the other", async () => {
    const stubs = two();
    const server = openStubServer({ stubs });
    const browser = server.browser();
    await server.signIn(browser);
    await linkAt(stubs[1], browser, { subject: "second" });
    expect((await unlink(browser)).status).toBe(204);
    await expectError(await unlink(browser, "other"), 403, "forbidden");
  });

  it("does not count links to providers that are no longer configured", async () => {
    const stubs = two();
    const server = openStubServer({ stubs });
    const browser = server.browser();
    await server.signIn(browser);
    await linkAt(stubs[1], browser, { subject: "second" });
    const later = openStubServer({ store: server.store, clock: server.clock, stubs: [stubs[0]] });
    const same = browser.copy(later.auth);
    await expectLastWayIn(later, same);
    // What is not configured may go.
    expect((await unlink(same, "other")).status).toBe(204);
  });

  it("does not count a password where password() is not configured", async () => {
    const server = openStubServer();
    const browser = await server.signedIn();
    await linkAt(server.stub, browser, { subject: "mine" });
    const { store, clock, stub } = server;
    const options = { baseURL: "https://app.example.com", secret: SECRET };
    const later = openServer({ ...options, store, clock, providers: [stub.provider] });
    const other = later.browser();
    await signInAt(stub, other, { subject: "mine" });
    await expectError(await unlink(other), 403, "forbidden");
    expect(await later.auth.users.accounts(String(await whoIs(other)))).toHaveLength(1);
  });

  it("does not count a password of a user without the identifier that it is paired with", async () => {
    const server = openStubServer();
    const browser = await server.signedIn();
    await linkAt(server.stub, browser, { subject: "mine" });
    const { store, clock, stub } = server;
    const options = { baseURL: "https://app.example.com", secret: SECRET };
    const providers = [cheapPassword("username"), stub.provider];
    const later = openServer({ ...options, store, clock, providers });
    const other = later.browser();
    await signInAt(stub, other, { subject: "mine" });
    await expectError(await unlink(other), 403, "forbidden");
    expect(await later.auth.users.accounts(String(await whoIs(other)))).toHaveLength(1);
  });

  it("cannot remove a link of another user", async () => {
    const server = openStubServer();
    const holder = server.browser();
    await server.signIn(holder);
    const id = String(await whoIs(holder));
    const bob = await server.signedIn({ email: "bob@example.com", password: "a different staple" });
    await expectError(await unlink(bob), 404, "not_found");
    expect(await server.auth.users.accounts(id)).toHaveLength(1);
  });

  it("removes every link of the user to that provider", async () => {
    const server = openStubServer();
    const browser = await server.signedIn();
    await linkAt(server.stub, browser, { subject: "one" });
    await linkAt(server.stub, browser, { subject: "two" });
    expect((await unlink(browser)).status).toBe(204);
    expect(await server.auth.users.accounts(String(await whoIs(browser)))).toEqual([]);
  });
});

describe("OAU-17 the first proof of a mailbox", () => {
  it("by a link removes the unproven password, and ends every other session", async () => {
    const server = openStubServer();
    // An attacker signed up with the address of Ann, and waits.
    const intruder = await server.signedIn();
    const ann = intruder.copy();
    const id = String(await whoIs(ann));
    const former = sidOf(ann.cookie("access"));
    expectSentTo(await linkAt(server.stub, ann), "/settings");
    expect(await server.store.users.get(id)).toMatchObject({ emailVerified: true, passwordHash: null });
    expect((await server.auth.sessions.get(former))?.endReason).toBe("password_changed");
    expect(await server.auth.sessions.list(id)).toHaveLength(1);
    expect(await whoIs(ann)).toBe(id);
    await expectError(await intruder.post("/auth/refresh"), 401, "session_revoked");
    await expectError(await server.browser().post("/auth/login", ANN), 401, "invalid_credentials");
    expect(countOf(server, "user.password_changed")).toBe(1);
  });

  it("does not happen where the address is different, unverified or already proven", async () => {
    for (const [changes, emailVerified] of [
      [{ email: "other@example.com" }, false],
      [{ emailVerified: false }, false],
      [{ email: null }, false],
      [{}, true],
    ] as const) {
      const server = openStubServer();
      const { id } = await server.auth.users.create({ ...ANN, emailVerified });
      const browser = await server.signedIn();
      expectSentTo(await linkAt(server.stub, browser, { ...ANN_THERE, ...changes }), "/settings");
      expect(await server.store.users.get(id)).toMatchObject({
        emailVerified,
        passwordHash: expect.any(String),
      });
      expect((await server.browser().post("/auth/login", ANN)).status).toBe(200);
    }
  });

  it("completes an interrupted link when it is requested again", async () => {
    const server = openStubServer();
    const browser = await server.signedIn();
    const id = String(await whoIs(browser));
    await server.store.users.link(id, { provider: "stub", subject: ANN_THERE.subject });
    expectSentTo(await linkAt(server.stub, browser), "/settings");
    expect(await server.store.users.get(id)).toMatchObject({ emailVerified: true, passwordHash: null });
    expect(await whoIs(browser)).toBe(id);
  });
});
