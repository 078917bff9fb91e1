import { expect, it } from "vitest";
import { bodyOf } from "../fixtures/answers.ts";
import type { Browser } from "../fixtures/browser.ts";
import { onEveryStore } from "../fixtures/every-store.ts";
import { expectSentTo, whoIs } from "../fixtures/oauth-answers.ts";
import { begin, comeBack, jarOf } from "../fixtures/oauth-flow.ts";
import { openStubServer, type StubServer } from "../fixtures/oauth-server.ts";
import {
  ANN_THERE,
  type Person,
  type StubProvider,
  stubProvider,
} from "../fixtures/providers/stub-provider.ts";
import { countOf } from "../fixtures/server.ts";

const MANY = 32;
const WITHOUT_ADDRESS: Person = { subject: "no-address" };

/** As many browsers as that, each with an answer of the provider for the same person. */
async function crowd(server: StubServer, person: Person): Promise<readonly (() => Promise<Browser>)[]> {
  const crowded: (() => Promise<Browser>)[] = [];
  for (let n = 0; n < MANY; n++) {
    const browser = server.browser();
    const arrival = server.stub.agree(await begin(browser, "stub"), person);
    crowded.push(async () => {
      expectSentTo(await comeBack(browser, arrival), "/welcome");
      return browser;
    });
  }
  return crowded;
}

/** Exactly one user is left, who has exactly these links, and everybody is signed in as them. */
async function expectOne(
  server: StubServer,
  browsers: readonly Browser[],
  subjects: readonly string[],
): Promise<void> {
  const ids = new Set(await Promise.all(browsers.map(whoIs)));
  expect(ids.size).toBe(1);
  const [id] = ids;
  const links = await server.auth.users.accounts(String(id));
  expect(links.map(({ subject }) => subject).toSorted()).toEqual(subjects);
  expect(await server.auth.sessions.list(String(id))).toHaveLength(browsers.length);
  expect(countOf(server, "user.created") - countOf(server, "user.deleted")).toBe(1);
}

onEveryStore((make) => {
  it("of 50 requests with one ID token and its nonce, one succeeds: one user, one session", async () => {
    const stub = stubProvider();
    const identified = { provider: stub.id, subject: "ann", email: null, emailVerified: false, name: null };
    const account = { ...identified, picture: null, claims: {}, tokens: {} };
    const provider: StubProvider["provider"] = {
      ...stub.provider,
      connect: (env) => ({ ...stub.provider.connect(env), identifyToken: async () => account as never }),
    };
    const server = openStubServer({ store: await make(), stubs: [{ ...stub, provider }] });
    const browser = server.browser();
    const { nonce } = await bodyOf(await browser.post("/auth/oauth/stub/nonce"));
    const copies = Array.from({ length: 50 }, () => browser.copy());
    const body = { id_token: "checked by the provider", nonce };
    const answers = await Promise.all(copies.map((copy) => copy.post("/auth/oauth/stub/token", body)));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, ...Array(49).fill(400)]);
    expect({ users: countOf(server, "user.created"), sessions: countOf(server, "session.started") }).toEqual({
      users: 1,
      sessions: 1,
    });
  });

  it("OAU-07 of 20 callbacks with one code, one succeeds: one user, one session, one token request", async () => {
    const server = openStubServer({ store: await make() });
    const browser = server.browser();
    const arrival = server.stub.agree(await begin(browser, "stub"), ANN_THERE);
    const copies = Array.from({ length: 20 }, () => browser.copy());
    const answers = await Promise.all(copies.map((copy) => comeBack(copy, arrival)));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([303, ...Array(19).fill(400)].toSorted());
    const session = answers.flatMap(({ headers }) =>
      headers.getSetCookie().filter((line) => line.includes("latchkey.access")),
    );
    expect(session).toHaveLength(1);
    expect(server.stub.calls).toHaveLength(1);
    expect({ users: countOf(server, "user.created"), sessions: countOf(server, "session.started") }).toEqual({
      users: 1,
      sessions: 1,
    });
  });

  it.each([
    ["with a proven address", ANN_THERE],
    ["without an address", WITHOUT_ADDRESS],
  ])(
    `${MANY} simultaneous first sign-ins of one account, %s, create one user and one link, and all succeed`,
    async (_, person) => {
      const server = openStubServer({ store: await make() });
      const arriving = await crowd(server, person);
      const browsers = await Promise.all(arriving.map((arrive) => arrive()));
      await expectOne(server, browsers, [person.subject]);
    },
  );

  it("simultaneous first sign-ins with two providers and one proven address create one user and two links", async () => {
    const stubs = [stubProvider(), stubProvider({ id: "other" })] as const;
    const [stub, other] = stubs;
    const server = openStubServer({ stubs, store: await make() });
    const arriving = [];
    for (let n = 0; n < 8; n++) {
      const from = n % 2 === 0 ? stub : other;
      const browser = server.browser();
      const person = { ...ANN_THERE, subject: from.id };
      const arrival = from.agree(await begin(browser, from.id), person);
      arriving.push(async () => {
        expectSentTo(await comeBack(browser, arrival), "/welcome");
        return browser;
      });
    }
    const browsers = await Promise.all(arriving.map((arrive) => arrive()));
    await expectOne(server, browsers, ["other", "stub"]);
    expect([...jarOf(browsers[0] ?? server.browser()).keys()]).toHaveLength(2);
  });

  it(`of ${MANY} simultaneous links of one account by as many users, one succeeds, and the others get an error code`, async () => {
    const server = openStubServer({ store: await make() });
    const users = Array.from({ length: MANY }, (_, n) => ({
      email: `user${n}@example.com`,
      password: "correct horse battery",
    }));
    const arriving = [];
    for (const user of users) {
      const browser = await server.signedIn(user);
      const link = await browser.post("/auth/oauth/stub/link", { redirect_to: "/settings" });
      const arrival = server.stub.agree(String((await link.json()).url), WITHOUT_ADDRESS);
      arriving.push(() => comeBack(browser, arrival));
    }
    const answers = await Promise.all(arriving.map((arrive) => arrive()));
    const targets = answers.map(({ headers }) => headers.get("location")?.split("/settings")[1]);
    expect(targets.filter((target) => target === "")).toHaveLength(1);
    expect(targets.filter((target) => target === "?error=account_not_linked")).toHaveLength(MANY - 1);
    expect(countOf(server, "account.linked")).toBe(1);
  });
});
