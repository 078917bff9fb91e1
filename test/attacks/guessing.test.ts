import type { RateLimits } from "@latchkey/core";
import { password } from "@latchkey/core/password";
import { describe, expect, it } from "vitest";
import { countingHasher } from "../fixtures/counting-hasher.ts";
import { newStore } from "../fixtures/environment-store.ts";
import type { TestServer } from "../fixtures/server.ts";
import { counted, faulty } from "../fixtures/wrapped-store.ts";
import { openAttackedServer, PASSWORD } from "./server.ts";
import { present, signUp } from "./session.ts";

const ANN = "ann@example.com";
const HERE = "203.0.113.7";

/** A server with the library's own limits, or with others, whose proxy names the client. */
function limited(
  rateLimit?: Partial<RateLimits>,
  changes: Parameters<typeof openAttackedServer>[0] = {},
): TestServer {
  return openAttackedServer({
    rateLimit: rateLimit ?? {},
    clientAddress: (request) => request.headers.get("x-client"),
    ...changes,
  });
}

interface Attempt {
  readonly email?: string;
  readonly password?: string;
  readonly client?: string;
  readonly path?: string;
}

function attempt(
  server: TestServer,
  { email = ANN, password = "a wrong password", client = HERE, path }: Attempt,
) {
  const headers = { "x-client": client };
  return server.send(path ?? "/auth/login", { method: "POST", headers, body: { email, password } });
}

async function statusesOf(answers: Iterable<Promise<Response>>): Promise<readonly number[]> {
  return (await Promise.all(answers)).map(({ status }) => status);
}

function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

