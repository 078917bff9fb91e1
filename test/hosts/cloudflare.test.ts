import { Miniflare } from "miniflare";
import { afterEach, expect, it } from "vitest";
import { bundleFile } from "../stores/workerd.ts";

const script = bundleFile(new URL("./workers/bindings.ts", import.meta.url));
/** The subrequests that a request may make on the free plan of Workers. */
const SUBREQUESTS = 50;
const running: Miniflare[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((host) => host.dispose()));
});

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

interface Worker {
  ask(
    path: string,
    call?: {
      tenant?: string;
      token?: string;
      body?: object;
      leaves?: boolean;
      headers?: Readonly<Record<string, string>>;
    },
  ): Promise<Answer>;
  counts(): Promise<{ readonly made: number; readonly objectCalls: number; readonly messages: number }>;
}

/** A fresh isolate, without any compatibility flag. */
async function start(): Promise<Worker> {
  const host = new Miniflare({
    modules: true,
    script: await script,
    compatibilityDate: "2026-07-01",
    durableObjects: { SESSIONS: { className: "SessionObject", useSQLite: true } },
  });
  running.push(host);
  return {
    ask: async (path, { tenant = "ann", token, body, leaves = false, headers = {} } = {}) => {
      const answer = await host.dispatchFetch(`https://${tenant}.example.com${path}`, {
        method: body === undefined ? "GET" : "POST",
        headers: {
          "content-type": "application/json",
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(leaves ? { "x-leave": "1" } : {}),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await answer.text();
      return { status: answer.status, body: text.startsWith("{") ? JSON.parse(text) : {} };
    },
    counts: async () => JSON.parse(await (await host.dispatchFetch("https://ann.example.com/counts")).text()),
  };
}

const ANN = { email: "ann@example.com", password: "correct horse battery", transport: "bearer" };

it("a Worker makes one auth for each env, at its first request", async () => {
  const worker = await start();
  expect((await worker.counts()).made).toBe(0);
  await Promise.all(Array.from({ length: 10 }, () => worker.ask("/auth/jwks")));
  await worker.ask("/auth/signup", { body: ANN });
  expect((await worker.counts()).made).toBe(1);
  await worker.ask("/auth/jwks", { tenant: "bob" });
  expect((await worker.counts()).made).toBe(2);
});

it("SEC-04: two tenants in one isolate share neither users nor keys nor sessions", async () => {
  const worker = await start();
  const [ann, bob] = [
    await worker.ask("/auth/signup", { body: ANN }),
    await worker.ask("/auth/signup", { body: ANN, tenant: "bob" }),
  ];
  expect({ ann: ann.status, bob: bob.status }).toEqual({ ann: 201, bob: 201 });
  const tokens = [ann, bob].map(({ body }) => String(body["access_token"]));
  const statusOf = async (tenant: string, token = "") =>
    (await worker.ask("/auth/me", { tenant, token })).status;
  expect({ ann: await statusOf("ann", tokens[0]), bob: await statusOf("bob", tokens[1]) }).toEqual({
    ann: 200,
    bob: 200,
  });
  expect({ annAtBob: await statusOf("bob", tokens[0]), bobAtAnn: await statusOf("ann", tokens[1]) }).toEqual({
    annAtBob: 401,
    bobAtAnn: 401,
  });
  const stranger = { refresh_token: ann.body["refresh_token"] };
  expect(await worker.ask("/auth/refresh", { tenant: "bob", body: stranger })).toMatchObject({
    status: 401,
    body: { error: "session_expired" },
  });
  expect((await worker.ask("/auth/refresh", { body: stranger })).status).toBe(200);
});

it("a Worker keeps no state of options that createAuth refuses", async () => {
  const worker = await start();
  for (let times = 0; times < 2; times++) {
    const { status, body } = await worker.ask("/auth/jwks", { tenant: "careless" });
    expect({ status, error: body["error"] }).toEqual({
      status: 500,
      error: expect.stringContaining("TypeError: secret is shorter"),
    });
  }
  expect((await worker.counts()).made).toBe(2);
});

it("CLK-04: a request that is aborted while the keys load blocks no other request", async () => {
  const worker = await start();
  await worker.ask("/auth/signup", { body: ANN, leaves: true });
  const next = await worker.ask("/auth/signup", { body: { ...ANN, email: "eve@example.com" } });
  expect(next.status).toBe(201);
  const token = String(next.body["access_token"]);
  expect((await worker.ask("/auth/me", { token })).status).toBe(200);
});

it("ADP-07: a request that is aborted while it waits for the keys of a validator or for a hash blocks no other request", async () => {
  const worker = await start();
  const { body } = await worker.ask("/auth/signup", { body: ANN });
  const token = String(body["access_token"]);
  await worker.ask("/validate", { token, leaves: true });
  expect((await worker.ask("/validate", { token })).body).toEqual({ userId: Object(body["user"]).id });
  await Promise.all(Array.from({ length: 3 }, () => worker.ask("/hash", { leaves: true })));
  expect((await worker.ask("/hash")).status).toBe(200);
  for (const leaves of [true, true, false]) {
    const { status } = await worker.ask("/auth/login", { body: ANN, leaves });
    expect(status).toBe(200);
  }
});

it("ADP-07: a Worker makes a small part of the calls that one request may make", async () => {
  const worker = await start();
  const calls = async (path: string, call: Parameters<Worker["ask"]>[1]): Promise<[Answer, number]> => {
    const before = (await worker.counts()).objectCalls;
    const answer = await worker.ask(path, call);
    return [answer, (await worker.counts()).objectCalls - before];
  };
  const [signedUp, forSignUp] = await calls("/auth/signup", { body: ANN });
  const token = String(signedUp.body["access_token"]);
  const [, forLogin] = await calls("/auth/login", { body: ANN });
  const [, forRefresh] = await calls("/auth/refresh", {
    body: { refresh_token: signedUp.body["refresh_token"] },
  });
  const [, forSession] = await calls("/auth/session", { token });
  console.info(`Durable Objects: calls ${JSON.stringify({ forSignUp, forLogin, forRefresh, forSession })}`);
  for (const count of [forSignUp, forLogin, forRefresh, forSession])
    expect(count).toBeLessThan(SUBREQUESTS / 3);
});

it("RAT-03: requestHost hands over the address that Cloudflare wrote, and no other header, and waitUntil", async () => {
  const worker = await start();
  const headers = {
    "cf-connecting-ip": "203.0.113.7",
    "x-forwarded-for": "198.51.100.9",
    forwarded: "for=198.51.100.9",
  };
  const { body } = await worker.ask("/auth/signup", { body: ANN, headers });
  const listed = await worker.ask("/auth/sessions", { token: String(body["access_token"]) });
  expect(listed.body).toMatchObject({ sessions: [{ device: { address: "203.0.113.7" } }] });
  expect((await worker.ask("/wait")).body).toEqual({ waits: true });
});

it("a message is sent after the answer by waitUntil, and is lost without it", async () => {
  const worker = await start();
  const { email } = ANN;
  await worker.ask("/auth/signup", { body: ANN });
  const forgot = (headers = {}): Promise<Answer> =>
    worker.ask("/auth/password/forgot", { body: { email }, headers });
  expect(await forgot()).toEqual({ status: 200, body: {} });
  await expect.poll(async () => (await worker.counts()).messages, { timeout: 60_000 }).toBe(1);
  expect(await forgot({ "x-alone": "1" })).toEqual({ status: 200, body: {} });
  expect(await forgot()).toEqual({ status: 200, body: {} });
  await expect.poll(async () => (await worker.counts()).messages, { timeout: 60_000 }).toBe(2);
  await new Promise((resolve) => setTimeout(resolve, 600));
  expect((await worker.counts()).messages).toBe(2);
});

it("a call by hand waits until its message is sent, because it has no waitUntil", async () => {
  const worker = await start();
  expect((await worker.ask("/invite")).body).toEqual({ invited: true });
  expect((await worker.counts()).messages).toBe(1);
});

it("an isolate learns that a session ended, by waitUntil, and without it by the request that is due", async () => {
  const worker = await start();
  const tenant = "quick";
  const errorOf = async (token: string, headers = {}): Promise<unknown> =>
    (await worker.ask("/auth/me", { tenant, token, headers })).body["error"] ?? "none";
  for (const headers of [{}, { "x-alone": "1" }]) {
    const email = `${Object.keys(headers).length}@example.com`;
    const signedUp = await worker.ask("/auth/signup", { tenant, body: { ...ANN, email } });
    const token = String(signedUp.body["access_token"]);
    expect(await errorOf(token, headers)).toBe("none");
    await worker.ask("/auth/logout", { tenant, token, body: {} });
    await expect.poll(() => errorOf(token, headers), { timeout: 60_000 }).toBe("session_revoked");
  }
});
