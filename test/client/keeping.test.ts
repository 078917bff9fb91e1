import type { AuthClient } from "@latchkey/client";
import { describe, expect, it } from "vitest";
import { ANN, typesOf } from "../fixtures/server.ts";
import { openSimulation, type Simulation, type Tab } from "./simulation.ts";

const watch = (client: AuthClient): string[] => {
  const seen: string[] = [];
  client.session.subscribe(({ status, error }) =>
    seen.push(error === null ? status : `${status}: ${error.code}`),
  );
  return seen;
};

async function signedIn(simulation: Simulation): Promise<Tab & { readonly seen: string[] }> {
  const tab = simulation.profile().tab();
  await tab.client.signUp(ANN);
  const seen = watch(tab.client);
  await simulation.whenIdle();
  simulation.sent.length = 0;
  seen.length = 0;
  return { ...tab, seen };
}

const down = (): never => {
  throw new TypeError("Failed to fetch");
};

describe("the signed-in user", () => {
  it("is not requested before the first subscriber", async () => {
    const simulation = openSimulation();
    const { client } = simulation.profile().tab();
    await simulation.whenIdle();
    expect(simulation.sent).toEqual([]);
    expect(client.session.get()).toEqual({ status: "loading", user: null, session: null, error: null });
  });

  it("is loaded by one request for any number of subscribers", async () => {
    const simulation = openSimulation();
    const { client } = simulation.profile().tab();
    const seen = [watch(client), watch(client)];
    await simulation.whenIdle();
    expect(simulation.sent).toEqual(["GET /session"]);
    expect(seen).toEqual([["signed-out"], ["signed-out"]]);
  });

  it("is null for a visitor, whose console gets no error of a request", async () => {
    const simulation = openSimulation();
    const statuses: number[] = [];
    simulation.network.back = (_, response) => {
      statuses.push(response.status);
      return response;
    };
    const { client } = simulation.profile().tab();
    const seen = watch(client);
    await simulation.whenIdle();
    expect({ seen, statuses }).toEqual({ seen: ["signed-out"], statuses: [200] });
    expect(client.session.get()).toEqual({ status: "signed-out", user: null, session: null, error: null });
  });

  it("is signed out with the reason if the session was ended elsewhere, which a load tells too", async () => {
    const simulation = openSimulation();
    const { client, show } = await signedIn(simulation);
    show(false);
    await simulation.pass(700);
    await simulation.server.auth.sessions.revoke(client.session.get().session?.id ?? "");
    show(true);
    await simulation.whenIdle();
    expect(simulation.sent).toEqual(["GET /session"]);
    expect(client.session.get()).toMatchObject({ status: "signed-out", reason: "session_revoked" });
    expect((await client.signIn.password(ANN)).ok).toBe(true);
    await client.signOut();
    expect(client.session.get()).not.toHaveProperty("reason");
  });

  it("follows sign-up, sign-out and sign-in", async () => {
    const simulation = openSimulation();
    const { client } = simulation.profile().tab();
    const seen = watch(client);
    await simulation.whenIdle();
    const signedUp = await client.signUp(ANN);
    expect(signedUp).toMatchObject({ ok: true, data: { user: { email: ANN.email } } });
    const state = client.session.get();
    expect(state).toMatchObject({ status: "signed-in", user: { email: ANN.email } });
    expect(state.session?.userId).toBe(state.user?.id);
    expect(await client.signOut()).toEqual({ ok: true, data: null });
    expect((await client.signIn.password(ANN)).ok).toBe(true);
    expect(seen).toEqual(["signed-out", "signed-in", "signed-out", "signed-in"]);
  });

  it("survives a reload", async () => {
    const simulation = openSimulation();
    const profile = simulation.profile();
    await profile.tab().client.signUp(ANN);
    const { client } = profile.tab();
    watch(client);
    await simulation.whenIdle();
    expect(client.session.get()).toMatchObject({ status: "signed-in", user: { email: ANN.email } });
  });

  it.each([
    ["a wrong password", { ...ANN, password: "not the password" }, "invalid_credentials", 401],
    ["no address", { email: "ann", password: ANN.password }, "invalid_request", 400],
  ])("is not changed by a sign-in with %s", async (_, credentials, code, status) => {
    const simulation = openSimulation();
    const { client, seen } = await signedIn(simulation);
    const result = await client.signIn.password(credentials);
    expect(result).toEqual({ ok: false, error: { code, message: expect.any(String), status } });
    expect({ status: client.session.get().status, seen }).toEqual({ status: "signed-in", seen: [] });
  });

  it("is null after the session was ended elsewhere", async () => {
    const simulation = openSimulation();
    const { client, seen } = await signedIn(simulation);
    await simulation.server.auth.sessions.revokeAll(client.session.get().session?.userId ?? "");
    expect(await client.refresh()).toMatchObject({
      ok: false,
      error: { code: "session_revoked", status: 401 },
    });
    expect(seen).toEqual(["signed-out"]);
  });

  it("is requested again when the page is shown after a while", async () => {
    const simulation = openSimulation();
    const { client, show, seen } = await signedIn(simulation);
    show(false);
    await simulation.pass(30);
    show(true);
    await simulation.whenIdle();
    expect(simulation.sent).toEqual([]);
    show(false);
    await simulation.server.auth.sessions.revokeAll(client.session.get().session?.userId ?? "");
    await simulation.pass(61);
    simulation.server.clock.advance(600);
    show(true);
    await simulation.whenIdle();
    expect(seen).toEqual(["signed-out"]);
  });
});

