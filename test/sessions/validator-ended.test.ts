import { createServer, type Server } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { createAuth, type Validation } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import { createValidator, type ValidatorOptions } from "@latchkey/core/validator";
import { afterEach, describe, expect, it, vi } from "vitest";
import { settableClock } from "../fixtures/clock.ts";
import { SECRET } from "../fixtures/server.ts";

const ORIGIN = "https://app.example.com";
const servers: Server[] = [];

afterEach(() => {
  vi.restoreAllMocks();
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

/** A server that signs, on a real port, and a validator that reads its list of ended sessions. */
async function openEdge(changes: Partial<ValidatorOptions> = {}) {
  const clock = settableClock();
  const store = memory();
  const auth = createAuth({ store, baseURL: ORIGIN, secret: SECRET, env: { clock: clock.now } });
  const asked: string[] = [];
  const state: { instead: (() => Response) | null } = { instead: null };
  const server = createServer(
    getRequestListener((request) => {
      asked.push(new URL(request.url).pathname);
      return state.instead !== null && request.url.includes("/ended")
        ? state.instead()
        : auth.handle(request);
    }),
  );
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const base = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/auth`;
  const { validate } = createValidator({
    jwksUrl: `${base}/jwks`,
    endedUrl: `${base}/ended`,
    issuer: ORIGIN,
    env: { clock: clock.now },
    ...changes,
  });
  const codeOf = (found: Validation): string => (found.ok ? "ok" : found.code);
  /** Validates, and waits for the read of the list that this starts. */
  const check = async (token: string): Promise<string> => {
    const reads: Promise<unknown>[] = [];
    const request = new Request(ORIGIN, { headers: { authorization: `Bearer ${token}` } });
    const found = await validate(request, { waitUntil: (work) => reads.push(work) });
    await Promise.all(reads);
    return codeOf(found);
  };
  return { auth, clock, asked, state, check };
}

async function sessionOf({ auth }: Awaited<ReturnType<typeof openEdge>>) {
  const user = await auth.users.create({ email: `${crypto.randomUUID()}@example.com` });
  const { accessToken, refreshToken, session } = await auth.sessions.create(user.id, { transport: "bearer" });
  return { token: accessToken, refreshToken: String(refreshToken), id: session.id, userId: user.id };
}

describe("a validator with endedUrl", () => {
  it("refuses a session that ended, after its next read, and no other session", async () => {
    const edge = await openEdge();
    const [eve, bob] = [await sessionOf(edge), await sessionOf(edge)];
    expect([await edge.check(eve.token), await edge.check(bob.token)]).toEqual(["ok", "ok"]);
    await edge.auth.sessions.revoke(eve.id);
    edge.clock.advance(7);
    expect(await edge.check(eve.token)).toBe("ok");
    edge.clock.advance(1);
    await edge.check(bob.token);
    expect([await edge.check(eve.token), await edge.check(bob.token)]).toEqual(["session_revoked", "ok"]);
    expect(edge.asked.filter((path) => path === "/auth/ended")).toHaveLength(2);
  });

  it("knows the ends from before its start", async () => {
    const edge = await openEdge();
    const eve = await sessionOf(edge);
    await edge.auth.sessions.revoke(eve.id);
    expect(await edge.check(eve.token)).toBe("session_revoked");
  });

  it("reads a list of several pages at once", async () => {
    const edge = await openEdge();
    const all = await Promise.all(Array.from({ length: 1_001 }, () => sessionOf(edge)));
    for (const { id } of all) await edge.auth.sessions.revoke(id);
    expect(await edge.check(all[1_000]?.token ?? "")).toBe("session_revoked");
    expect(edge.asked.filter((path) => path === "/auth/ended")).toHaveLength(3);
  });

  it("refuses the sessions of a user that ended by one entry, and none that started a second later", async () => {
    const edge = await openEdge();
    const eve = await sessionOf(edge);
    for (let n = 0; n < 101; n++) await edge.auth.sessions.create(eve.userId);
    await edge.auth.sessions.revokeAll(eve.userId);
    edge.clock.advance(1);
    const again = await edge.auth.sessions.create(eve.userId, { transport: "bearer" });
    expect([await edge.check(eve.token), await edge.check(again.accessToken)]).toEqual([
      "session_revoked",
      "ok",
    ]);
  });

  it("has a demoted administrator refresh, and accepts the token with the new role", async () => {
    const edge = await openEdge();
    const [eve, bob] = [await sessionOf(edge), await sessionOf(edge)];
    await edge.auth.sessions.update(eve.id, { context: { role: "reader" } });
    edge.clock.advance(8);
    expect([await edge.check(eve.token), await edge.check(bob.token)]).toEqual(["session_expired", "ok"]);
    const refreshed = await edge.auth.sessions.refresh(eve.refreshToken);
    expect(refreshed).toMatchObject({ ok: true, session: { context: { role: "reader" } } });
    expect(await edge.check(refreshed.ok ? refreshed.accessToken : "")).toBe("ok");
  });

  const page = (entries: unknown, more: unknown = false) => Response.json({ entries, cursor: "1", more });
  it.each<[string, () => Response]>([
    ["an error", () => new Response(null, { status: 500 })],
    ["HTML", () => new Response("<p>", { headers: { "content-type": "text/html" } })],
    ["a redirect", () => new Response(null, { status: 302, headers: { location: "https://evil.example/" } })],
    ["no page", () => Response.json([])],
    ["no cursor", () => Response.json({ entries: [], more: false })],
    ["an unknown kind", () => page([{ kind: "x", key: "a", at: 1, until: 2 }])],
    ["a time that is no number", () => page([{ kind: "ended", key: "a", at: "1", until: 2 }])],
    ["an entry that is null", () => page([null])],
    ["a flag that is no flag", () => page([], "no")],
  ])("keeps what it knows where the server answers %s", async (_, instead) => {
    const warned = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const edge = await openEdge();
    const [eve, bob] = [await sessionOf(edge), await sessionOf(edge)];
    await edge.auth.sessions.revoke(eve.id);
    expect(await edge.check(eve.token)).toBe("session_revoked");
    edge.state.instead = instead;
    for (let n = 0; n < 5; n++) {
      edge.clock.advance(8);
      expect([await edge.check(eve.token), await edge.check(bob.token)]).toEqual(["session_revoked", "ok"]);
    }
    expect(warned).toHaveBeenCalledTimes(3);
    expect(warned.mock.calls[0]?.[0]).toMatch(/ended could not be read for 24 seconds$/);
  });

  it("refuses every token while the list is behind, if whenBehind is refuse", async () => {
    vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const edge = await openEdge({ whenBehind: "refuse" });
    const eve = await sessionOf(edge);
    edge.state.instead = () => new Response(null, { status: 503 });
    expect(await edge.check(eve.token)).toBe("store_unavailable");
    edge.state.instead = null;
    edge.clock.advance(8);
    expect(await edge.check(eve.token)).toBe("ok");
  });

  it.each([
    ["http", "http://a.example/auth/ended"],
    ["credentials", "https://a:b@a.example/auth/ended"],
    ["no URL", "auth/ended"],
  ])("refuses a URL with %s", (_, endedUrl) => {
    const options = { jwksUrl: "https://a.example/auth/jwks", issuer: ORIGIN, endedUrl };
    expect(() => createValidator(options)).toThrow(/endedUrl is .*, but it must be an https URL/);
  });
});
