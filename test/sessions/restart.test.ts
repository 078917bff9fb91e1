import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { type Clock, settableClock } from "../fixtures/clock.ts";
import { openServer, SECRET, type TestServer } from "../fixtures/server.ts";
import { kidOf, sidOf } from "../fixtures/tokens.ts";
import { migrated, temporaryFile } from "../stores/files.ts";

const OTHER_SECRET = "7a61c5e2f8094bd3a1e0c9d7b6f5a483-another";

interface Process extends TestServer {
  readonly database: DatabaseSync;
  stop(): void;
}

async function start(file: string, clock: Clock, secret?: string | readonly string[]): Promise<Process> {
  const database = new DatabaseSync(file);
  const store = await migrated(database);
  const server = openServer({ store, clock, ...(secret === undefined ? {} : { secret }) });
  return { ...server, database, stop: () => database.close() };
}

function ringOf({ database }: Process): string {
  return String(database.prepare("SELECT document FROM latchkey_documents").get()?.["document"]);
}

test("a restart ends no session: access tokens stay valid, and refresh tokens rotate", async () => {
  const [file, clock] = [temporaryFile(), settableClock()];
  let server = await start(file, clock, SECRET);
  let ann = await server.signedIn();
  const [sid, kid] = [sidOf(ann.cookie("access")), kidOf(ann.cookie("access"))];
  for (let n = 0; n < 5; n++) {
    server.stop();
    server = await start(file, clock, SECRET);
    ann = ann.copy(server.auth);
    expect(await server.auth.validate(ann.request("/page"))).toMatchObject({ ok: true, refreshed: false });
    expect((await ann.post("/auth/refresh")).headers.getSetCookie().length).toBe(2);
    expect({ sid: sidOf(ann.cookie("access")), kid: kidOf(ann.cookie("access")) }).toEqual({ sid, kid });
    clock.advance(61);
  }
  expect(server.events.map(({ type }) => type)).not.toContain("key.created");
  server.stop();
});

test("private keys are stored sealed with the secret, and unsealed without one", async () => {
  for (const [secret, isSealed] of [
    [SECRET, true],
    [undefined, false],
  ] as const) {
    const server = await start(temporaryFile(), settableClock(), secret);
    await server.auth.keys.jwks();
    const ring = ringOf(server);
    expect(ring).toContain("privateKey");
    expect({ hasPrivateKey: ring.includes('\\"d\\"'), hasKey: ring.includes("kty") }).toEqual({
      hasPrivateKey: !isSealed,
      hasKey: true,
    });
    server.stop();
  }
});

test("a wrong secret creates a new key; sessions continue, and the right secret opens the old keys again", async () => {
  const [file, clock] = [temporaryFile(), settableClock()];
  const first = await start(file, clock, SECRET);
  const ann = await first.signedIn();
  const before = ann.cookie("access");
  first.stop();

  const wrong = await start(file, clock, OTHER_SECRET);
  const later = ann.copy(wrong.auth);
  clock.advance(601);
  const found = await wrong.auth.validate(later.request("/page"));
  expect(found).toMatchObject({ ok: true, refreshed: true });
  later.take(found.headers);
  expect(kidOf(later.cookie("access"))).not.toBe(kidOf(before));
  expect(sidOf(later.cookie("access"))).toBe(sidOf(before));
  expect(wrong.events.filter(({ type }) => type === "key.created").length).toBeGreaterThan(0);
  wrong.stop();

  const right = await start(file, clock, SECRET);
  const again = later.copy(right.auth);
  expect((await right.auth.validate(again.request("/page"))).ok).toBe(true);
  clock.advance(61);
  expect((await again.post("/auth/refresh")).status).toBe(200);
  right.stop();
});

test("a new secret before the old one keeps the keys", async () => {
  const [file, clock] = [temporaryFile(), settableClock()];
  const first = await start(file, clock, SECRET);
  const ann = await first.signedIn();
  first.stop();
  const second = await start(file, clock, [OTHER_SECRET, SECRET]);
  const later = ann.copy(second.auth);
  expect((await later.post("/auth/refresh")).status).toBe(200);
  expect(kidOf(later.cookie("access"))).toBe(kidOf(ann.cookie("access")));
  expect(second.events.map(({ type }) => type)).not.toContain("key.created");
  second.stop();
});

test("a new secret before the old one keeps HS256 tokens valid", async () => {
  const [file, clock] = [temporaryFile(), settableClock()];
  const options = { clock, accessToken: { algorithm: "HS256" } } as const;
  const database = new DatabaseSync(file);
  const store = await migrated(database);
  const ann = await openServer({ ...options, store, secret: SECRET }).signedIn();
  const both = openServer({ ...options, store, secret: [OTHER_SECRET, SECRET] });
  expect((await both.auth.validate(ann.request("/page"))).ok).toBe(true);
  const without = openServer({ ...options, store, secret: OTHER_SECRET });
  const found = await without.auth.validate(ann.request("/page"));
  expect(found).toMatchObject({ ok: true, refreshed: true });
  database.close();
});