describe("the access token", () => {
  it("is renewed before it expires, while the page is visible", async () => {
    const simulation = openSimulation();
    const { seen } = await signedIn(simulation);
    await simulation.pass(600);
    expect(simulation.sent).toEqual(["POST /refresh"]);
    expect(typesOf(simulation.server.events)).toContain("session.refreshed");
    expect(seen).toEqual(["signed-in"]);
  });

  it("is not renewed while the page is hidden, and is renewed once when the page is shown", async () => {
    const simulation = openSimulation();
    const { show } = await signedIn(simulation);
    show(false);
    await simulation.pass(1_200);
    expect(simulation.sent).toEqual([]);
    show(true);
    await simulation.whenIdle();
    expect(simulation.sent).toEqual(["GET /session"]);
    expect(typesOf(simulation.server.events).filter((type) => type === "session.refreshed")).toHaveLength(1);
  });

  it("is not renewed without a subscriber", async () => {
    const simulation = openSimulation();
    const { client } = simulation.profile().tab();
    await client.signUp(ANN);
    const stop = client.session.subscribe(() => undefined);
    await simulation.whenIdle();
    stop();
    simulation.sent.length = 0;
    await simulation.pass(700);
    expect(simulation.sent).toEqual([]);
  });
});

describe("a server that does not answer", () => {
  it.each([
    ["is not reached", "network_error", down],
    ["is down", "store_unavailable", () => answer(503, "store_unavailable")],
    [
      "is behind a proxy that says so",
      "invalid_response",
      () => new Response("<h1>Bad gateway</h1>", { status: 502 }),
    ],
    ["has had enough", "rate_limited", () => answer(429, "rate_limited")],
  ])("signs no user out where it %s", async (_, code, back) => {
    const simulation = openSimulation();
    const { client, seen } = await signedIn(simulation);
    simulation.network.back = back;
    await simulation.pass(660);
    expect(new Set(seen)).toEqual(new Set([`signed-in: ${code}`]));
    expect(simulation.sent.length).toBeGreaterThan(3);
    expect(simulation.sent.length).toBeLessThan(12);
    simulation.network.back = (_request, response) => response;
    await simulation.pass(60);
    expect(client.session.get()).toMatchObject({ status: "signed-in", error: null });
  });

  it("gets a request as soon as the network is back", async () => {
    const simulation = openSimulation();
    const { seen, goOnline } = await signedIn(simulation);
    simulation.network.there = down;
    await simulation.pass(600);
    simulation.network.there = () => undefined;
    goOnline();
    await simulation.whenIdle();
    expect(seen.at(-1)).toBe("signed-in");
  });

  it("leaves the session unknown until its first answer", async () => {
    const simulation = openSimulation();
    const { client } = simulation.profile().tab();
    simulation.network.there = down;
    const seen = watch(client);
    await simulation.pass(5);
    expect(seen.at(-1)).toBe("loading: network_error");
    simulation.network.there = () => undefined;
    await simulation.pass(10);
    expect(seen.at(-1)).toBe("signed-out");
  });

  it("gets twenty seconds for an answer, and then the request fails", async () => {
    const simulation = openSimulation();
    const { client } = await signedIn(simulation);
    simulation.hold("there", "POST /refresh");
    const refreshed = client.refresh();
    await simulation.whenIdle();
    await simulation.pass(20);
    expect(await refreshed).toMatchObject({ ok: false, error: { code: "network_error", status: 0 } });
  });

  it("lets a user sign out while its store is down", async () => {
    const simulation = openSimulation();
    const { client, seen } = await signedIn(simulation);
    simulation.network.back = () => answer(503, "store_unavailable");
    expect(await client.signOut()).toMatchObject({ ok: false, error: { code: "store_unavailable" } });
    expect(seen).toEqual(["signed-out"]);
  });

  it("keeps a user signed in whose sign-out was lost, and reports the failure", async () => {
    const simulation = openSimulation();
    const { client } = await signedIn(simulation);
    simulation.network.there = down;
    expect(await client.signOut()).toMatchObject({ ok: false, error: { code: "network_error" } });
    expect(client.session.get().status).toBe("signed-in");
  });
});

function answer(status: number, error: string): Response {
  return Response.json({ error, message: "A sentence." }, { status });
}
