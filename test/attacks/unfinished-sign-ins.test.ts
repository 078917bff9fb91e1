import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { onEveryStore } from "../fixtures/every-store.ts";
import { begin } from "../fixtures/oauth-flow.ts";
import {
  type Desk,
  deliver,
  expectNoFlow,
  expectSentTo,
  FLOW_COOKIE,
  flowsOf,
  openDesk,
  SITE,
} from "../fixtures/oauth-server.ts";
import { ANN_THERE } from "../fixtures/providers/in-process-provider.ts";
import { counted } from "../fixtures/wrapped-store.ts";

const STARTS = 1_000;
const now = (desk: Desk): number => Math.floor(desk.clock.now() / 1_000);
const FAR = 9_999_999_999;
const CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const APP = encodeURIComponent("com.example.app://done");
const PATHS: Readonly<Record<string, string>> = {
  cookie: "/auth/oauth/paper",
  bearer: `/auth/oauth/paper?transport=bearer&code_challenge=${CHALLENGE}&redirect_to=${APP}`,
};

onEveryStore((make) => {
  it.each(Object.entries(PATHS))(
    `${STARTS} starts that never come back leave no row (%s)`,
    async (_, path) => {
      const { store, calls } = counted(await make());
      const desk = openDesk({ store, rateLimit: false, trustedOrigins: ["com.example.app://"] });
      for (let n = 0; n < STARTS; n++) expect((await desk.browser().get(path)).status).toBe(303);
      const rows = await store.tokens.prune(FAR);
      console.info(`${STARTS} starts, ${rows} rows`);
      expect(rows).toBe(0);
      expect(calls.filter((call) => call !== "tokens.prune")).toEqual([]);
    },
  );

  it("only a callback with the cookie of its own start costs a row, and prune deletes it", async () => {
    const desk = openDesk({ store: await make(), rateLimit: false });
    const { tokens } = desk.store;
    const browser = desk.browser();
    const arrival = desk.paper.agree(await begin(browser, "paper"), ANN_THERE);
    const flows = flowsOf(browser);
    await expectNoFlow(await deliver(desk, arrival, new Map()), desk);
    await expectNoFlow(
      await deliver(desk, arrival, new Map([...flows].map(([name]) => [name, "forged"]))),
      desk,
    );
    expect(await tokens.prune(FAR)).toBe(0);
    expectSentTo(await deliver(desk, arrival, flows), "/welcome");
    expect(await tokens.prune(now(desk))).toBe(0);
    expect(await tokens.prune(FAR)).toBe(1);
  });

  it("one cookie under the names of many invented states costs one row", async () => {
    const desk = openDesk({ store: await make(), rateLimit: false });
    const browser = desk.browser();
    await begin(browser, "paper");
    const [sealed = ""] = flowsOf(browser).values();
    for (let n = 0; n < 50; n++) {
      const state = createHash("sha256").update(`invented ${n}`).digest("base64url");
      const id = createHash("sha256").update(`latchkey/oauth-flow/v1\0${state}`).digest().subarray(0, 12);
      const name = FLOW_COOKIE + id.toString("base64url");
      const url = `${SITE}/auth/oauth/paper/callback?code=x&state=${state}`;
      await expectNoFlow(await deliver(desk, { method: "GET", url }, new Map([[name, sealed]])), desk);
    }
    expect(await desk.store.tokens.prune(FAR)).toBe(1);
  });

  it("a state is good once over two servers and copies of the cookie, until nothing opens it", async () => {
    const desk = openDesk({ store: await make(), rateLimit: false });
    const shared = { store: desk.store, clock: desk.clock, papers: [desk.paper], rateLimit: false } as const;
    const servers = [desk, openDesk(shared), openDesk(shared)];
    const browser = desk.browser();
    const arrival = desk.paper.agree(await begin(browser, "paper"), ANN_THERE);
    const flows = flowsOf(browser);
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, n) => deliver(servers[n % servers.length] ?? desk, arrival, flows)),
    );
    expect(answers.filter(({ status }) => status === 303)).toHaveLength(1);
    expect(desk.paper.calls).toHaveLength(1);
    // The clock of a database that is ahead of every server's by almost the lifetime of a flow.
    await desk.store.tokens.prune(now(desk) + 1_199);
    for (const seconds of [1, 300, 298, 1, 600, 600]) {
      desk.clock.advance(seconds);
      await desk.store.tokens.prune(now(desk));
      const late = openDesk(shared);
      await expectNoFlow(await deliver(late, arrival, flows), late);
    }
    expect(await desk.store.tokens.prune(FAR)).toBe(0);
  });
});
