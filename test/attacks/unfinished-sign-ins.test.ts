import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { onEveryStore } from "../fixtures/every-store.ts";
import { expectNoFlow, expectSentTo } from "../fixtures/oauth-answers.ts";
import { begin, deliver, FLOW_COOKIE, flowsOf } from "../fixtures/oauth-flow.ts";
import { openStubServer, type StubServer } from "../fixtures/oauth-server.ts";
import { ANN_THERE } from "../fixtures/providers/stub-provider.ts";
import { ORIGIN } from "../fixtures/server.ts";
import { counted } from "../fixtures/wrapped-store.ts";

const STARTS = 1_000;
const now = (server: StubServer): number => Math.floor(server.clock.now() / 1_000);
const FAR = 9_999_999_999;
const CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const APP = encodeURIComponent("com.example.app://done");
const PATHS: Readonly<Record<string, string>> = {
  cookie: "/auth/oauth/stub",
  bearer: `/auth/oauth/stub?transport=bearer&code_challenge=${CHALLENGE}&redirect_to=${APP}`,
};

onEveryStore((make) => {
  it.each(Object.entries(PATHS))(
    `${STARTS} sign-ins that are begun and never finished leave no row (%s)`,
    async (_, path) => {
      const { store, calls } = counted(await make());
      const server = openStubServer({ store, rateLimit: false, trustedOrigins: ["com.example.app://"] });
      for (let n = 0; n < STARTS; n++) expect((await server.browser().get(path)).status).toBe(303);
      const rows = await store.tokens.prune(FAR);
      console.info(`${STARTS} starts, ${rows} rows`);
      expect(rows).toBe(0);
      expect(calls.filter((call) => call !== "tokens.prune")).toEqual([]);
    },
  );

  it("only a callback with the cookie of its own start writes a row, and prune deletes it", async () => {
    const server = openStubServer({ store: await make(), rateLimit: false });
    const { tokens } = server.store;
    const browser = server.browser();
    const arrival = server.stub.agree(await begin(browser, "stub"), ANN_THERE);
    const flows = flowsOf(browser);
    await expectNoFlow(await deliver(server, arrival, new Map()), server);
    await expectNoFlow(
      await deliver(server, arrival, new Map([...flows].map(([name]) => [name, "forged"]))),
      server,
    );
    expect(await tokens.prune(FAR)).toBe(0);
    expectSentTo(await deliver(server, arrival, flows), "/welcome");
    expect(await tokens.prune(now(server))).toBe(0);
    expect(await tokens.prune(FAR)).toBe(1);
  });

  it("one cookie under the names of many invented states writes one row", async () => {
    const server = openStubServer({ store: await make(), rateLimit: false });
    const browser = server.browser();
    await begin(browser, "stub");
    const [sealed = ""] = flowsOf(browser).values();
    for (let n = 0; n < 50; n++) {
      const state = createHash("sha256").update(`invented ${n}`).digest("base64url");
      const id = createHash("sha256").update(`latchkey/oauth-flow/v1\0${state}`).digest().subarray(0, 12);
      const name = FLOW_COOKIE + id.toString("base64url");
      const url = `${ORIGIN}/auth/oauth/stub/callback?code=x&state=${state}`;
      await expectNoFlow(await deliver(server, { method: "GET", url }, new Map([[name, sealed]])), server);
    }
    expect(await server.store.tokens.prune(FAR)).toBe(1);
  });

  it("a state is accepted once over two servers and copies of the cookie, until it expires", async () => {
    const server = openStubServer({ store: await make(), rateLimit: false });
    const shared = {
      store: server.store,
      clock: server.clock,
      stubs: [server.stub],
      rateLimit: false,
    } as const;
    const servers = [server, openStubServer(shared), openStubServer(shared)];
    const browser = server.browser();
    const arrival = server.stub.agree(await begin(browser, "stub"), ANN_THERE);
    const flows = flowsOf(browser);
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, n) => deliver(servers[n % servers.length] ?? server, arrival, flows)),
    );
    expect(answers.filter(({ status }) => status === 303)).toHaveLength(1);
    expect(server.stub.calls).toHaveLength(1);
    // The clock of a database that is ahead of every server's by almost the lifetime of a flow.
    await server.store.tokens.prune(now(server) + 1_199);
    for (const seconds of [1, 300, 298, 1, 600, 600]) {
      server.clock.advance(seconds);
      await server.store.tokens.prune(now(server));
      const late = openStubServer(shared);
      await expectNoFlow(await deliver(late, arrival, flows), late);
    }
    expect(await server.store.tokens.prune(FAR)).toBe(0);
  });
});