describe("guessing passwords (T9, A14)", () => {
  it("RAT-01 is refused after ten wrong ones in a quarter of an hour", async () => {
    const server = limited();
    await server.auth.users.create({ email: ANN, password: PASSWORD });
    for (let guess = 0; guess < 10; guess++) expect((await attempt(server, {})).status).toBe(401);
    const refused = await attempt(server, { password: PASSWORD });
    expect({ status: refused.status, body: await refused.json() }).toMatchObject({
      status: 429,
      body: { error: "rate_limited" },
    });
    expect(refused.headers.get("retry-after")).toBe("900");
    server.clock.advance(899);
    expect((await attempt(server, { password: PASSWORD })).status).toBe(429);
    server.clock.advance(1);
    expect((await attempt(server, { password: PASSWORD })).status).toBe(200);
    expect(server.events.filter(({ type }) => type === "throttle.refused")).toHaveLength(2);
  });

  it("RAT-02 does not stop the owner from signing in at another address", async () => {
    const server = limited();
    await server.auth.users.create({ email: ANN, password: PASSWORD });
    await statusesOf(times(30, () => attempt(server, {})));
    expect((await attempt(server, { password: PASSWORD, client: "198.51.100.1" })).status).toBe(200);
    expect((await attempt(server, { password: PASSWORD })).status).toBe(429);
  });

  it("RAT-01 a right password counts as no failure, and clears none", async () => {
    const server = limited({ signIn: { limit: 1_000, window: 60 } });
    await server.auth.users.create({ email: ANN, password: PASSWORD });
    await statusesOf(times(9, () => attempt(server, {})));
    for (let turn = 0; turn < 20; turn++)
      expect((await attempt(server, { password: PASSWORD })).status).toBe(200);
    expect((await attempt(server, {})).status).toBe(401);
    expect((await attempt(server, {})).status).toBe(429);
  });

  it("CON-08 of 200 simultaneous wrong passwords, no more than the rule allows are checked", async () => {
    const server = limited({ signIn: { limit: 1_000, window: 60 } });
    await server.auth.users.create({ email: ANN, password: PASSWORD });
    const answers = await statusesOf(times(200, () => attempt(server, {})));
    expect(answers.filter((status) => status === 401)).toHaveLength(10);
    expect(answers.filter((status) => status === 429)).toHaveLength(190);
  });

  it("RAT-06 is refused in the same way for an account that does not exist", async () => {
    const server = limited();
    await server.auth.users.create({ email: ANN, password: PASSWORD });
    const bodies = await Promise.all(
      [ANN, "nobody@example.com"].map(async (email) => {
        const answers = [];
        for (let guess = 0; guess < 12; guess++) {
          const answer = await attempt(server, { email });
          answers.push([answer.status, answer.headers.get("retry-after"), await answer.text()]);
        }
        return answers;
      }),
    );
    expect(bodies[0]).toEqual(bodies[1]);
  });

  it("RAT-08 the variants of one e-mail address share a limit", async () => {
    const server = limited({ account: { limit: 3, window: 60 } });
    const variants = [ANN, "ANN@EXAMPLE.COM", " ann@example.com ", "ａｎｎ@example.com"];
    const answers = [];
    for (const email of variants) answers.push((await attempt(server, { email })).status);
    expect(answers).toEqual([401, 401, 401, 429]);
  });

  it("RAT-04 the variants of a path share a limit", async () => {
    const server = limited({ signIn: { limit: 2, window: 60 } });
    const paths = ["/auth/login", "/auth/login/", "/auth/login?x=1"];
    const answers = [];
    for (const path of paths) answers.push((await attempt(server, { path })).status);
    expect(answers).toEqual([401, 401, 429]);
  });

  it("RAT-03 invalid addresses share no limit, and each subscriber network counts as one client", async () => {
    const server = limited({ signIn: { limit: 2, window: 60 } });
    const clients = ["unknown", "_hidden", "1.2.3.4, 5.6.7.8", "", "999.1.1.1"];
    expect(await statusesOf(clients.map((client) => attempt(server, { client })))).toEqual([
      401, 401, 401, 401, 401,
    ]);
    const same = ["[2001:db8::1]:443", "2001:0DB8:0:0::2", "2001:db8:0:0:ffff::3%eth0"];
    expect(await statusesOf(same.map((client) => attempt(server, { client })))).toEqual([401, 401, 429]);
    const mapped = ["192.0.2.1", "::ffff:192.0.2.1", "192.0.2.1:8080"];
    expect(await statusesOf(mapped.map((client) => attempt(server, { client })))).toEqual([401, 401, 429]);
  });

  it.each([
    ["/auth/login", ["users.find", "throttle.hit"]],
    ["/auth/signup", ["throttle.hit"]],
  ])("RAT-07 the limit of %s applies before any hash, and before any other write", async (path, expected) => {
    const { store, calls } = counted(newStore());
    const { hasher, hashed } = countingHasher();
    const rule = { limit: 1, window: 60 };
    const rateLimit = { signIn: rule, signUp: rule };
    const server = limited(rateLimit, { store, providers: [password({ hasher })] });
    await attempt(server, { path });
    const before = hashed();
    calls.length = 0;
    expect((await attempt(server, { path, email: "bob@example.com" })).status).toBe(429);
    expect(calls).toEqual(expected);
    expect(hashed()).toBe(before);
  });

  it("RAT-01 one client is limited to twenty sign-ups in a minute", async () => {
    const server = limited();
    const join = (index: number) =>
      attempt(server, { email: `u${index}@example.com`, password: PASSWORD, path: "/auth/signup" });
    const answers = await statusesOf(times(25, join));
    expect(answers.filter((status) => status === 201)).toHaveLength(20);
    expect(answers.filter((status) => status === 429)).toHaveLength(5);
  });
});

