import { memory } from "@latchkey/core/memory";
import { describe, expect, it } from "vitest";
import { bodyOf, expectError } from "../fixtures/answers.ts";
import type { Browser } from "../fixtures/browser.ts";
import { type Inbox, openInbox } from "../fixtures/inbox.ts";
import { expectFailed, expectSentTo, whoIs } from "../fixtures/oauth-answers.ts";
import { comeBack, flowsOf, VERIFIER } from "../fixtures/oauth-flow.ts";
import { linkAt, openStubServer, type StubServer, type StubServerOptions } from "../fixtures/oauth-server.ts";
import { s256 } from "../fixtures/providers/rigged-answers.ts";
import { ANN_THERE, type Person, stubProvider } from "../fixtures/providers/stub-provider.ts";
import { ANN, BOB, countOf } from "../fixtures/server.ts";
import { wrapped } from "../fixtures/wrapped-store.ts";

interface InvitingServer extends StubServer {
  readonly inbox: Inbox;
  /** Invites an address, and returns the token of the message. */
  invite(email?: string): Promise<string>;
}

function openInvitingServer(options: StubServerOptions = {}): InvitingServer {
  const inbox = openInbox();
  const trustedOrigins = ["com.example.app://"];
  const server = openStubServer({ signUp: "invited", mail: inbox.mail, trustedOrigins, ...options });
  const invite = async (email: string = ANN.email): Promise<string> => {
    await server.auth.users.invite(email);
    return inbox.token("invitation");
  };
  return { ...server, inbox, invite };
}

const NATIVE = {
  transport: "bearer",
  redirect_to: "com.example.app://in",
  code_challenge: s256(VERIFIER),
};

function start(browser: Browser, query: Readonly<Record<string, string>>): Promise<Response> {
  return browser.get(`/auth/oauth/stub?${new URLSearchParams({ redirect_to: "/welcome", ...query })}`);
}

/** The whole way by the provider, with an invitation. */
async function travel(
  { stub }: StubServer,
  browser: Browser,
  query: Readonly<Record<string, string>>,
  person: Person = ANN_THERE,
): Promise<Response> {
  const { headers } = await start(browser, query);
  return comeBack(browser, stub.agree(headers.get("location") ?? "", person));
}

/** The answer to the code in a redirect to a native app. */
function exchange(server: StubServer, back: Response): Promise<Response> {
  const code = new URL(back.headers.get("location") ?? "").searchParams.get("code");
  return server.send("/auth/oauth/exchange", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ code, code_verifier: VERIFIER }),
  });
}

async function expectNothingMade({ auth, events }: StubServer): Promise<void> {
  expect(await auth.users.find(ANN)).toBeNull();
  const made = events.filter(({ type }) => /^(user\.created|account\.linked|session\.started)$/.test(type));
  expect(made).toEqual([]);
}

describe("a first sign-in with a provider", () => {
  it.each([
    ["open", false, "in"],
    ["open", true, "in"],
    ["invited", false, "forbidden"],
    ["invited", true, "in"],
    ["closed", false, "forbidden"],
    ["closed", true, "forbidden"],
  ] as const)("with signUp: %j, and an invitation: %s, ends with %s", async (signUp, hasInvitation, end) => {
    const store = memory();
    const invitation = await openInvitingServer({ store }).invite();
    const server = openInvitingServer({ store, signUp });
    const query = hasInvitation ? { invitation } : {};
    const browser = server.browser();
    const answer = await travel(server, browser, query);
    if (end === "in") {
      expectSentTo(answer, "/welcome");
      expect(await server.auth.users.find(ANN)).toMatchObject({
        id: await whoIs(browser),
        emailVerified: true,
      });
    } else {
      expectFailed(answer, end);
      await expectNothingMade(server);
    }
    const native = await travel(server, server.browser(), { ...NATIVE, ...query }, { subject: "another" });
    const location = native.headers.get("location") ?? "";
    // The invitation was for the address of the first account.
    const isIn = signUp === "open" && !hasInvitation;
    const error = signUp === "closed" || !hasInvitation ? "forbidden" : "mail_token_invalid";
    expect(location).toMatch(isIn ? /[?&]code=/ : new RegExp(`[?&]error=${error}$`));
  });

  it.each(["open", "invited", "closed"] as const)(
    "is no sign-up for a user who is there already, with signUp: %j",
    async (signUp) => {
      const store = memory();
      const open = openInvitingServer({ store, signUp: "open" });
      expectSentTo(await open.signIn(open.browser(), { subject: "mine" }), "/welcome");
      const { id } = await open.auth.users.create({ ...ANN, emailVerified: true });
      const server = openInvitingServer({ store, signUp });
      // By the account, by the address that both sides have proved, and by a link while signed in.
      expectSentTo(await server.signIn(server.browser(), { subject: "mine" }), "/welcome");
      const browser = server.browser();
      expectSentTo(await server.signIn(browser), "/welcome");
      expect(await whoIs(browser)).toBe(id);
      expectSentTo(await linkAt(server.stub, browser, { subject: "a second" }), "/settings");
      expect((await exchange(server, await travel(server, server.browser(), NATIVE))).status).toBe(200);
      expect(countOf(server, "user.created")).toBe(0);
    },
  );
});

