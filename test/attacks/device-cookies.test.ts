import type { AuthOptions, RateLimits } from "@latchkey/core";
import { password } from "@latchkey/core/password";
import { describe, expect, it } from "vitest";
import { seal, open as unseal } from "../../packages/core/src/keys/seal.ts";
import { countingHasher } from "../fixtures/counting-hasher.ts";
import { newStore } from "../fixtures/environment-store.ts";
import { openSecureServer, SECRET, type TestServer } from "../fixtures/server.ts";
import { counted } from "../fixtures/wrapped-store.ts";
import { openAttackedServer, PASSWORD } from "./server.ts";

const NAME = "__Host-Http-latchkey.device";
const ANN = "ann@example.com";
const BOB = "bob@example.com";
const WRONG = "a wrong password";
const HERE = "203.0.113.7";
const DAY = 86_400;

interface Attempt {
  readonly email?: string;
  readonly secret?: string;
  /** The value of the device cookie. */
  readonly device?: string | null;
  readonly client?: string;
  readonly transport?: "cookie" | "bearer";
}

/** A server with Ann and Bob, the limits of the library or others, and a hasher that counts. */
async function open(rateLimit: Partial<RateLimits> | false = {}, changes: Partial<AuthOptions> = {}) {
  const { hasher, hashed } = countingHasher();
  const server = openAttackedServer({
    rateLimit,
    providers: [password({ hasher })],
    clientAddress: (request) => request.headers.get("x-client"),
    ...changes,
  });
  const users = new Map<string, string>();
  for (const email of [ANN, BOB])
    users.set(email, (await server.auth.users.create({ email, password: PASSWORD })).id);
  const idOf = (email: string): string => users.get(email) ?? "";
  return { server, hashed, idOf };
}

function attempt(
  server: TestServer,
  { email = ANN, secret = WRONG, device, client = HERE, transport = "cookie" }: Attempt,
) {
  const cookie = device == null ? {} : { cookie: `${NAME}=${device}` };
  const headers = { ...(client === "" ? {} : { "x-client": client }), ...cookie };
  return server.send("/auth/login", {
    method: "POST",
    headers,
    body: { email, password: secret, transport },
  });
}

function linesOf(answer: Response): readonly string[] {
  return answer.headers.getSetCookie().filter((line) => line.includes("latchkey.device"));
}

function deviceOf(answer: Response): string {
  return (
    linesOf(answer)[0]
      ?.split(";")[0]
      ?.slice(NAME.length + 1) ?? ""
  );
}

/** Signs in a user, and returns the device cookie. */
async function deviceFor(server: TestServer, email = ANN, device: string | null = null): Promise<string> {
  const answer = await attempt(server, { email, secret: PASSWORD, device });
  expect(answer.status).toBe(200);
  return deviceOf(answer);
}

/** A server on which a stranger keeps every browser away from an account that the account does not know. */
async function openLocked() {
  const opened = await open({ accountTotal: { limit: 1, window: 900 } });
  const { server } = opened;
  const lock = async (email = ANN): Promise<void> => {
    for (const status of [401, 429]) expect((await attempt(server, { email })).status).toBe(status);
  };
  /** Whether a device cookie leads past the lock. */
  const isTrusted = async (device: string, email = ANN, secret = PASSWORD): Promise<boolean> =>
    (await attempt(server, { email, secret, device })).status === 200;
  return { ...opened, lock, isTrusted };
}

