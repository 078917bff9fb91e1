import type { Store } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import { describe, expect, it } from "vitest";
import type { Browser } from "../fixtures/browser.ts";
import { expectFailed, expectSentTo, whoIs } from "../fixtures/oauth-answers.ts";
import { begin, comeBack } from "../fixtures/oauth-flow.ts";
import { linkAt, openStubServer, type StubServer, signInAt } from "../fixtures/oauth-server.ts";
import { s256 } from "../fixtures/providers/rigged-answers.ts";
import { startRiggedProvider } from "../fixtures/providers/rigged-provider.ts";
import { ANN_THERE, type Person, stubProvider } from "../fixtures/providers/stub-provider.ts";
import { openRiggedServer, riggedOidc } from "../fixtures/rigged-sign-in.ts";
import { ANN, countOf } from "../fixtures/server.ts";
import { stores } from "../fixtures/stores.ts";
import { faulty, wrapped } from "../fixtures/wrapped-store.ts";

const BARE: Person = { subject: ANN_THERE.subject };
const PICTURE = "https://id.example.org/ann.png";
const WHOLE: Person = { ...ANN_THERE, picture: PICTURE };
const FILLED = { email: ANN_THERE.email, emailVerified: true, name: "Ann", picture: PICTURE };
const LACKING = { email: null, emailVerified: false, name: null, picture: null };

interface Arrived {
  readonly browser: Browser;
  readonly id: string;
}

async function arrive(server: StubServer, person: Person): Promise<Arrived> {
  const browser = server.browser();
  expectSentTo(await server.signIn(browser, person), "/welcome");
  return { browser, id: String(await whoIs(browser)) };
}

describe.each(stores)("on $name", ({ make }) => {
  it("a person whose provider first told nothing gets the address, the name and the picture at a later sign-in", async () => {
    const server = openStubServer({ store: await make() });
    const first = await arrive(server, BARE);
    expect(await server.auth.users.get(first.id)).toMatchObject(LACKING);
    const second = await arrive(server, WHOLE);
    expect(second.id).toBe(first.id);
    expect(await server.auth.users.get(first.id)).toMatchObject(FILLED);
    // The browser of the first sign-in stays signed in.
    expect(await whoIs(first.browser)).toBe(first.id);
    expect(await server.auth.sessions.list(first.id)).toHaveLength(2);
    expect(countOf(server, "user.email_changed")).toBe(1);
    // The address leads to the user like that of any other.
    expect((await server.auth.users.find({ email: "ann@example.com" }))?.id).toBe(first.id);
  });

  it("a person whose address the provider verifies later gets it then", async () => {
    const server = openStubServer({ store: await make() });
    const { id } = await arrive(server, { ...WHOLE, emailVerified: false });
    expect(await server.auth.users.get(id)).toMatchObject({ ...FILLED, email: null, emailVerified: false });
    expect((await arrive(server, WHOLE)).id).toBe(id);
    expect(await server.auth.users.get(id)).toMatchObject(FILLED);
  });

  it("two sign-ins at once both succeed, and one of them brings the address", async () => {
    const server = openStubServer({ store: await make() });
    const { id } = await arrive(server, BARE);
    const browsers = Array.from({ length: 8 }, () => server.browser());
    const arrivals = [];
    for (const browser of browsers) arrivals.push(server.stub.agree(await begin(browser, "stub"), WHOLE));
    const answers = await Promise.all(
      arrivals.map((arrival, n) => comeBack(browsers[n] ?? server.browser(), arrival)),
    );
    for (const answer of answers) expectSentTo(answer, "/welcome");
    expect(new Set(await Promise.all(browsers.map(whoIs)))).toEqual(new Set([id]));
    expect(await server.auth.users.get(id)).toMatchObject(FILLED);
    expect(countOf(server, "user.email_changed")).toBe(1);
  });
});

