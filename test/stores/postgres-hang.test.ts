import { migrate, postgres } from "@latchkey/sql/postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openServer } from "../fixtures/server.ts";
import { startPostgres, type TestPostgres } from "./postgres-server.ts";

let server: TestPostgres;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.stop());

test("a database that hangs ends the request within storeTimeout, and every session works afterwards", async () => {
  const pool = server.pool(8);
  const store = postgres(pool, { clock: "caller" });
  await migrate(store);
  const app = openServer({ store, storeTimeout: 1 });
  const ann = await app.signedIn();
  const blocker = await pool.connect();
  await blocker.query("BEGIN");
  await blocker.query("LOCK TABLE latchkey_sessions IN ACCESS EXCLUSIVE MODE");

  const answer = await ann.post("/auth/refresh");
  expect({ status: answer.status, cookies: answer.headers.getSetCookie() }).toEqual({
    status: 503,
    cookies: [],
  });
  expect(await answer.json()).toMatchObject({ error: "store_unavailable" });
  app.clock.advance(601);
  const found = await app.auth.validate(ann.request("/page"));
  expect(found).toMatchObject({ ok: false, code: "store_unavailable", status: 503 });

  await blocker.query("ROLLBACK");
  blocker.release();
  // The abandoned statements run now: the client continues all the same.
  await expect.poll(() => pool.idleCount === pool.totalCount, { timeout: 60_000 }).toBe(true);
  expect((await ann.post("/auth/refresh")).status).toBe(200);
  app.clock.advance(61);
  expect((await ann.post("/auth/refresh")).status).toBe(200);
});