describe("the device cookie", () => {
  it("of before cookies.partitioned does not hide the one of a browser whose user has a new password", async () => {
    const old = await open({}, { cookies: { sameSite: "none" } });
    const { store, clock } = old.server;
    const partitioned = { sameSite: "none", partitioned: true } as const;
    const after = openSecureServer({ store, clock, rateLimit: {}, cookies: partitioned });
    const ann = old.server.browser();
    expect((await ann.post("/auth/login", { email: ANN, password: PASSWORD })).status).toBe(200);
    await after.auth.users.setPassword(old.idOf(ANN), `${PASSWORD} 2`);
    const browser = ann.copy(after.auth);
    const signIn = { email: ANN, password: `${PASSWORD} 2` };
    expect((await browser.post("/auth/login", signIn)).status).toBe(200);
    expect(browser.names().filter((name) => name === NAME)).toHaveLength(1);
    for (let n = 0; n < 200; n++) await attempt(after, { client: `203.0.113.${n}` });
    expect((await attempt(after, { secret: signIn.password })).status).toBe(429);
    expect((await browser.post("/auth/login", signIn)).status).toBe(200);
  });

  it("comes with a session in cookies, for this host only, for a year, and out of the reach of scripts", async () => {
    const { server } = await open();
    const answer = await attempt(server, { secret: PASSWORD });
    expect(linesOf(answer)).toEqual([
      `${NAME}=${deviceOf(answer)}; Max-Age=31536000; Path=/; Secure; HttpOnly; SameSite=Lax`,
    ]);
    const signUp = { email: "new@example.com", password: PASSWORD };
    expect(linesOf(await server.send("/auth/signup", { method: "POST", body: signUp }))).toHaveLength(1);
  });

  it("is sent in requests of a page of another site, if the session cookies are", async () => {
    const { server } = await open({}, { cookies: { sameSite: "none" } });
    const lines = (await attempt(server, { secret: PASSWORD })).headers.getSetCookie();
    expect(lines.map((line) => line.split("; ").at(-1))).toEqual(Array(3).fill("SameSite=None"));
  });

  it("comes with no failed sign-in, with no bearer tokens, and not without limits", async () => {
    const { server } = await open();
    const device = await deviceFor(server);
    expect(linesOf(await attempt(server, { device }))).toEqual([]);
    expect(linesOf(await attempt(server, { secret: PASSWORD, device, transport: "bearer" }))).toEqual([]);
    const unlimited = await open(false);
    expect(linesOf(await attempt(unlimited.server, { secret: PASSWORD }))).toEqual([]);
  });

  it("stays after a sign-out", async () => {
    const { server } = await open();
    const browser = server.browser();
    await browser.post("/auth/login", { email: ANN, password: PASSWORD });
    await browser.post("/auth/logout");
    expect(browser.names()).toEqual([NAME]);
  });

  it("lets the owner sign in where all other browsers are refused", async () => {
    const { server, lock, isTrusted } = await openLocked();
    const device = await deviceFor(server);
    await lock();
    expect(await isTrusted(device)).toBe(true);
    expect((await attempt(server, { secret: PASSWORD })).status).toBe(429);
  });

  it("remembers five users of a browser", async () => {
    const { server, lock, isTrusted } = await openLocked();
    const emails = Array.from({ length: 6 }, (_, n) => `u${n}@example.com`);
    let device: string | null = null;
    for (const email of emails) {
      await server.auth.users.create({ email, password: PASSWORD });
      device = await deviceFor(server, email, device);
    }
    const trusted = [];
    for (const email of emails) {
      await lock(email);
      trusted.push(await isTrusted(device ?? "", email));
    }
    expect(trusted).toEqual([false, true, true, true, true, true]);
  });

  it("has a bucket of its own of ten guesses, which count in no other", async () => {
    const { server, hashed } = await open();
    const device = await deviceFor(server);
    const before = hashed();
    const statuses = [];
    for (let n = 0; n < 15; n++) statuses.push((await attempt(server, { device })).status);
    expect(statuses).toEqual([...Array(10).fill(401), ...Array(5).fill(429)]);
    expect(hashed() - before).toBe(10);
    for (let n = 0; n < 10; n++) expect((await attempt(server, {})).status).toBe(401);
    server.clock.advance(900);
    expect((await attempt(server, { secret: PASSWORD, device })).status).toBe(200);
  });

  it("shows nothing of the account: all answers and all work are equal, with a cookie and without", async () => {
    const { store, calls } = counted(newStore());
    const { server, hashed, idOf } = await open({}, { store });
    const device = await deviceFor(server);
    await server.auth.users.disable(idOf(BOB));
    const seen = new Set<string>();
    for (const email of [ANN, BOB, "unknown@example.com"])
      for (const sent of [null, device, "forged", "x".repeat(2_000)]) {
        calls.length = 0;
        const before = hashed();
        const answer = await attempt(server, { email, device: sent });
        const work = { calls: [...calls], hashes: hashed() - before };
        const shown = { status: answer.status, headers: [...answer.headers], body: await answer.text() };
        seen.add(JSON.stringify({ ...work, ...shown }));
      }
    expect([...seen]).toHaveLength(1);
    expect([...seen][0]).toContain('"calls":["users.find","throttle.hit"],"hashes":1');
  });
});