describe("a person whose user has", () => {
  it("an unverified address of the provider has it verified at a later sign-in as its authority", async () => {
    const store = memory();
    const weak = openStubServer({ store, stubs: [stubProvider({ trustEmail: { domains: [] } })] });
    const { id } = await arrive(weak, ANN_THERE);
    expect(await weak.auth.users.get(id)).toMatchObject({ email: ANN_THERE.email, emailVerified: false });
    const strong = openStubServer({ store, clock: weak.clock });
    expect((await arrive(strong, ANN_THERE)).id).toBe(id);
    expect(await strong.auth.users.get(id)).toMatchObject({ email: ANN_THERE.email, emailVerified: true });
  });

  it("an address, a name and a picture keeps them, also without a proof of the address", async () => {
    const server = openStubServer();
    const { id } = await arrive(server, BARE);
    const own = { name: "Annie", picture: "https://app.example.com/annie.png", email: "annie@example.com" };
    await server.auth.users.update(id, own);
    await arrive(server, WHOLE);
    expect(await server.auth.users.get(id)).toMatchObject({ ...own, emailVerified: false });
  });

  it("set a name while the provider answered keeps that name", async () => {
    const server = openStubServer();
    const { id } = await arrive(server, BARE);
    server.stub.beforeAnswer = () => server.auth.users.update(id, { name: "Annie" });
    await arrive(server, WHOLE);
    expect(await server.auth.users.get(id)).toMatchObject({ ...FILLED, name: "Annie" });
  });
});

