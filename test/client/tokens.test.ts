import type { AuthClient, TokenStorage } from "@latchkey/client";
import { describe, expect, it } from "vitest";
import { ANN, BOB, typesOf } from "../fixtures/server.ts";
import { ORIGIN, openSimulation, type Simulation } from "./simulation.ts";

interface Shelf extends TokenStorage {
  value: string | null;
  readonly written: (string | null)[];
}

function openShelf(): Shelf {
  const shelf: Shelf = {
    value: null,
    written: [],
    read: async () => shelf.value,
    write: async (value) => {
      shelf.written.push(value);
      shelf.value = value;
    },
  };
  return shelf;
}

async function signedIn(
  simulation: Simulation,
): Promise<{ readonly shelf: Shelf; readonly client: AuthClient }> {
  const shelf = openShelf();
  const client = simulation.holder({ storage: shelf });
  expect(await client.signUp(ANN)).toMatchObject({ ok: true });
  simulation.sent.length = 0;
  shelf.written.length = 0;
  return { shelf, client };
}

const me = (client: AuthClient): Promise<Response> => client.fetch("/auth/me");
const lost = (): never => {
  throw new TypeError("fetch failed");
};

describe("a client that keeps its tokens", () => {
  it("writes both tokens at once, and gets no cookie", async () => {
    const simulation = openSimulation();
    const shelf = openShelf();
    simulation.network.back = (request, response) => {
      expect({ credentials: request.credentials, cookies: response.headers.getSetCookie() }).toEqual({
        credentials: "omit",
        cookies: [],
      });
      return response;
    };
    await simulation.holder({ storage: shelf }).signUp(ANN);
    expect(shelf.written).toHaveLength(1);
    const tokens: unknown = JSON.parse(shelf.value ?? "");
    expect(tokens).toEqual({ access: expect.any(String), refresh: expect.any(String) });
  });

  it("continues after a restart, with an access token that has expired", async () => {
    const simulation = openSimulation();
    const { shelf } = await signedIn(simulation);
    simulation.server.clock.advance(3_600);
    const client = simulation.holder({ storage: shelf });
    expect((await me(client)).status).toBe(200);
    expect(simulation.sent).toEqual(["GET /me", "POST /refresh", "GET /me"]);
    client.session.subscribe(() => undefined);
    await simulation.whenIdle();
    expect(client.session.get()).toMatchObject({ status: "signed-in", user: { email: ANN.email } });
  });

  it("has no user without tokens, and sends no request", async () => {
    const simulation = openSimulation();
    const client = simulation.holder({ storage: openShelf() });
    expect(await client.refresh()).toMatchObject({ ok: false, error: { code: "unauthenticated" } });
    expect(await client.signOut()).toEqual({ ok: true, data: null });
    client.session.subscribe(() => undefined);
    await simulation.whenIdle();
    expect({ sent: simulation.sent, status: client.session.get().status }).toEqual({
      sent: [],
      status: "signed-out",
    });
  });

  it.each([["{}"], ["null"], ["not json"], ['{"access":1}'], ["[]"], [""]])(
    "treats the stored value %j as no tokens",
    async (value) => {
      const simulation = openSimulation();
      const client = simulation.holder({ storage: { ...openShelf(), read: async () => value } });
      expect(await client.refresh()).toMatchObject({ error: { code: "unauthenticated" } });
      expect((await me(client)).status).toBe(401);
    },
  );

  it("refreshes once for requests that are refused at the same time", async () => {
    const simulation = openSimulation();
    const { client } = await signedIn(simulation);
    simulation.server.clock.advance(601);
    const statuses = (await Promise.all(Array.from({ length: 20 }, () => me(client)))).map(
      ({ status }) => status,
    );
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(simulation.sent.filter((name) => name === "POST /refresh")).toHaveLength(1);
  });

  it("keeps its refresh token where an answer has an access token only", async () => {
    const simulation = openSimulation();
    const { client, shelf } = await signedIn(simulation);
    await client.refresh();
    const [before] = shelf.written;
    await client.refresh();
    const [, after] = shelf.written;
    expect(refreshOf(after)).toBe(refreshOf(before));
    expect(after).not.toBe(before);
  });

  it("recovers from a lost answer, and from a process that died before it saved its tokens", async () => {
    const simulation = openSimulation();
    const { shelf, client } = await signedIn(simulation);
    simulation.network.back = lost;
    expect(await client.refresh()).toMatchObject({ error: { code: "network_error" } });
    simulation.network.back = (_, response) => response;
    expect(shelf.written).toEqual([]);
    simulation.server.clock.advance(700);
    const next = simulation.holder({ storage: shelf });
    expect((await me(next)).status).toBe(200);
    simulation.server.clock.advance(700);
    expect((await me(next)).status).toBe(200);
    expect(typesOf(simulation.server.events)).not.toContain("session.reuse_detected");
  });

  it("ignores an answer that comes after another user signed in", async () => {
    const simulation = openSimulation();
    const { shelf, client } = await signedIn(simulation);
    const letGo = simulation.hold("back", "POST /refresh");
    const refreshed = client.refresh();
    await simulation.whenIdle();
    const other = simulation.holder({ storage: shelf });
    await other.signUp(BOB);
    const bobs = shelf.value;
    letGo();
    await refreshed;
    expect(shelf.value).toBe(bobs);
    expect(await (await me(client)).json()).toMatchObject({ email: BOB.email });
  });

  it("uses the token that another process stored, where its own is refused", async () => {
    const simulation = openSimulation();
    const { shelf, client } = await signedIn(simulation);
    const anns = shelf.value;
    const other = simulation.holder({ storage: shelf });
    await other.signUp(BOB);
    const bobs = shelf.value;
    // It reads Ann's tokens, whose session the sign-up has ended, and then finds Bob's.
    let reads = 0;
    const storage: TokenStorage = { ...shelf, read: async () => (reads++ === 0 ? anns : shelf.value) };
    expect(await simulation.holder({ storage }).refresh()).toMatchObject({ ok: true });
    expect(shelf.value).not.toBeNull();
    expect(refreshOf(shelf.value)).not.toBe(refreshOf(bobs));
    expect((await me(client)).status).toBe(200);
  });

  it("deletes the tokens of a session that has ended, and of one that it ends itself", async () => {
    const simulation = openSimulation();
    const { shelf, client } = await signedIn(simulation);
    expect(await client.signOut()).toEqual({ ok: true, data: null });
    expect(shelf.value).toBeNull();
    await client.signIn.password(ANN);
    const { user } = client.session.get();
    await simulation.server.auth.sessions.revokeAll(user?.id ?? "");
    expect(await client.refresh()).toMatchObject({ error: { code: "session_revoked" } });
    expect({ stored: shelf.value, status: client.session.get().status }).toEqual({
      stored: null,
      status: "signed-out",
    });
  });

  it("keeps the tokens of a user that signed in while another user signed out", async () => {
    const simulation = openSimulation();
    const { shelf, client } = await signedIn(simulation);
    const letGo = simulation.hold("back", "POST /logout");
    const signedOut = client.signOut();
    await simulation.whenIdle();
    await simulation.holder({ storage: shelf }).signUp(BOB);
    const bobs = shelf.value;
    letGo();
    expect((await signedOut).ok).toBe(true);
    expect(shelf.value).toBe(bobs);
  });

  it("leaves one session after it signs in twice", async () => {
    const simulation = openSimulation();
    const { client } = await signedIn(simulation);
    simulation.server.clock.advance(5);
    await client.signIn.password(ANN);
    const devices = await client.devices.list();
    expect(devices).toMatchObject({ ok: true, data: [{ current: true }] });
  });

  it("signs other devices out, and all devices", async () => {
    const simulation = openSimulation();
    const { client } = await signedIn(simulation);
    const other = simulation.holder({ storage: openShelf() });
    await other.signIn.password(ANN);
    expect(await client.signOut({ scope: "others" })).toMatchObject({ ok: true });
    expect(await other.refresh()).toMatchObject({ error: { code: "session_revoked" } });
    simulation.server.clock.advance(700);
    expect(await client.signOut({ scope: "all" })).toMatchObject({ ok: true });
    expect(client.session.get().status).toBe("signed-out");
  });

  it.each(["read", "write"] as const)(
    "reports that its storage cannot %s, and reports no token",
    async (method) => {
      const simulation = openSimulation();
      const { shelf } = await signedIn(simulation);
      const secret = refreshOf(shelf.value) ?? "";
      const storage = { ...shelf, [method]: () => Promise.reject(new Error(`disk full: ${secret}`)) };
      const client = simulation.holder({ storage });
      const results = [await client.refresh(), await client.signIn.password(ANN)];
      expect(results).toMatchObject([
        { error: { code: "storage_failed" } },
        { error: { code: "storage_failed" } },
      ]);
      expect(JSON.stringify(results)).not.toContain(secret);
    },
  );

  it("begins a sign-in with a provider for the system's browser", async () => {
    const simulation = openSimulation();
    const client = simulation.holder({ storage: openShelf() });
    const started = await client.signIn.oauth("github", {
      redirectTo: "com.example.app://in",
      codeChallenge: "c",
      invitation: "a+b",
    });
    const url = new URL(started.ok ? started.data.url : "");
    expect(url.href.split("?")[0]).toBe(`${ORIGIN}/auth/oauth/github`);
    expect(Object.fromEntries(url.searchParams)).toEqual({
      redirect_to: "com.example.app://in",
      transport: "bearer",
      code_challenge: "c",
      invitation: "a+b",
    });
  });
});