describe("an invitation that goes along to a provider", () => {
  it("is redeemed once, and gives the invited address, verified, although the provider does not vouch for it", async () => {
    const server = openInvitingServer();
    const invitation = await server.invite();
    const person = { ...ANN_THERE, email: " ANN@Example.com", emailVerified: false };
    expectSentTo(await travel(server, server.browser(), { invitation }, person), "/welcome");
    const user = await server.auth.users.find(ANN);
    expect(user).toMatchObject({ emailVerified: true, name: "Ann" });
    await server.auth.users.delete(user?.id ?? "");
    expectFailed(await travel(server, server.browser(), { invitation }), "mail_token_invalid");
    await expectError(
      await server.browser().post("/auth/signup", { ...ANN, invitation }),
      400,
      "mail_token_invalid",
    );
    expect(countOf(server, "user.created")).toBe(1);
  });

  it.each<readonly [string, Partial<Person>]>([
    ["another address", { email: "mallory@example.com" }],
    ["another unverified address", { email: "mallory@example.com", emailVerified: false }],
    ["no address", { email: null, emailVerified: false }],
    ["an address that is not one", { email: "ann at example" }],
    ["an address that only normalizes to the invited one", { email: "bo\u017F@example.com" }],
  ])("creates no user of an account with %s, and stays valid", async (title, changes) => {
    const server = openInvitingServer();
    const isLikeness = title.includes("normalizes");
    const email = isLikeness ? "bos@example.com" : ANN.email;
    const invitation = await server.invite(email);
    // As an attacker has a victim open the attacker's own invitation: the account would get the mailbox of the attacker.
    const answer = await travel(server, server.browser(), { invitation }, { ...ANN_THERE, ...changes });
    expectFailed(answer, "forbidden");
    await expectNothingMade(server);
    expectSentTo(await travel(server, server.browser(), { invitation }, { ...ANN_THERE, email }), "/welcome");
  });

  it("fails once it is expired, replaced, or another token, and is not read for a user who is there", async () => {
    const server = openInvitingServer();
    const replaced = await server.invite();
    const invitation = await server.invite();
    expectFailed(await travel(server, server.browser(), { invitation: replaced }), "mail_token_invalid");
    const unknown = "A".repeat(86);
    expectFailed(await travel(server, server.browser(), { invitation: unknown }), "mail_token_invalid");
    const bob = await server.auth.users.create(BOB);
    await server.auth.users.requestEmailVerification(BOB.email);
    const verify = await server.inbox.token("verify");
    expectFailed(await travel(server, server.browser(), { invitation: verify }), "mail_token_invalid");
    server.clock.advance(7 * 24 * 3_600);
    expectFailed(await travel(server, server.browser(), { invitation }), "mail_token_invalid");
    await expectNothingMade({
      ...server,
      events: server.events.filter((each) => !("userId" in each && each.userId === bob.id)),
    });
    await server.auth.users.create({ ...ANN, emailVerified: true });
    expectSentTo(await travel(server, server.browser(), { invitation }), "/welcome");
  });

  it.each([false, true])("is not spent by a user who is there already (native: %s)", async (isNative) => {
    const server = openInvitingServer();
    const invitation = await server.invite();
    const { id } = await server.auth.users.create({ ...BOB, emailVerified: true });
    const query = isNative ? { ...NATIVE, invitation } : { invitation };
    const bob = { subject: "bob", email: BOB.email, emailVerified: true };
    const answer = await travel(server, server.browser(), query, bob);
    if (isNative) expect((await exchange(server, answer)).status).toBe(200);
    expect(await server.auth.users.accounts(id)).toHaveLength(1);
    expectSentTo(await travel(server, server.browser(), { invitation }), "/welcome");
  });

  it.each([true, false])(
    "neither passes an unproven user of its address by, nor links to one (verified there: %s)",
    async (emailVerified) => {
      const server = openInvitingServer({ stubs: [stubProvider({ trustEmail: { domains: [] } })] });
      const invitation = await server.invite();
      await server.auth.users.create({ email: ANN.email });
      const person = { ...ANN_THERE, emailVerified };
      expectFailed(await travel(server, server.browser(), { invitation }, person), "account_not_linked");
      expect([countOf(server, "user.created"), countOf(server, "account.linked")]).toEqual([1, 0]);
    },
  );

  it("creates one user by 8 callbacks and 4 sign-ups at the same time", async () => {
    const server = openInvitingServer();
    const invitation = await server.invite();
    const arrivals = await Promise.all(
      Array.from({ length: 8 }, async (_, index) => {
        const browser = server.browser();
        const { headers } = await start(browser, { invitation });
        const person = { ...ANN_THERE, subject: `ann-${index}`, emailVerified: index % 2 === 0 };
        return { browser, arrival: server.stub.agree(headers.get("location") ?? "", person) };
      }),
    );
    const answers = await Promise.all([
      ...arrivals.map(({ browser, arrival }) => comeBack(browser, arrival)),
      ...Array.from({ length: 4 }, () => server.browser().post("/auth/signup", { ...ANN, invitation })),
    ]);
    expect(answers.filter(({ status }) => status >= 500)).toEqual([]);
    const user = await server.auth.users.find(ANN);
    expect(user).toMatchObject({ emailVerified: true });
    expect(countOf(server, "user.created")).toBe(1 + countOf(server, "user.deleted"));
    await server.auth.users.delete(user?.id ?? "");
    expectFailed(await travel(server, server.browser(), { invitation }), "mail_token_invalid");
  });

  it.each([false, true])(
    "stays valid after a sign-in that the application refused (native: %s)",
    async (isNative) => {
      let isRefused = true;
      const hooks = { signedIn: () => (isRefused ? (false as const) : undefined) };
      const server = openInvitingServer({ hooks });
      const invitation = await server.invite();
      const query = isNative ? { ...NATIVE, invitation } : { invitation };
      const refused = await travel(server, server.browser(), query);
      if (isNative) await expectError(await exchange(server, refused), 403, "forbidden");
      else expectFailed(refused, "forbidden");
      expect(await server.auth.users.find(ANN)).toBeNull();
      isRefused = false;
      const answer = await travel(server, server.browser(), query);
      if (isNative) expect((await exchange(server, answer)).status).toBe(200);
      else expectSentTo(answer, "/welcome");
      await server.auth.users.delete((await server.auth.users.find(ANN))?.id ?? "");
      const again = await travel(server, server.browser(), query);
      expect(again.headers.get("location")).toMatch(/[?&]error=mail_token_invalid$/);
    },
  );

  it.each([false, true])("leaves no user if it is redeemed in between (native: %s)", async (isNative) => {
    const store = memory();
    let redeem = async (): Promise<unknown> => undefined;
    const raced = wrapped(store, async (operation, call) => {
      const answer = await call();
      if (operation === "sessions.create") await redeem();
      return answer;
    });
    const server = openInvitingServer({ store: raced });
    const invitation = await server.invite();
    const slot = Buffer.from(invitation, "base64url").subarray(0, 32).toString("base64url");
    redeem = async () => {
      const token = await store.tokens.readSlot(slot, server.clock.now());
      await store.tokens.redeemSlot(slot, token?.secret ?? "", server.clock.now());
    };
    const browser = server.browser();
    const answer = await travel(server, browser, isNative ? { ...NATIVE, invitation } : { invitation });
    if (isNative) await expectError(await exchange(server, answer), 400, "mail_token_invalid");
    else expectFailed(answer, "mail_token_invalid");
    expect(await server.auth.users.find(ANN)).toBeNull();
    expect(await whoIs(browser)).toBeNull();
    expect(countOf(server, "user.deleted")).toBe(1);
  });

  it("keeps its user if the store redeems it, and the answer is lost", async () => {
    const losing = wrapped(memory(), async (operation, call) => {
      const answer = await call();
      if (operation === "tokens.redeemSlot") throw new Error("the connection was lost");
      return answer;
    });
    const server = openInvitingServer({ store: losing });
    const invitation = await server.invite();
    const browser = server.browser();
    expectSentTo(await travel(server, browser, { invitation }), "/welcome");
    expect(await whoIs(browser)).not.toBeNull();
  });

  it("is refused at the start if it is malformed, at the target, and no flow begins", async () => {
    const server = openInvitingServer();
    const invitation = await server.invite();
    for (const malformed of ["", "x", `${invitation}A`, invitation.slice(1), "A".repeat(10_000)]) {
      const browser = server.browser();
      expectFailed(await start(browser, { invitation: malformed }), "mail_token_invalid");
      expect(flowsOf(browser).size).toBe(0);
    }
    const twice = `/auth/oauth/stub?redirect_to=/welcome&invitation=${invitation}&invitation=${invitation}`;
    expectFailed(await server.browser().get(twice), "mail_token_invalid");
  });

  it("is sealed in the cookie of the flow, and 20 flows of one browser fit a header", async () => {
    const stub = stubProvider();
    const server = openInvitingServer({ stubs: [stub] });
    const invitation = await server.invite();
    const browser = server.browser();
    let newest = "";
    for (let n = 0; n < 20; n++) {
      const { headers } = await start(browser, { redirect_to: `/welcome/${"x".repeat(60)}`, invitation });
      newest = headers.get("location") ?? "";
      expect(newest).not.toContain(invitation);
      expect(headers.getSetCookie().join()).not.toContain(invitation);
      server.clock.advance(1);
    }
    const flows = [...flowsOf(browser)];
    const bytes = flows.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
    console.info(`${flows.length} flows with an invitation take ${bytes} bytes`);
    expect(bytes).toBeLessThanOrEqual(6_144);
    expect(flows.length).toBeGreaterThanOrEqual(8);
    const answer = await comeBack(browser, stub.agree(newest, ANN_THERE));
    expectSentTo(answer, `/welcome/${"x".repeat(60)}`);
  });

  it("goes along in a form post too, and to a native app", async () => {
    const server = openInvitingServer({ stubs: [stubProvider({ responseMode: "form_post" })] });
    expectSentTo(await travel(server, server.browser(), { invitation: await server.invite() }), "/welcome");
    const other = openInvitingServer();
    const back = await travel(other, other.browser(), { ...NATIVE, invitation: await other.invite() });
    const answer = await exchange(other, back);
    expect(await bodyOf(answer)).toMatchObject({ token_type: "Bearer", user: { email: ANN.email } });
  });

  it("counts as a failed sign-in of the network if it is not valid", async () => {
    const server = openInvitingServer({
      clientAddress: () => "203.0.113.7",
      rateLimit: { signIn: { limit: 3, window: 60 } },
    });
    const invitation = "A".repeat(86);
    expectFailed(await travel(server, server.browser(), { invitation }), "mail_token_invalid");
    // Each start counts, and so does each wrong token.
    await expectError(
      await start(server.browser(), {}).then(() => start(server.browser(), {})),
      429,
      "rate_limited",
    );
  });
});
