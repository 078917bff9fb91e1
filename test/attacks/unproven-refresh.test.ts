import { randomBytes } from "node:crypto";
import type { Transport } from "@latchkey/core";
import { describe, expect, it } from "vitest";
import { newStore } from "../fixtures/environment-store.ts";
import { requestTo } from "../fixtures/requests.ts";
import { countOf, REFRESH, type TestServer } from "../fixtures/server.ts";
import { counted } from "../fixtures/wrapped-store.ts";
import { openAttackedServer } from "./server.ts";
import { modes, present, read, signUp } from "./session.ts";

/** A well-formed token of no session, or of this one, whose secrets are made up. */
function forged(sessionId: Uint8Array = randomBytes(16)): string {
  const bytes = Buffer.concat([Buffer.of(1), sessionId, Buffer.alloc(4), randomBytes(48)]);
  return `lkr_${bytes.toString("base64url")}`;
}

function limited(store = newStore()): TestServer {
  return openAttackedServer({
    store,
    rateLimit: {},
    clientAddress: ({ headers }) => headers.get("x-client"),
  });
}

async function presentFrom(
  server: TestServer,
  mode: Transport,
  token: string,
  client: string,
): ReturnType<typeof read> {
  const by = mode === "cookie" ? { cookie: `${REFRESH}=${token}` } : {};
  const body = mode === "cookie" ? {} : { body: { refresh_token: token } };
  return read(
    await server.send("/auth/refresh", { method: "POST", headers: { "x-client": client, ...by }, ...body }),
  );
}

describe.each(modes)("refresh tokens that prove no session (%s)", (mode) => {
  it("use up no attempts of the owner, though they name the owner's session", async () => {
    const server = limited();
    const ann = await signUp(server, mode);
    expect((await presentFrom(server, mode, ann.refresh, "192.0.2.1")).status).toBe(200);
    const id = Buffer.from(ann.sessionId, "base64url");
    for (let n = 0; n < 700; n++) await presentFrom(server, mode, forged(id), "198.51.100.7");
    const own = await presentFrom(server, mode, ann.refresh, "192.0.2.1");
    expect({ status: own.status, refresh: own.refresh }).toEqual({ status: 200, refresh: null });
  });

  it("are limited by client", async () => {
    const client = "198.51.100.7";
    const server = limited();
    const ann = await signUp(server, mode);
    const codes = new Map<string | null, number>();
    let retryAfter = "";
    for (let n = 0; n < 5_000; n++) {
      const answer = await presentFrom(server, mode, forged(), client);
      codes.set(answer.code, (codes.get(answer.code) ?? 0) + 1);
      retryAfter = answer.headers.get("retry-after") ?? retryAfter;
    }
    expect([...codes]).toEqual([
      ["session_expired", 300],
      ["rate_limited", 4_700],
    ]);
    expect(Number(retryAfter)).toBeGreaterThan(0);
    // A token that proves its session is refused nothing, also where it comes from the same network.
    const own = await presentFrom(server, mode, ann.refresh, client);
    expect({ status: own.status, hasRefresh: own.refresh !== null }).toEqual({
      status: 200,
      hasRefresh: true,
    });
    expect((await presentFrom(server, mode, ann.refresh, client)).status).toBe(200);
    server.clock.advance(60);
    expect((await presentFrom(server, mode, forged(), client)).code).toBe("session_expired");
  });

  it("of clients without an address share no limit", async () => {
    const server = limited();
    const codes = new Set<string | null>();
    for (let n = 0; n < 400; n++) codes.add((await presentFrom(server, mode, forged(), "")).code);
    expect([...codes]).toEqual(["session_expired"]);
  });

  it("cost one call to the store, whether they are unknown or forged, limited or not", async () => {
    const { store, calls } = counted(newStore());
    const server = limited(store);
    const ann = await signUp(server, mode);
    for (const token of [forged(), forged(Buffer.from(ann.sessionId, "base64url"))]) {
      calls.length = 0;
      await presentFrom(server, mode, token, "198.51.100.7");
      expect(calls).toEqual(["sessions.rotate"]);
    }
    for (let n = 0; n < 400; n++) await presentFrom(server, mode, forged(), "198.51.100.7");
    calls.length = 0;
    expect((await presentFrom(server, mode, forged(), "198.51.100.7")).code).toBe("rate_limited");
    expect(calls).toEqual(["sessions.rotate"]);
  });

  it("an owner's own access-only answers are counted by session", async () => {
    const server = limited();
    const ann = await signUp(server, mode);
    await present(server, mode, ann.refresh);
    for (let n = 0; n < 600; n++) expect((await present(server, mode, ann.refresh)).status).toBe(200);
    expect((await present(server, mode, ann.refresh)).code).toBe("rate_limited");
    expect(countOf(server, "throttle.refused")).toBe(1);
  });
});

it("an unknown refresh cookie costs validate one call to the store, whether it may rotate or not", async () => {
  const { store, calls } = counted(newStore());
  const { auth } = limited(store);
  const request = (): Request => requestTo("/page", { headers: { cookie: `${REFRESH}=${forged()}` } });
  for (const refresh of ["auto", "never"] as const) {
    calls.length = 0;
    expect(await auth.validate(request(), { refresh })).toMatchObject({ ok: false, code: "session_expired" });
    expect(calls.length).toBe(1);
  }
  calls.length = 0;
  expect(await auth.sessions.refresh(forged())).toEqual({ ok: false, code: "session_expired" });
  expect(calls).toEqual(["sessions.rotate"]);
});
