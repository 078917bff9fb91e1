import type { Store } from "@latchkey/core/store";
import { describe, expect, test } from "vitest";
import type { Browser } from "../fixtures/browser.ts";
import { settableClock } from "../fixtures/clock.ts";
import { ANN, openServer, SECRET, type TestServer } from "../fixtures/server.ts";
import { stores } from "../fixtures/stores.ts";
import { kidOf } from "../fixtures/tokens.ts";
import { type Between, wrapped } from "../fixtures/wrapped-store.ts";

/** A store whose key ring takes its time, so that loads and saves overlap. */
function slow(store: Store, turns: number): Store {
  const between: Between = async (operation, call) => {
    const result = operation.startsWith("keys.") ? await later(call, turns) : await call();
    return result;
  };
  return wrapped(store, between);
}

async function later<T>(call: () => Promise<T>, turns: number): Promise<T> {
  const result = await call();
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
  return result;
}

/** Validates and refreshes in turn, on both servers; returns how many honest requests were refused. */
async function load(
  browsers: readonly Browser[],
  servers: readonly TestServer[],
  isOver: () => boolean,
): Promise<Load> {
  let [asked, rejected] = [0, 0];
  const busy = browsers.map(async (browser, index) => {
    for (let turn = index; !isOver(); turn++) {
      const server = servers[turn % servers.length];
      const mine = server === undefined ? browser : browser.copy(server.auth);
      const found = await server?.auth.validate(mine.request("/page"), { refresh: "never" });
      const token = mine.cookie("access");
      const verified = await server?.auth.sessions.verify(token);
      const answer = await mine.post("/auth/refresh");
      browser.take(answer.headers);
      asked += 3;
      rejected += [found?.ok, verified?.ok, answer.ok].filter((ok) => ok !== true).length;
    }
  });
  await Promise.all(busy);
  return { asked, rejected };
}

interface Load {
  readonly asked: number;
  readonly rejected: number;
}

const ROTATIONS = 30;

for (const { name, make } of stores) {
  for (const turns of [0, 40]) {
    test(`keys.rotate() ${ROTATIONS} times under load on two servers, ${name}, rejects no token, with a ring that is ${turns} turns away`, async () => {
      const clock = settableClock();
      const store = await make();
      const servers = [
        openServer({ store: slow(store, turns), clock }),
        openServer({ store: slow(store, turns), clock }),
      ];
      const [first, second] = servers;
      if (first === undefined || second === undefined) throw new Error("two servers");
      const browsers = await Promise.all(
        Array.from({ length: 8 }, (_, n) =>
          first.signedIn({ email: `client-${n}@example.com`, password: "correct horse battery" }),
        ),
      );
      let over = false;
      const loading = load(browsers, servers, () => over);
      const kids = new Set<string>();
      for (let n = 0; n < ROTATIONS; n++) {
        await (n % 3 === 2 ? second : first).auth.keys.rotate();
        clock.advance(n % 4 === 3 ? 61 : 0);
        for (const browser of browsers) kids.add(kidOf(browser.cookie("access")));
        await later(async () => undefined, 4);
      }
      over = true;
      const { asked, rejected } = await loading;
      console.info(
        `${name}, ${turns} turns: ${asked} requests, ${kids.size} keys seen, ${rejected} rejected`,
      );
      expect(rejected).toBe(0);
      expect(asked).toBeGreaterThan(100);
      expect(kids.size).toBeGreaterThan(10);
    });
  }
}

describe("rotation by time", () => {
  test("rejects no honest token on two servers in half a year", async () => {
    const clock = settableClock();
    const [store] = await Promise.all(stores.slice(0, 1).map(({ make }) => make()));
    if (store === undefined) throw new Error("a store");
    const servers = [openServer({ store, clock }), openServer({ store, clock })];
    const ann = await servers[0]?.signedIn();
    if (ann === undefined) throw new Error("a browser");
    const kids = new Set<string>();
    let rejected = 0;
    for (let step = 0; step < 1_500; step++) {
      clock.advance([1, 59, 300, 541, 3_600, 36_000][step % 6] ?? 0);
      for (const { auth } of step % 2 === 0 ? servers : servers.toReversed()) {
        const found = await auth.validate(ann.request("/page"));
        ann.take(found.headers);
        if (!found.ok) rejected++;
      }
      kids.add(kidOf(ann.cookie("access")));
      // Half-way the absolute life of 90 days ends: then, and only then, she signs in again.
      if (step === 750) await ann.copy(servers[1]?.auth).post("/auth/logout");
      if (step === 750) ann.take((await resume(servers, ann)).headers);
    }
    expect(rejected).toBe(0);
    expect(kids.size).toBeGreaterThan(3);
  });
});

async function resume(servers: readonly TestServer[], ann: Browser): Promise<Response> {
  return ann.copy(servers[1]?.auth).post("/auth/login", ANN);
}

test("keys.revoke(kid) makes its tokens invalid, and every session continues with a refresh", async () => {
  const clock = settableClock();
  const { auth, signedIn } = openServer({ clock, secret: SECRET });
  const browsers = [await signedIn(), await signedIn(), await signedIn()];
  await auth.keys.revoke(kidOf(browsers[0]?.cookie("access") ?? ""));
  for (const browser of browsers) {
    expect(await auth.sessions.verify(browser.cookie("access"))).toMatchObject({ code: "unauthenticated" });
    expect(await auth.validate(browser.request("/page"))).toMatchObject({ ok: true, refreshed: true });
  }
});