describe("the address of a later sign-in does not arrive", () => {
  const unproven: readonly (readonly [string, Person, Parameters<typeof stubProvider>[0]])[] = [
    ["that the provider does not call verified", { ...WHOLE, emailVerified: false }, {}],
    ["by a provider that is no authority", WHOLE, { trustEmail: { domains: [] } }],
    ["by a provider that is the authority for others", WHOLE, { trustEmail: { domains: ["example.org"] } }],
  ];
  it.each(unproven)("%s: an attacker keeps no address of a victim occupied", async (_, person, options) => {
    const server = openStubServer({ stubs: [stubProvider(options)] });
    const { id } = await arrive(server, BARE);
    await arrive(server, person);
    expect(await server.auth.users.get(id)).toMatchObject({ ...LACKING, name: "Ann", picture: PICTURE });
    await server.auth.users.create(ANN);
  });

  it("if another user has it, proved or not", async () => {
    for (const emailVerified of [true, false]) {
      const server = openStubServer();
      const { id } = await arrive(server, BARE);
      const owner = await server.auth.users.create({ ...ANN, emailVerified });
      expect((await arrive(server, WHOLE)).id).toBe(id);
      expect(await server.auth.users.get(id)).toMatchObject({ email: null, name: "Ann" });
      expect(await server.store.users.get(owner.id)).toMatchObject({ email: ANN.email, emailVerified });
      expect(await server.auth.users.accounts(owner.id)).toEqual([]);
    }
  });

  it("if another user takes it at the same moment", async () => {
    const inner = memory();
    let isRaced = false;
    const store = wrapped(inner, async (operation, call) => {
      if (operation === "users.changeEmail") {
        isRaced = true;
        await server.auth.users.create(ANN);
      }
      return call();
    });
    const server = openStubServer({ store });
    const { id } = await arrive(server, BARE);
    expect((await arrive(server, WHOLE)).id).toBe(id);
    expect(isRaced).toBe(true);
    expect(await server.auth.users.get(id)).toMatchObject({ ...FILLED, email: null, emailVerified: false });
    expect(countOf(server, "user.email_changed")).toBe(0);
  });

  it("if an attacker prepared the user, and had the owner of the address link their account to it", async () => {
    const stubs = [stubProvider(), stubProvider({ id: "other" })] as const;
    const server = openStubServer({ stubs });
    const attacker = server.browser();
    expectSentTo(await signInAt(stubs[1], attacker, { subject: "attacker" }), "/welcome");
    const id = String(await whoIs(attacker));
    expectSentTo(await linkAt(stubs[0], attacker.copy(), WHOLE), "/settings");
    expect((await arrive(server, WHOLE)).id).toBe(id);
    expect(await server.auth.users.get(id)).toMatchObject({ email: null, emailVerified: false });
  });

  it("to a browser of an attacker who prepared the user and then removed their own account from it", async () => {
    const stubs = [stubProvider(), stubProvider({ id: "other" })] as const;
    const store = wrapped(memory(), async (operation, call) => {
      if (operation !== "users.changeEmail") return call();
      // A crash after the address is written leaves no session, and a sign-in that ends in between has none either.
      expect(await server.auth.sessions.list(id)).toEqual([]);
      await server.auth.sessions.create(id);
      return call();
    });
    const server = openStubServer({ store, stubs, revocation: "store" });
    const [attacker, borrowed] = [server.browser(), server.browser()];
    for (const browser of [attacker, borrowed])
      expectSentTo(await signInAt(stubs[1], browser, { subject: "attacker" }), "/welcome");
    const id = String(await whoIs(attacker));
    expectSentTo(await linkAt(stubs[0], borrowed, WHOLE), "/settings");
    const unlinked = await attacker.send("/auth/oauth/other/link", { method: "DELETE" });
    expect(unlinked.status).toBe(204);
    expect(await whoIs(attacker)).toBe(id);
    expect((await arrive(server, WHOLE)).id).toBe(id);
    expect(await server.auth.users.get(id)).toMatchObject(FILLED);
    for (const thief of [attacker, borrowed]) expect(await whoIs(thief)).toBeNull();
    expect(await server.auth.sessions.list(id)).toHaveLength(1);
  });

  it("to an account that an attacker links to the prepared user at the same moment", async () => {
    const store = memory();
    const added = { provider: "other", subject: "attacker" };
    const racing = wrapped(store, async (operation, call) => {
      if (operation === "users.changeEmail") await store.users.link(id, added);
      return call();
    });
    const server = openStubServer({ store: racing });
    const { id } = await arrive(server, BARE);
    expect((await arrive(server, WHOLE)).id).toBe(id);
    expect(await server.auth.users.get(id)).toMatchObject(FILLED);
    expect(await server.auth.users.accounts(id)).toEqual([{ provider: "stub", subject: WHOLE.subject }]);
  });

  it("if the user has a password", async () => {
    const server = openStubServer();
    const { id } = await arrive(server, BARE);
    await server.auth.users.setPassword(id, ANN.password);
    expect((await arrive(server, WHOLE)).id).toBe(id);
    expect(await server.auth.users.get(id)).toMatchObject({ email: null, name: "Ann" });
  });

  it("for a disabled user, who gets nothing", async () => {
    const server = openStubServer();
    const { id } = await arrive(server, BARE);
    await server.auth.users.disable(id);
    expectFailed(await server.signIn(server.browser(), WHOLE), "forbidden");
    expect(await server.auth.users.get(id)).toMatchObject(LACKING);
  });
});