describe("RAT-09 a device cookie that is not good", () => {
  it.each([
    ["empty", ""],
    ["no base64url", "%%%"],
    ["short", "AAAA"],
    ["long", "A".repeat(3_000)],
    ["plain data", Buffer.from(JSON.stringify([["user", "device", 1, 1_900_000_000]])).toString("base64url")],
  ])("forged (%s) is as none, and no error", async (_, device) => {
    const { server, lock, isTrusted } = await openLocked();
    expect((await attempt(server, { secret: PASSWORD, device })).status).toBe(200);
    await lock();
    expect(await isTrusted(device)).toBe(false);
  });

  it("forged by a change of any byte is as none", async () => {
    const { server, lock, isTrusted } = await openLocked();
    const device = await deviceFor(server);
    await lock();
    for (let at = 0; at < device.length - 1; at += 7) {
      const changed = device[at] === "A" ? "B" : "A";
      expect(await isTrusted(device.slice(0, at) + changed + device.slice(at + 1)), `${at}`).toBe(false);
    }
    expect(await isTrusted(device)).toBe(true);
  });

  it("sealed with another secret is as none, and with an older one of the server is good", async () => {
    const store = newStore();
    const limits = { accountTotal: { limit: 1, window: 900 } };
    const { server } = await open(limits, { store });
    const device = await deviceFor(server);
    await attempt(server, {});
    const under = (secret: AuthOptions["secret"] & {}) =>
      openAttackedServer({
        store,
        secret,
        rateLimit: limits,
        providers: [password({ hasher: countingHasher().hasher })],
      });
    const other = "another secret of at least thirty-two bytes";
    const statusUnder = async (secret: AuthOptions["secret"] & {}) =>
      (await attempt(under(secret), { secret: PASSWORD, device })).status;
    expect([await statusUnder(other), await statusUnder([other, SECRET])]).toEqual([429, 200]);
  });

  it("sealed for another purpose, or longer than any of Latchkey, is as none", async () => {
    const { server, lock, isTrusted } = await openLocked();
    const text = await unseal(await deviceFor(server), [SECRET], "device");
    if (text === null) throw new Error("the cookie is sealed otherwise");
    const sealed = (content: string, label: string) =>
      seal(content, SECRET, label, (length) => new Uint8Array(length));
    await lock();
    expect(await isTrusted(await sealed(text, "device"))).toBe(true);
    expect(await isTrusted(await sealed(text, "oauth-transaction"))).toBe(false);
    expect(await isTrusted(await sealed(text.padEnd(2_000), "device"))).toBe(false);
  });

  it("of another user is as none", async () => {
    const { server, lock, isTrusted } = await openLocked();
    const device = await deviceFor(server, BOB);
    await lock();
    expect(await isTrusted(device)).toBe(false);
    await lock(BOB);
    expect(await isTrusted(device, BOB)).toBe(true);
  });

  const revocations: Readonly<Record<string, (server: TestServer, id: string) => Promise<unknown>>> = {
    "a password change": ({ auth }, id) => auth.users.setPassword(id, "another good password"),
    "the end of all sessions": ({ auth }, id) => auth.sessions.revokeAll(id),
    "a time of being disabled": async ({ auth }, id) => {
      await auth.users.disable(id);
      await auth.users.enable(id);
    },
  };
  it.each(Object.entries(revocations))("of before %s is as none", async (title, revoke) => {
    const { server, lock, isTrusted, idOf } = await openLocked();
    const device = await deviceFor(server);
    await revoke(server, idOf(ANN));
    await lock();
    const secret = title === "a password change" ? "another good password" : PASSWORD;
    expect(await isTrusted(device, ANN, secret)).toBe(false);
    server.clock.advance(900);
    expect((await attempt(server, { secret })).status).toBe(200);
  });

  it("of more than a year ago is as none, and each sign-in renews the year", async () => {
    const { server, lock, isTrusted } = await openLocked();
    const old = await deviceFor(server);
    server.clock.advance(300 * DAY);
    const renewed = await deviceFor(server, ANN, old);
    server.clock.advance(65 * DAY);
    await lock();
    expect([await isTrusted(old), await isTrusted(renewed)]).toEqual([false, true]);
  });

  it("copied shares the bucket of the original, whichever of its rotations was copied", async () => {
    const { server, hashed } = await open();
    const first = await deviceFor(server);
    const second = await deviceFor(server, ANN, first);
    const third = await deviceFor(server, ANN, second);
    expect(new Set([first, second, third]).size).toBe(3);
    const before = hashed();
    for (let n = 0; n < 30; n++)
      await attempt(server, { device: [first, second, third][n % 3] ?? null, client: `192.0.2.${n}` });
    expect(hashed() - before).toBe(10);
    for (const device of [first, second, third])
      expect((await attempt(server, { device, secret: PASSWORD })).status).toBe(429);
  });

  it("copied, or good, signs in no client without the password", async () => {
    const { server } = await open();
    const device = await deviceFor(server);
    const cookie = `${NAME}=${device}`;
    for (const name of [NAME, "__Host-Http-latchkey.access", "__Host-Http-latchkey.refresh"]) {
      const headers = { cookie: `${name}=${device}` };
      for (const path of ["/auth/me", "/auth/sessions"])
        expect((await server.send(path, { headers })).status).toBe(401);
      expect((await server.send("/auth/refresh", { method: "POST", headers })).status).toBe(401);
      const request = new Request("https://app.example.com/", { headers });
      expect((await server.auth.validate(request)).ok).toBe(false);
    }
    expect((await server.send("/auth/me", { headers: { authorization: `Bearer ${device}` } })).status).toBe(
      401,
    );
    const answer = await server.send("/auth/login", {
      method: "POST",
      headers: { cookie },
      body: { email: ANN, password: device },
    });
    expect([answer.status, answer.headers.getSetCookie()]).toEqual([401, []]);
  });
});

