import { createRequire } from "node:module";
import { AuthError } from "@latchkey/core";
import { type PasswordHasher, password, scryptHasher } from "@latchkey/core/password";
import { describe, expect, it } from "vitest";
import { cheapHasher, type TestServer } from "../fixtures/server.ts";
import { openAttackedServer, PASSWORD } from "./server.ts";
import { modes } from "./session.ts";

const FLOOD = 200;
const RUNNING = 2;
const WAITING = 50;
const ANN = "ann@example.com";

type Native = NonNullable<NonNullable<Parameters<typeof scryptHasher>[0]>["native"]>;
const { scrypt }: Native = createRequire(import.meta.url)("node:crypto");

/** The default concurrency here is that of a machine with more than two cores. */
type HeldOptions = NonNullable<Parameters<typeof scryptHasher>[0]>;

/** A server whose derivations wait for the test, and the default bounds of its hasher. */
interface HeldStage {
  readonly server: TestServer;
  readonly hold: () => void;
  readonly release: () => void;
  /** How many derivations have begun, and how many ran at once at most. */
  readonly counts: () => { readonly started: number; readonly most: number };
}

async function openHeld({ concurrency = RUNNING, ...options }: HeldOptions = {}): Promise<HeldStage> {
  const held: (() => void)[] = [];
  let isHeld = false;
  let [running, most, started] = [0, 0, 0];
  const native: Native = {
    scrypt(secret, salt, length, _, done) {
      started += 1;
      running += 1;
      most = Math.max(most, running);
      // Cheap, in place of the default cost that bounds the queue.
      const cost = { N: 16, r: 1, p: 1, maxmem: 1 << 20 };
      const run = (): void =>
        scrypt(secret, salt, length, cost, (error, key) => {
          running -= 1;
          done(error, key);
        });
      if (isHeld) held.push(run);
      else run();
    },
  };
  const server = openAttackedServer({
    providers: [password({ hasher: scryptHasher({ concurrency, ...options, native }) })],
  });
  // The first sign-up loads code.
  await server.auth.users.create({ email: "first@example.com", password: PASSWORD });
  await server.send("/auth/login", { method: "POST", body: {} });
  started = 0;
  return {
    server,
    hold: () => {
      isHeld = true;
    },
    release: () => {
      isHeld = false;
      for (const run of held.splice(0)) run();
    },
    counts: () => ({ started, most }),
  };
}

/** Lets everything come as far as it can without a derivation. */
async function allPending(): Promise<void> {
  for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve));
}

function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

function refusals(server: TestServer): readonly unknown[] {
  return server.events.flatMap((event) => (event.type === "throttle.refused" ? [event.rule] : []));
}

describe.each(modes)("a flood of password hashes, by %s (PWD-13)", (transport) => {
  const post = (server: TestServer, path: string, email: string, secret = PASSWORD): Promise<Response> =>
    server.send(path, { method: "POST", body: { email, password: secret, transport } });

  it.each([
    ["/auth/login", 0],
    ["/auth/signup", RUNNING + WAITING],
  ])("%s hashes two at once, and refuses requests for which the queue has no place", async (path, users) => {
    const { server, hold, release, counts } = await openHeld();
    hold();
    const answers = times(FLOOD, (n) => post(server, path, `u${n}@example.com`));
    await allPending();
    expect(counts().started).toBe(RUNNING);
    release();
    const all = await Promise.all(answers);
    const refused = all.filter(({ status }) => status === 429);
    expect(refused).toHaveLength(FLOOD - RUNNING - WAITING);
    for (const answer of refused) {
      expect({
        retryAfter: answer.headers.get("retry-after"),
        cookies: answer.headers.getSetCookie(),
      }).toEqual({ retryAfter: "5", cookies: [] });
      expect(await answer.json()).toMatchObject({ error: "rate_limited" });
    }
    expect(counts()).toEqual({ started: RUNNING + WAITING, most: RUNNING });
    expect(refusals(server)).toEqual(refused.map(() => "hashing"));
    const found = await Promise.all(
      times(FLOOD, (n) => server.auth.users.find({ email: `u${n}@example.com` })),
    );
    expect(found.filter((user) => user !== null)).toHaveLength(users);
    expect((await post(server, path, "late@example.com")).status).toBe(users === 0 ? 401 : 201);
  });

  it("gets the same refusal for an account that exists and one that does not", async () => {
    const { server, hold, release } = await openHeld();
    await server.auth.users.create({ email: ANN, password: PASSWORD });
    hold();
    const flood = times(RUNNING + WAITING, () => post(server, "/auth/login", "none@example.com"));
    await allPending();
    const answers = await Promise.all(
      [ANN, "none@example.com"].map((email) => post(server, "/auth/login", email)),
    );
    const seen = await Promise.all(
      answers.map(async (answer) => [answer.status, [...answer.headers], await answer.text()]),
    );
    expect(seen[0]?.[0]).toBe(429);
    expect(seen[0]).toEqual(seen[1]);
    release();
    expect((await Promise.all(flood)).every(({ status }) => status === 401)).toBe(true);
  });

  it("does not affect an existing session", async () => {
    const { server, hold, release } = await openHeld();
    const { id } = await server.auth.users.create({ email: ANN, password: PASSWORD });
    const { accessToken } = await server.auth.sessions.create(id, { transport: "bearer" });
    hold();
    const flood = times(FLOOD, () => post(server, "/auth/login", ANN));
    await allPending();
    expect(await server.auth.sessions.verify(accessToken)).toMatchObject({ ok: true });
    release();
    await Promise.all(flood);
  });
});

describe("a full queue of hashes (PWD-13)", () => {
  it("refuses users.create and users.setPassword, which then change nothing", async () => {
    const { server, hold, release } = await openHeld({ concurrency: 1, queue: 0 });
    const { id } = await server.auth.users.create({ email: ANN, password: PASSWORD });
    await server.auth.sessions.create(id);
    hold();
    const running = server.auth.users.create({ email: "bob@example.com", password: PASSWORD });
    await allPending();
    const refused = { name: "AuthError", code: "rate_limited", retryAfter: 1 };
    const eve = { email: "eve@example.com", password: PASSWORD };
    await expect(server.auth.users.create(eve)).rejects.toMatchObject(refused);
    await expect(server.auth.users.setPassword(id, "another password")).rejects.toMatchObject(refused);
    release();
    await running;
    expect(await server.auth.users.find({ email: eve.email })).toBeNull();
    expect(await server.auth.sessions.list(id)).toHaveLength(1);
  });

  it("does not fail a sign-in whose old hash it cannot renew, and the next sign-in renews it", async () => {
    let isFull = true;
    const hasher: PasswordHasher = {
      ...cheapHasher,
      needsRehash: () => true,
      hash: (...call) => (isFull ? Promise.reject(new AuthError("rate_limited")) : cheapHasher.hash(...call)),
    };
    const server = openAttackedServer({ providers: [password({ hasher })] });
    const { id } = await server.auth.users.create({ email: ANN });
    const passwordHash = await cheapHasher.hash(PASSWORD, (length) => new Uint8Array(length));
    await server.store.users.update(id, { passwordHash }, { ifVersion: null, raiseVersion: false });
    const statuses = [];
    for (const full of [true, false]) {
      isFull = full;
      const body = { email: ANN, password: PASSWORD };
      statuses.push((await server.send("/auth/login", { method: "POST", body })).status);
    }
    expect(statuses).toEqual([200, 200]);
    expect(refusals(server)).toEqual(["hashing"]);
    expect(server.events.filter(({ type }) => type === "user.password_rehashed")).toHaveLength(1);
  });
});
