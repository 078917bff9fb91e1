import { fork } from "node:child_process";
import { createServer } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { type Auth, createAuth } from "@latchkey/core";
import { password } from "@latchkey/core/password";
import type { Store } from "@latchkey/core/store";
import { redis } from "@latchkey/redis";
import { migrate, postgres } from "@latchkey/sql/postgres";
import { createClient } from "redis";
import { expect, test } from "vitest";
import { cheapHasher } from "../fixtures/server.ts";
import { startPostgres } from "./postgres-server.ts";
import type { EndedInput, EndedOutput } from "./processes/ended.ts";
import { describeRedis, startRedis } from "./redis-server.ts";

/** An end is known everywhere after this time, in milliseconds. */
const LIMIT = 11_000;

interface Running {
  readonly ready: Promise<void>;
  readonly output: Promise<EndedOutput>;
}

function start(input: EndedInput): Running {
  const path = new URL("./processes/ended.ts", import.meta.url).pathname;
  const child = fork(path, [JSON.stringify(input)]);
  const exit = new Promise<never>((_, reject) => {
    child.once("exit", (code) => reject(new Error(`the process ended with ${code}`)));
  });
  exit.catch(() => undefined);
  let isReady = (): void => undefined;
  const ready = new Promise<void>((resolve) => {
    isReady = resolve;
  });
  const output = new Promise<EndedOutput>((resolve) => {
    child.on("message", (message: "ready" | EndedOutput) => {
      if (message === "ready") isReady();
      else resolve(message);
    });
  });
  return { ready: Promise.race([ready, exit]), output: Promise.race([output, exit]) };
}

/** A server that signs, on a real port. */
async function serve(store: Store) {
  const holder: { auth?: Auth } = {};
  const server = createServer(
    getRequestListener((request) => holder.auth?.handle(request) ?? new Response(null, { status: 503 })),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const issuer = `http://localhost:${typeof address === "object" ? address?.port : 0}`;
  const auth = createAuth({ store, baseURL: issuer, providers: [password({ hasher: cheapHasher })] });
  holder.auth = auth;
  return { auth, issuer, close: () => server.close() };
}

/** Every way to end a session, by its name. */
const ENDINGS: Readonly<Record<string, (auth: Auth, issuer: string, one: Prepared) => Promise<unknown>>> = {
  "sign-out": (auth, issuer, { token }) => auth.handle(bearer(`${issuer}/auth/logout`, "POST", token)),
  "remote sign-out": (auth, issuer, { sessionId, other }) =>
    auth.handle(bearer(`${issuer}/auth/sessions/${sessionId}`, "DELETE", other)),
  "password change": (auth, _, { userId }) => auth.users.setPassword(userId, "a different staple"),
  disable: (auth, _, { userId }) => auth.users.disable(userId),
  delete: (auth, _, { userId }) => auth.users.delete(userId),
  "end of all sessions": (auth, _, { userId }) => auth.sessions.revokeAll(userId),
};

interface Prepared {
  readonly userId: string;
  readonly sessionId: string;
  readonly token: string;
  /** The access token of another session of the user. */
  readonly other: string;
}

function bearer(url: string, method: string, token: string): Request {
  return new Request(url, { method, headers: { authorization: `Bearer ${token}` } });
}

async function prepare(auth: Auth, name: string): Promise<Prepared> {
  const { id: userId } = await auth.users.create({ email: `${name.replaceAll(" ", "-")}@example.com` });
  const [one, two] = [
    await auth.sessions.create(userId, { transport: "bearer" }),
    await auth.sessions.create(userId, { transport: "bearer" }),
  ];
  return { userId, sessionId: one.session.id, token: one.accessToken, other: two.accessToken };
}

/** Ends a session in each way, and checks when each process refuses its access token. */
async function check(store: Store, places: readonly Pick<EndedInput, "kind" | "url" | "place">[]) {
  const { auth, issuer, close } = await serve(store);
  const prepared = new Map<string, Prepared>();
  for (const name of Object.keys(ENDINGS)) prepared.set(name, await prepare(auth, name));
  const tokens = Object.fromEntries([...prepared].map(([name, { token }]) => [name, token]));
  const live = (await prepare(auth, "live")).token;
  const all = [...places, { kind: "validator", url: issuer, place: "" } as const];
  const running = all.map((place) => start({ ...place, issuer, tokens, live, patience: LIMIT + 9_000 }));
  await Promise.all(running.map(({ ready }) => ready));
  const endedAt = Date.now();
  for (const [name, one] of prepared) await ENDINGS[name]?.(auth, issuer, one);
  const outputs = await Promise.all(running.map(({ output }) => output));
  close();
  for (const [index, { refusedAt, codes, liveRefusals, calls }] of outputs.entries()) {
    const times = Object.entries(refusedAt).map(([name, at]) => [name, at - endedAt] as const);
    console.log(all[index]?.kind, Object.fromEntries(times), `calls: ${calls}`);
    expect(times.map(([name]) => name).sort()).toEqual(Object.keys(ENDINGS).sort());
    expect(times.filter(([, after]) => after > LIMIT)).toEqual([]);
    expect([...new Set(codes)]).toEqual(["session_revoked"]);
    expect(liveRefusals).toBe(0);
    expect(calls.filter((call) => call !== "sessions.endedSince")).toEqual([]);
    expect(calls.length).toBeLessThanOrEqual(2);
  }
}

test("4 processes on PostgreSQL and a validator without a store refuse ended sessions within 11 seconds", async () => {
  const server = await startPostgres();
  try {
    const store = postgres(server.pool());
    await migrate(store);
    const place = { kind: "postgres", url: server.url, place: server.schema } as const;
    await check(store, [place, place, place, place]);
  } finally {
    await server.stop();
  }
});

describeRedis("Redis", () => {
  test("2 processes and a validator without a store refuse ended sessions within 11 seconds", async () => {
    const prefix = `latchkey-ended-${process.pid}:`;
    const server = await startRedis(prefix);
    const client = await createClient({ url: server.url }).connect();
    try {
      const place = { kind: "redis", url: server.url, place: prefix } as const;
      await check(redis(client, { prefix }), [place, place]);
    } finally {
      client.destroy();
      await server.stop();
    }
  });
});
