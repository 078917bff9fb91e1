import { createAuth } from "@latchkey/core";
import { describe, expect, test } from "vitest";
import type { Browser } from "../fixtures/browser.ts";
import { runTogether } from "../fixtures/run-together.ts";
import { openServer, type TestServer } from "../fixtures/server.ts";
import { stores } from "../fixtures/stores.ts";
import { sumOf, type Tally, tallyOf } from "../fixtures/tally.ts";
import { sidOf } from "../fixtures/tokens.ts";
import { migrated, open, temporaryFile } from "../stores/files.ts";

const LEASE = 60;
const ONE_OF_200: Tally = { answered: 200, issued: 1, accessOnly: 199, cleared: 0, alarms: 0 };

/** What the cookie is when it is presented 200 times. */
const situations: Readonly<Record<string, (server: TestServer, ann: Browser) => Promise<void>>> = {
  "the token of the sign-in": async () => undefined,
  "the newest token, its lease over": async ({ clock }, ann) => {
    await ann.post("/auth/refresh");
    clock.advance(LEASE);
  },
  "a token whose successor was lost, its lease over": async ({ clock }, ann) => {
    await ann.copy().post("/auth/refresh");
    clock.advance(LEASE);
  },
};

for (const { name, make } of stores) {
  describe(`200 simultaneous refreshes of one cookie in one process, ${name}`, () => {
    for (const [title, bringAbout] of Object.entries(situations)) {
      test(`give one new refresh token and 199 access tokens, and end no session, ${title}`, async () => {
        const server = openServer({ store: await make() });
        const ann = await server.signedIn();
        await bringAbout(server, ann);
        const tabs = Array.from({ length: 200 }, () => ann.copy());
        const responses = await Promise.all(tabs.map((tab) => tab.post("/auth/refresh")));
        expect(tallyOf(responses, server.events)).toEqual(ONE_OF_200);
        expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([200]));
        await expectAlive(server, ann, responses);
      });
    }

    test("give 200 access tokens inside the lease", async () => {
      const server = openServer({ store: await make() });
      const ann = await server.signedIn();
      await ann.copy().post("/auth/refresh");
      const tabs = Array.from({ length: 200 }, () => ann.copy());
      const responses = await Promise.all(tabs.map((tab) => tab.post("/auth/refresh")));
      expect(tallyOf(responses, server.events)).toEqual({ ...ONE_OF_200, issued: 0, accessOnly: 200 });
    });
  });
}

/** The session lives, and the jar that got every answer refreshes without an alarm. */
async function expectAlive(server: TestServer, ann: Browser, responses: readonly Response[]): Promise<void> {
  for (const { headers } of responses) ann.take(headers);
  const id = sidOf(ann.cookie("access"));
  expect(await server.auth.sessions.get(id)).toMatchObject({ endedAt: null });
  expect((await server.auth.validate(ann.request("/page"), { fresh: true })).ok).toBe(true);
  server.clock.advance(LEASE);
  expect((await ann.post("/auth/refresh")).headers.getSetCookie().length).toBe(2);
  expect(server.events.some(({ type }) => type === "session.reuse_detected")).toBe(false);
}

async function processes(script: string, input: object): Promise<readonly unknown[]> {
  const lists = [0, 1, 2, 3].map((index) => [JSON.stringify({ ...input, index })]);
  const printed = await runTogether(new URL(`./processes/${script}.ts`, import.meta.url), lists);
  return printed.map((text): unknown => JSON.parse(text));
}

describe("4 processes that share one SQLite file", () => {
  for (const [title, bringAbout] of Object.entries(situations)) {
    test(`give one new refresh token for 200 simultaneous refreshes of one cookie, ${title}`, async () => {
      const file = temporaryFile();
      const server = openServer({ store: await migrated(open(file)) });
      const ann = await server.signedIn();
      await bringAbout(server, ann);
      const cookie = ann.request("/auth/refresh").headers.get("cookie") ?? "";
      const input = { file, clock: server.clock.now(), cookie, requests: 50 };
      const printed = await processes("refresh", input);
      expect(sumOf(printed.map((tally) => tally as Tally))).toEqual(ONE_OF_200);
      expect(await server.auth.sessions.get(sidOf(ann.cookie("access")))).toMatchObject({ endedAt: null });
      server.clock.advance(LEASE);
      expect((await ann.post("/auth/refresh")).status).toBe(200);
    });
  }

  test("agree on one key ring where they start at once on a new file", async () => {
    const file = temporaryFile();
    const { clock } = openServer();
    const tokens = (await processes("join", { file, clock: clock.now() })).map(String);
    const auth = createAuth({ store: await migrated(open(file)), env: { clock: clock.now } });
    expect((await auth.keys.jwks()).keys.length).toBe(2);
    for (const token of tokens) expect((await auth.sessions.verify(token)).ok).toBe(true);
  });
});