describe("guesses from many addresses of one network", () => {
  const guess = (server: TestServer, client: string): Promise<number> =>
    attempt(server, { client }).then(({ status }) => status);

  it("are limited to forty on an account for one IPv6 /48, not ten for each of its 65,536 networks", async () => {
    const server = limited();
    await server.auth.users.create({ email: ANN, password: PASSWORD });
    let checked = 0;
    for (let n = 0; n < 6_000; n++) {
      if ((await guess(server, `2001:db8:7:${n.toString(16)}::1`)) === 401) checked += 1;
    }
    expect(checked).toBe(40);
    // The owner signs in from elsewhere all the same.
    expect((await attempt(server, { password: PASSWORD, client: "198.51.100.1" })).status).toBe(200);
  });

  it("are limited to twenty for one /56, and ten for one /64", async () => {
    const server = limited();
    await server.auth.users.create({ email: ANN, password: PASSWORD });
    const count = async (clients: readonly string[]): Promise<number> => {
      let checked = 0;
      for (const client of clients) if ((await guess(server, client)) === 401) checked += 1;
      return checked;
    };
    expect(await count(times(30, (n) => `2001:db8:1:1::${n + 1}`))).toBe(10);
    expect(await count(times(30, (n) => `2001:db8:1:2::${n + 1}`))).toBe(10);
    expect(await count(times(30, (n) => `2001:db8:1:3::${n + 1}`))).toBe(0);
    expect(await count(times(30, (n) => `2001:db8:1:ff${n.toString(16).padStart(2, "0")}::1`))).toBe(20);
    expect(await count(["2001:db8:1:8000::1"])).toBe(0);
  });

  it("RAT-02 are limited to a hundred on one account in a window, from ten thousand addresses", async () => {
    const server = limited();
    await server.auth.users.create({ email: ANN, password: PASSWORD });
    let checked = 0;
    for (let n = 0; n < 10_000; n++) {
      if ((await guess(server, `203.0.${n >> 8}.${n & 255}`)) === 401) checked += 1;
    }
    expect(checked).toBe(100);
    expect((await attempt(server, { email: "bob@example.com", client: "203.0.113.9" })).status).toBe(401);
    server.clock.advance(900);
    expect((await attempt(server, { password: PASSWORD })).status).toBe(200);
  });

  it("RAT-01 a refused client uses up no limit that it shares with others", async () => {
    const server = limited();
    await server.auth.users.create({ email: ANN, password: PASSWORD });
    for (let n = 0; n < 500; n++) await guess(server, HERE);
    expect((await attempt(server, { password: PASSWORD, client: "198.51.100.1" })).status).toBe(200);
  });

  it("RAT-01 a right password clears the failures of its own account alone", async () => {
    const server = limited({ accountTotal: { limit: 3, window: 900 } });
    await server.auth.users.create({ email: ANN, password: PASSWORD });
    await server.auth.users.create({ email: "eve@example.com", password: PASSWORD });
    for (const client of ["192.0.2.1", "192.0.2.2", "192.0.2.3"])
      expect(await guess(server, client)).toBe(401);
    const eve = { email: "eve@example.com", password: PASSWORD, client: "192.0.2.1" };
    expect((await attempt(server, eve)).status).toBe(200);
    expect(await guess(server, "192.0.2.4")).toBe(429);
  });

  it("sign-ups are limited by network, with a higher limit for a larger network", async () => {
    const server = limited({ signUp: { limit: 2, window: 60 } });
    let made = 0;
    for (let n = 0; n < 80; n++) {
      const headers = { "x-client": `2001:db8:9:${n.toString(16)}::1` };
      const body = { email: `user${n}@example.com`, password: PASSWORD };
      if ((await server.send("/auth/signup", { method: "POST", headers, body })).status === 201) made += 1;
    }
    expect(made).toBe(8);
  });
});

describe("the limit of refreshes", () => {
  it("counts refreshes that give no refresh token, by session, and a refusal changes nothing", async () => {
    const server = limited({ refresh: { limit: 5, window: 60 } });
    const ann = await signUp(server, "bearer");
    const refreshes = () =>
      server.send("/auth/refresh", { method: "POST", body: { refresh_token: ann.refresh } });
    const answers = [];
    for (let turn = 0; turn < 8; turn++) answers.push((await refreshes()).status);
    expect(answers).toEqual([200, 200, 200, 200, 200, 200, 429, 429]);
    server.clock.advance(60);
    expect(await present(server, "bearer", ann.refresh)).toBeDefined();
    expect(server.events.some(({ type }) => type === "session.reuse_detected")).toBe(false);
  });
});

describe("RAT-05 a throttle that fails", () => {
  it("closes sign-in and sign-up, and leaves refreshes open", async () => {
    let down = false;
    const store = faulty(newStore(), (operation) =>
      down && operation.startsWith("throttle.") ? Promise.reject(new Error("down")) : null,
    );
    const server = limited({}, { store });
    const ann = await signUp(server, "bearer");
    down = true;
    expect((await attempt(server, {})).status).toBe(503);
    expect((await attempt(server, { path: "/auth/signup", email: "new@example.com" })).status).toBe(503);
    const again = () =>
      server.send("/auth/refresh", { method: "POST", body: { refresh_token: ann.refresh } });
    expect([(await again()).status, (await again()).status]).toEqual([200, 200]);
  });
});