describe("a sign-in that brings a profile", () => {
  const broken: readonly (readonly [string, (store: Store, operation: string) => Promise<unknown> | null])[] =
    [
      ["cannot write it", () => Promise.reject(new Error("the disk is full"))],
      [
        "writes it and gets no answer",
        async (store, operation) => {
          const user = await store.users.find({ email: "ann@example.com" });
          const id = user?.id ?? String((await store.users.findByAccount({ provider: "stub", ...BARE }))?.id);
          if (operation === "users.changeEmail") await store.users.changeEmail(id, "ann@example.com", 0);
          throw new Error("the connection is lost");
        },
      ],
    ];
  it.each(broken)("succeeds if the store %s, and the fault is reported", async (_, fail) => {
    for (const call of ["users.update", "users.changeEmail", "users.accounts"]) {
      const inner = memory();
      const errors: unknown[] = [];
      let isBroken = false;
      const store = faulty(inner, (operation) => {
        return isBroken && operation === call ? fail(inner, operation) : null;
      });
      const server = openStubServer({ store, onError: (error) => errors.push(error) });
      const { id } = await arrive(server, BARE);
      isBroken = true;
      expect((await arrive(server, WHOLE)).id).toBe(id);
      expect(errors).toHaveLength(1);
      isBroken = false;
      await arrive(server, WHOLE);
      expect(await server.auth.users.get(id)).toMatchObject(FILLED);
    }
  });

  it.each([
    ["before the user is read", "users.accounts", { ...BARE, email: ANN.email, emailVerified: true }],
    ["before the name is written", "users.update", WHOLE],
  ])("signs in by no link that is removed %s", async (_, call, person) => {
    let isAwaited = false;
    const store = wrapped(memory(), async (operation, run) => {
      if (operation === call && isAwaited) {
        isAwaited = false;
        await server.auth.users.unlink(id, "stub");
      }
      return run();
    });
    const server = openStubServer({ store });
    const { id } = await arrive(server, BARE);
    await server.auth.users.setPassword(id, ANN.password);
    isAwaited = true;
    const thief = server.browser();
    await server.signIn(thief, person);
    expect(isAwaited).toBe(false);
    expect(await whoIs(thief)).not.toBe(id);
    expect(await server.auth.sessions.list(id)).toEqual([]);
    expect(await server.auth.users.get(id)).toMatchObject({ email: null });
  });

  it("shows it to the hook of this sign-in", async () => {
    const seen: unknown[] = [];
    const hooks = { signedIn: ({ user }: { readonly user: object }) => void seen.push(user) };
    const server = openStubServer({ hooks });
    await arrive(server, BARE);
    await arrive(server, WHOLE);
    expect(seen).toEqual([expect.objectContaining(LACKING), expect.objectContaining(FILLED)]);
  });

  it("succeeds in a native app too", async () => {
    const server = openStubServer({ trustedOrigins: ["com.example.app://"] });
    const { id } = await arrive(server, BARE);
    const verifier = "v".repeat(43);
    const query = new URLSearchParams({
      transport: "bearer",
      code_challenge: s256(verifier),
      redirect_to: "com.example.app://x",
    });
    const browser = server.browser();
    const start = await browser.get(`/auth/oauth/stub?${query}`);
    const answer = await comeBack(browser, server.stub.agree(start.headers.get("location") ?? "", WHOLE));
    const code = new URL(answer.headers.get("location") ?? "").searchParams.get("code");
    const exchanged = await server.browser().post("/auth/oauth/exchange", { code, code_verifier: verifier });
    expect(exchanged.status).toBe(200);
    expect(await exchanged.json()).toMatchObject({ user: { id, email: ANN_THERE.email, name: "Ann" } });
    expect(await server.auth.users.get(id)).toMatchObject(FILLED);
  });
});

it("an OpenID provider that first told the subject alone tells the rest later", async () => {
  const rig = await startRiggedProvider();
  try {
    const { server } = openRiggedServer(rig, [riggedOidc(rig)]);
    const signIn = async (): Promise<string> => {
      const browser = server.browser();
      expect((await comeBack(browser, rig.authorize(await begin(browser, "oidc")))).status).toBe(303);
      return String(await whoIs(browser));
    };
    rig.person = { sub: "rigged-1" };
    const id = await signIn();
    expect(await server.auth.users.get(id)).toMatchObject(LACKING);
    // OpenID Connect Core 5.1: the standard claims.
    rig.person = {
      sub: "rigged-1",
      email: "ann@example.com",
      email_verified: true,
      name: "Ann",
      picture: PICTURE,
    };
    expect(await signIn()).toBe(id);
    expect(await server.auth.users.get(id)).toMatchObject(FILLED);
  } finally {
    await rig.close();
  }
});