describe("client.fetch with tokens", () => {
  it("sends no token to another origin, and ignores its 401", async () => {
    const simulation = openSimulation();
    const { client } = await signedIn(simulation);
    const seen: (string | null)[] = [];
    simulation.network.there = ({ headers }) => {
      seen.push(headers.get("authorization"));
    };
    await client.fetch("https://elsewhere.example/auth/me");
    expect({ seen, sent: simulation.sent }).toEqual({ seen: [null], sent: ["GET /me"] });
  });

  it("sends the token to origins that are trusted", async () => {
    const simulation = openSimulation();
    const { shelf } = await signedIn(simulation);
    const client = simulation.holder({ storage: shelf, trustedOrigins: ["https://api.example.com"] });
    const seen: (string | null)[] = [];
    simulation.network.there = ({ headers }) => {
      seen.push(headers.get("authorization"));
    };
    await client.fetch("https://api.example.com/x");
    expect(seen[0]).toMatch(/^Bearer ey/);
  });

  it("repeats a refused request once, with its body", async () => {
    const simulation = openSimulation();
    const { client } = await signedIn(simulation);
    const bodies: string[] = [];
    simulation.network.back = async (request, response) => {
      if (!request.url.endsWith("/api/notes")) return response;
      bodies.push(await request.text());
      return new Response(null, { status: 401 });
    };
    const response = await client.fetch("/api/notes", { method: "POST", body: "a note" });
    expect({ status: response.status, bodies }).toEqual({ status: 401, bodies: ["a note", "a note"] });
    expect(simulation.sent).toEqual(["POST /api/notes", "POST /refresh", "POST /api/notes"]);
    expect(client.session.get().status).toBe("signed-in");
  });

  it("rejects where the fetch of the platform rejects", async () => {
    const simulation = openSimulation();
    const { client } = await signedIn(simulation);
    simulation.network.there = lost;
    await expect(me(client)).rejects.toThrow("fetch failed");
    await expect(client.fetch("http://[")).rejects.toThrow(TypeError);
  });

  it("returns a 401 unchanged where no user is signed in", async () => {
    const simulation = openSimulation();
    const response = await simulation.holder({ storage: openShelf() }).fetch("/auth/me");
    expect({ status: response.status, body: await response.json() }).toMatchObject({
      status: 401,
      body: { error: "unauthenticated" },
    });
  });
});

function refreshOf(value: string | null | undefined): string | null {
  const tokens: unknown = JSON.parse(value ?? "null");
  const refresh =
    typeof tokens === "object" && tokens !== null && "refresh" in tokens ? tokens.refresh : null;
  return typeof refresh === "string" ? refresh : null;
}
