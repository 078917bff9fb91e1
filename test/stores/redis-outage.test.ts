import type { Store } from "@latchkey/core/store";
import { type RedisClient, redis } from "@latchkey/redis";
import { Redis } from "ioredis";
import { createClient, type RedisClientType } from "redis";
import { expect, onTestFinished, test } from "vitest";
import type { Browser } from "../fixtures/browser.ts";
import { openServer, type TestServer } from "../fixtures/server.ts";
import { describeOwnRedis, type OwnRedis, ownRedis } from "./redis-server.ts";

const USERS = 10;
const DURABLE = ["--appendonly", "yes", "--appendfsync", "always"];

async function nodeClient(url: string): Promise<RedisClientType> {
  const client: RedisClientType = createClient({
    url,
    disableOfflineQueue: true,
    socket: { reconnectStrategy: 50 },
  });
  await client.on("error", () => undefined).connect();
  onTestFinished(() => client.destroy());
  return client;
}

const clients: Readonly<Record<string, (url: string) => Promise<RedisClient>>> = {
  "node-redis": nodeClient,
  ioredis: async (url) => {
    const options = { lazyConnect: true, enableOfflineQueue: false, retryStrategy: () => 50 };
    const client = new Redis(url, options).on("error", () => undefined);
    await client.connect();
    onTestFinished(() => client.disconnect());
    return client;
  },
};

describeOwnRedis("a Redis server that goes away", () => {
  for (const [name, connect] of Object.entries(clients)) {
    test(`causes 503 while it is down, and every session works afterwards, by ${name}`, async () => {
      const server = await started(...DURABLE);
      const app = worldOf(await connect(server.url));
      const browsers = await signedIn(app);
      await server.kill();
      for (const browser of browsers) await expectUnavailable(app, browser);
      await server.start();
      await answering(app);
      const kept = await Promise.all(browsers.map((browser) => browser.post("/auth/refresh")));
      expect(kept.map(({ status }) => status)).toEqual(browsers.map(() => 200));
      expect(alarms(app)).toEqual([]);
    });

    test(`causes a sign-out without an alarm where it kept no data, by ${name}`, async () => {
      const server = await started();
      const app = worldOf(await connect(server.url));
      const browsers = await signedIn(app);
      await server.kill();
      await server.start();
      await answering(app);
      for (const browser of browsers) {
        const answer = await browser.post("/auth/refresh");
        expect({ status: answer.status, error: (await answer.json()).error }).toEqual({
          status: 401,
          error: "session_expired",
        });
        expect(browser.cookie("refresh")).toBe("");
        expect((await browser.post("/auth/refresh")).status).toBe(401);
      }
      expect(alarms(app)).toEqual([]);
      expect((await browsers[0]?.post("/auth/signup", userOf(0)))?.status).toBe(201);
    });

    test(`signs clients out without an alarm where a failover lost their last writes, by ${name}`, async () => {
      const primary = await started("--repl-diskless-sync-delay", "0");
      const replica = await started("--replicaof", "127.0.0.1", String(primary.port));
      const app = worldOf(await connect(primary.url));
      const [lucky, unlucky, unheard] = await signedIn(app, 3);
      if (lucky === undefined || unlucky === undefined || unheard === undefined)
        throw new Error("no browsers");
      for (const browser of [lucky, unlucky, unheard]) await browser.post("/auth/refresh");
      app.clock.advance(61);
      const promoted = await promote(replica, primary);
      for (let n = 0; n < 2; n++) {
        expect((await unlucky.post("/auth/refresh")).status).toBe(200);
        app.clock.advance(61);
      }
      // Its answer is lost as well.
      await unheard.copy().post("/auth/refresh");
      await primary.kill();

      const after = openServer({ store: promoted, clock: app.clock });
      for (const [browser, expected] of [
        [lucky, { status: 200, error: undefined }],
        [unheard, { status: 200, error: undefined }],
        [unlucky, { status: 401, error: "refresh_token_invalid" }],
      ] as const) {
        const answer = await browser.copy(after.auth).post("/auth/refresh");
        expect({ status: answer.status, error: (await answer.json()).error }).toEqual(expected);
      }
      expect(alarms(after)).toEqual([]);
      expect(after.events.map(({ type }) => type)).toContain("session.rolled_back");
    });

    test(`lets a request end within storeTimeout where it hangs, by ${name}`, async () => {
      const server = await started(...DURABLE);
      const app = worldOf(await connect(server.url));
      const [browser] = await signedIn(app, 1);
      server.hang(true);
      const began = performance.now();
      await expectUnavailable(app, browser);
      expect(performance.now() - began).toBeLessThan(4_000);
      server.hang(false);
      await answering(app);
      expect((await browser?.post("/auth/refresh"))?.status).toBe(200);
      expect(alarms(app)).toEqual([]);
    });
  }
});

async function started(...options: readonly string[]): Promise<OwnRedis> {
  const server = await ownRedis(...options);
  onTestFinished(server.remove);
  await server.start();
  return server;
}

/** Waits until the replica has everything, and cuts it off: what is written from now on is lost. */
async function promote(replica: OwnRedis, primary: OwnRedis): Promise<Store> {
  const [from, to] = [await nodeClient(primary.url), await nodeClient(replica.url)];
  await from.sendCommand(["SET", "last", "write"]);
  while ((await to.get("last")) === null) await new Promise((resolve) => setTimeout(resolve, 20));
  await to.sendCommand(["REPLICAOF", "NO", "ONE"]);
  return redis(to, { clock: "caller" });
}

function worldOf(client: RedisClient): TestServer {
  return openServer({ store: redis(client, { clock: "caller" }), storeTimeout: 1 });
}

function userOf(n: number): { readonly email: string; readonly password: string } {
  return { email: `user${n}@example.com`, password: "correct horse battery" };
}

async function signedIn(app: TestServer, count: number = USERS): Promise<readonly Browser[]> {
  const browsers = await Promise.all(Array.from({ length: count }, (_, n) => app.signedIn(userOf(n))));
  app.clock.advance(61);
  return browsers;
}

async function expectUnavailable({ auth }: TestServer, browser: Browser | undefined): Promise<void> {
  if (browser === undefined) throw new Error("no browser");
  const cookies = { access: browser.cookie("access"), refresh: browser.cookie("refresh") };
  const answer = await browser.post("/auth/refresh");
  expect({ status: answer.status, error: (await answer.json()).error }).toEqual({
    status: 503,
    error: "store_unavailable",
  });
  expect(answer.headers.getSetCookie()).toEqual([]);
  expect({ access: browser.cookie("access"), refresh: browser.cookie("refresh") }).toEqual(cookies);
  expect((await auth.validate(browser.request("/page"))).ok).toBe(true);
}

/** Waits until the client is connected again. */
async function answering({ store }: TestServer): Promise<void> {
  for (;;) {
    const isUp = await store.keys.load().then(
      () => true,
      () => false,
    );
    if (isUp) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function alarms({ events }: TestServer): readonly string[] {
  return events.map(({ type }) => type).filter((type) => type === "session.reuse_detected");
}
