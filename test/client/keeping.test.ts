import type { AuthClient } from "@latchkey/client";
import { describe, expect, it } from "vitest";
import { ANN, typesOf } from "../fixtures/server.ts";
import { openRig, type Rig, type Tab } from "./rig.ts";

const watch = (client: AuthClient): string[] => {
  const seen: string[] = [];
  client.session.subscribe(({ status, error }) =>
    seen.push(error === null ? status : `${status}: ${error.code}`),
  );
  return seen;
};

async function signedIn(rig: Rig): Promise<Tab & { readonly seen: string[] }> {
  const tab = rig.profile().tab();
  await tab.client.signUp(ANN);
  const seen = watch(tab.client);
  await rig.whenIdle();
  rig.sent.length = 0;
  seen.length = 0;
  return { ...tab, seen };
}

const down = (): never => {
  throw new TypeError("Failed to fetch");
};

describe("who is signed in", () => {
  it("is not requested before the first subscriber", async () => {
    const rig = openRig();
    const { client } = rig.profile().tab();
    await rig.whenIdle();
    expect(rig.sent).toEqual([]);
    expect(client.session.get()).toEqual({ status: "loading", user: null, session: null, error: null });
  });

  it("is found by one request, however many subscribe", async () => {
    const rig = openRig();
    const { client } = rig.profile().tab();
    const seen = [watch(client), watch(client)];
    await rig.whenIdle();
    expect([rig.sent, ...seen]).toEqual([["GET /session"], ["signed-out"], ["signed-out"]]);
  });

  it("follows sign-up, sign-out and sign-in", async () => {
    const rig = openRig();
    const { client } = rig.profile().tab();
    const seen = watch(client);
    await rig.whenIdle();
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
    const rig = openRig();
    const profile = rig.profile();
    await profile.tab().client.signUp(ANN);
    const { client } = profile.tab();
    watch(client);
    await rig.whenIdle();
    expect(client.session.get()).toMatchObject({ status: "signed-in", user: { email: ANN.email } });
  });

  it.each([
    ["a wrong password", { ...ANN, password: "not the password" }, "invalid_credentials", 401],
    ["no address", { email: "ann", password: ANN.password }, "invalid_request", 400],
  ])("does not change by %s", async (_, credentials, code, status) => {
    const rig = openRig();
    const { client, seen } = await signedIn(rig);
    const result = await client.signIn.password(credentials);
    expect(result).toEqual({ ok: false, error: { code, message: expect.any(String), status } });
    expect([client.session.get().status, seen]).toEqual(["signed-in", []]);
  });

  it("is null once the session was ended elsewhere", async () => {
    const rig = openRig();
    const { client, seen } = await signedIn(rig);
    await rig.world.auth.sessions.revokeAll(client.session.get().session?.userId ?? "");
    expect(await client.refresh()).toMatchObject({
      ok: false,
      error: { code: "session_revoked", status: 401 },
    });
    expect(seen).toEqual(["signed-out"]);
  });

  it("is requested again when the page is shown after a while", async () => {
    const rig = openRig();
    const { client, show, seen } = await signedIn(rig);
    show(false);
    await rig.pass(30);
    show(true);
    await rig.whenIdle();
    expect(rig.sent).toEqual([]);
    show(false);
    await rig.world.auth.sessions.revokeAll(client.session.get().session?.userId ?? "");
    await rig.pass(61);
    rig.world.clock.advance(600);
    show(true);
    await rig.whenIdle();
    expect(seen).toEqual(["signed-out"]);
  });
});

describe("the access token", () => {
  it("is renewed before it is over, while the page is visible", async () => {
    const rig = openRig();
    const { seen } = await signedIn(rig);
    await rig.pass(600);
    expect(rig.sent).toEqual(["POST /refresh"]);
    expect(typesOf(rig.world.events)).toContain("session.refreshed");
    expect(seen).toEqual(["signed-in"]);
  });

  it("is left alone while the page is hidden, and renewed once when it is shown", async () => {
    const rig = openRig();
    const { show } = await signedIn(rig);
    show(false);
    await rig.pass(1_200);
    expect(rig.sent).toEqual([]);
    show(true);
    await rig.whenIdle();
    expect(rig.sent).toEqual(["GET /session"]);
    expect(typesOf(rig.world.events).filter((type) => type === "session.refreshed")).toHaveLength(1);
  });

  it("is not renewed without a subscriber", async () => {
    const rig = openRig();
    const { client } = rig.profile().tab();
    await client.signUp(ANN);
    const stop = client.session.subscribe(() => undefined);
    await rig.whenIdle();
    stop();
    rig.sent.length = 0;
    await rig.pass(700);
    expect(rig.sent).toEqual([]);
  });
});

describe("a server that cannot be asked", () => {
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
    const rig = openRig();
    const { client, seen } = await signedIn(rig);
    rig.network.back = back;
    await rig.pass(660);
    expect(new Set(seen)).toEqual(new Set([`signed-in: ${code}`]));
    expect(rig.sent.length).toBeGreaterThan(3);
    expect(rig.sent.length).toBeLessThan(12);
    rig.network.back = (_request, response) => response;
    await rig.pass(60);
    expect(client.session.get()).toMatchObject({ status: "signed-in", error: null });
  });

  it("is asked at once when the network is back", async () => {
    const rig = openRig();
    const { seen, goOnline } = await signedIn(rig);
    rig.network.there = down;
    await rig.pass(600);
    rig.network.there = () => undefined;
    goOnline();
    await rig.whenIdle();
    expect(seen.at(-1)).toBe("signed-in");
  });

  it("leaves the first answer open", async () => {
    const rig = openRig();
    const { client } = rig.profile().tab();
    rig.network.there = down;
    const seen = watch(client);
    await rig.pass(5);
    expect(seen.at(-1)).toBe("loading: network_error");
    rig.network.there = () => undefined;
    await rig.pass(10);
    expect(seen.at(-1)).toBe("signed-out");
  });

  it("is given up after twenty seconds", async () => {
    const rig = openRig();
    const { client } = await signedIn(rig);
    rig.hold("there", "POST /refresh");
    const refreshed = client.refresh();
    await rig.whenIdle();
    await rig.pass(20);
    expect(await refreshed).toMatchObject({ ok: false, error: { code: "network_error", status: 0 } });
  });

  it("does not keep a user who signs out while its store is down", async () => {
    const rig = openRig();
    const { client, seen } = await signedIn(rig);
    rig.network.back = () => answer(503, "store_unavailable");
    expect(await client.signOut()).toMatchObject({ ok: false, error: { code: "store_unavailable" } });
    expect(seen).toEqual(["signed-out"]);
  });

  it("keeps a user whose sign-out was lost, and says so", async () => {
    const rig = openRig();
    const { client } = await signedIn(rig);
    rig.network.there = down;
    expect(await client.signOut()).toMatchObject({ ok: false, error: { code: "network_error" } });
    expect(client.session.get().status).toBe("signed-in");
  });
});

function answer(status: number, error: string): Response {
  return Response.json({ error, message: "A sentence." }, { status });
}