describe("RAT-10 ten thousand wrong passwords from a thousand addresses", () => {
  it.each(["known", "unknown"])("lock no owner out, if the addresses are %s", async (kind) => {
    const { server, hashed } = await open();
    const device = await deviceFor(server);
    const before = hashed();
    const client = (n: number): string =>
      kind === "known" ? `10.0.${Math.floor(n / 250)}.${(n % 250) + 1}` : "";
    for (let n = 0; n < 10_000; n += 200) {
      await Promise.all(
        Array.from({ length: 200 }, (_, of) => attempt(server, { client: client((n + of) % 1_000) })),
      );
    }
    // The rule of the account, exactly.
    expect(hashed() - before).toBe(100);
    // From a browser that has signed in before: at the first try.
    expect((await attempt(server, { secret: PASSWORD, device, client: client(0) })).status).toBe(200);
    // From a new one: after the window of the account.
    const fresh = { secret: PASSWORD, client: "198.51.100.9" };
    const refused = await attempt(server, fresh);
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "900"]);
    server.clock.advance(900);
    expect((await attempt(server, fresh)).status).toBe(200);
    expect((await attempt(server, { email: BOB, secret: PASSWORD })).status).toBe(200);
  });
});

describe("sign-ups with one address", () => {
  it("are limited to five in an hour, and each password that is refused counts as none", async () => {
    const { server } = await open();
    const signUp = async (secret: string, email = "new@example.com") => {
      count += 1;
      const headers = { "x-client": `192.0.2.${count}` };
      const body = { email, password: secret };
      return (await server.send("/auth/signup", { method: "POST", headers, body })).status;
    };
    let count = 0;
    for (let n = 0; n < 8; n++) expect(await signUp("short")).toBe(422);
    expect(await signUp(PASSWORD)).toBe(201);
    for (let n = 0; n < 4; n++) expect(await signUp(PASSWORD)).toBe(409);
    expect(await signUp(PASSWORD)).toBe(429);
    expect(await signUp(PASSWORD, "other@example.com")).toBe(201);
  });
});
