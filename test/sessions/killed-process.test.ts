import { setTimeout as wait } from "node:timers/promises";
import { expect, test } from "vitest";
import { bodyOf } from "../fixtures/answers.ts";
import { type Browser, openBrowser } from "../fixtures/browser.ts";
import { type Clock, settableClock } from "../fixtures/clock.ts";
import { ANN } from "../fixtures/server.ts";
import { open, temporaryFile } from "../stores/files.ts";
import { type Life, startLife } from "./server-process.ts";

const LIVES = 8;
const CLIENTS = 12;

/** One honest client: what it last asked for, and whether it got its answer. */
interface Client {
  readonly user: typeof ANN;
  browser: Browser;
  unanswered: string | null;
}

type Random = () => number;

// A small generator with a seed, so that a failure can be played again (Mulberry32).
function seeded(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** One step of a client: mostly a refresh, now and then a sign-in or a logout with a sign-in after it. */
async function step(client: Client, random: Random): Promise<void> {
  const { browser, user } = client;
  const chance = random();
  const path = browser.names().length === 0 || chance < 0.2 ? "login" : chance < 0.3 ? "logout" : "refresh";
  client.unanswered = path;
  const answer = await browser.post(`/auth/${path}`, path === "login" ? user : undefined);
  client.unanswered = null;
  expect({ path, status: answer.status }).toEqual({ path, status: 200 });
}

/** Keeps every client busy until the process is killed, in the middle of it. */
async function live(life: Life, clients: readonly Client[], clock: Clock, random: Random): Promise<void> {
  let alive = true;
  const busy = clients.map(async (client) => {
    while (alive) await step(client, random);
  });
  const finished = Promise.allSettled(busy);
  const ticking = (async () => {
    while (alive) {
      await wait(2);
      clock.advance(20);
    }
  })();
  await wait(60 + random() * 120);
  await life.kill();
  alive = false;
  await ticking;
  for (const result of await finished) {
    if (result.status === "rejected") expect(String(result.reason)).toMatch(/no answer|EPIPE|closed/);
  }
}

/** After the restart: a client that asked for no end of the session continues with its cookies. */
async function resume(client: Client): Promise<void> {
  const { browser, user, unanswered } = client;
  if (browser.names().length > 0) {
    const answer = await browser.copy().post("/auth/refresh");
    const mayBeOver = unanswered === "login" || unanswered === "logout";
    if (mayBeOver && answer.status === 401) {
      expect((await bodyOf(answer))["error"]).toBe("session_revoked");
    } else {
      expect({ unanswered, status: answer.status }).toEqual({ unanswered, status: 200 });
    }
  }
  if (unanswered !== null && unanswered !== "refresh") {
    expect((await browser.post("/auth/login", user)).status).toBe(200);
  }
  client.unanswered = null;
}

test(`every client continues after SIGKILL under load, ${LIVES} times on one file, and no reuse is reported`, async () => {
  const seed = Date.now() % 1_000_000;
  console.info(`killed-process seed ${seed}`);
  const random = seeded(seed);
  const file = temporaryFile();
  const clock = settableClock();
  const clients: Client[] = [];
  let answered = 0;
  for (let n = 0; n < LIVES; n++) {
    const life = await startLife(file, clock);
    if (n === 0) clients.push(...(await join(life, clock)));
    for (const client of clients) client.browser = client.browser.copy(life);
    for (const client of clients) await resume(client);
    await live(life, clients, clock, random);
    const types = life.events.map(({ type }) => type);
    expect(types.filter((type) => /reuse_detected|rolled_back|internal_error/.test(type))).toEqual([]);
    answered += types.filter((type) => type === "session.refreshed").length;
  }
  expect(answered).toBeGreaterThan(LIVES * CLIENTS);
  expect(open(file).prepare("PRAGMA integrity_check").get()).toEqual({ integrity_check: "ok" });
});

async function join(life: Life, clock: Clock): Promise<readonly Client[]> {
  const users = Array.from({ length: CLIENTS }, (_, n) => ({ ...ANN, email: `client-${n}@example.com` }));
  return Promise.all(
    users.map(async (user) => {
      const browser = openBrowser({ server: life, clock });
      expect((await browser.post("/auth/signup", user)).status).toBe(201);
      return { user, browser, unanswered: null };
    }),
  );
}
