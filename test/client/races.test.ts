import { describe, expect, it, vi } from "vitest";
import { ANN, BOB, typesOf } from "../fixtures/server.ts";
import { openSimulation, type Profile, type Simulation, type Tab } from "./simulation.ts";

const refreshes = ({ server }: Simulation): number =>
  typesOf(server.events).filter((type) => type === "session.refreshed").length;

/** Tabs of one profile in which Ann is signed in, and every one of them knows. */
async function tabsOf(
  simulation: Simulation,
  count: number,
  env = {},
): Promise<{ profile: Profile; tabs: readonly Tab[] }> {
  const profile = simulation.profile();
  const first = profile.tab(env);
  const { ok } = await first.client.signUp(ANN);
  if (!ok) await first.client.signIn.password(ANN);
  const tabs = [first, ...Array.from({ length: count - 1 }, () => profile.tab(env))];
  for (const { client } of tabs) client.session.subscribe(() => undefined);
  await simulation.whenIdle();
  simulation.sent.length = 0;
  return { profile, tabs };
}

const everyStatus = (tabs: readonly Tab[], status: string): Promise<void> =>
  vi.waitFor(() =>
    expect(tabs.map(({ client }) => client.session.get().status)).toEqual(tabs.map(() => status)),
  );

describe("one tab", () => {
  it("refreshes once for any number of calls", async () => {
    const simulation = openSimulation();
    const { tabs } = await tabsOf(simulation, 1);
    const results = await Promise.all(Array.from({ length: 50 }, () => tabs[0]?.client.refresh()));
    expect(results.every((result) => result?.ok)).toBe(true);
    expect(simulation.sent).toEqual(["POST /refresh"]);
  });

  // Without the turns, the late answer would put Ann's cookies over Bob's.
  it.each([
    ["with Web Locks", {}],
    ["without", { locks: null }],
    [
      "with Web Locks that refuse",
      { locks: { request: () => Promise.reject(new DOMException("no", "SecurityError")) } },
    ],
  ])("delays a sign-in until a pending refresh ends, %s", async (_, env) => {
    const simulation = openSimulation();
    await simulation.server.auth.users.create({ email: BOB.email, password: BOB.password });
    const { profile, tabs } = await tabsOf(simulation, 1, env);
    const [tab] = tabs;
    const letGo = simulation.hold("back", "POST /refresh");
    const refreshed = tab?.client.refresh();
    const signedIn = tab?.client.signIn.password(BOB);
    await simulation.whenIdle();
    expect(simulation.sent).toEqual(["POST /refresh"]);
    letGo();
    expect({ refreshed: (await refreshed)?.ok, signedIn: (await signedIn)?.ok }).toEqual({
      refreshed: true,
      signedIn: true,
    });
    expect(tab?.client.session.get()).toMatchObject({ user: { email: BOB.email } });
    expect(await (await profile.browser.get("/auth/me")).json()).toMatchObject({ email: BOB.email });
  });

  it("delays a sign-out until a pending refresh ends, and a later refresh finds no user", async () => {
    const simulation = openSimulation();
    const { profile, tabs } = await tabsOf(simulation, 1);
    const [tab] = tabs;
    const letGo = simulation.hold("back", "POST /refresh");
    const results = [tab?.client.refresh(), tab?.client.signOut()];
    await simulation.whenIdle();
    letGo();
    expect((await Promise.all(results)).map((result) => result?.ok)).toEqual([true, true]);
    expect(await tab?.client.refresh()).toMatchObject({ ok: false, error: { code: "unauthenticated" } });
    expect(tab?.client.session.get().status).toBe("signed-out");
    expect(profile.browser.names()).toEqual([]);
  });

  it("recovers from an answer that was lost after the server issued a token", async () => {
    const simulation = openSimulation();
    const { tabs } = await tabsOf(simulation, 1);
    simulation.network.back = () => {
      throw new TypeError("Failed to fetch");
    };
    expect((await tabs[0]?.client.refresh())?.ok).toBe(false);
    simulation.network.back = (_, response) => response;
    await simulation.pass(700);
    expect(tabs[0]?.client.session.get()).toMatchObject({ status: "signed-in", error: null });
    expect(typesOf(simulation.server.events)).not.toContain("session.reuse_detected");
  });
});

describe("six tabs", () => {
  it("refresh once where all of them need it at the same moment", async () => {
    const simulation = openSimulation();
    const { tabs } = await tabsOf(simulation, 6);
    simulation.server.clock.advance(601);
    const results = await Promise.all(tabs.map(({ client }) => client.refresh()));
    expect(results.every(({ ok }) => ok)).toBe(true);
    expect(refreshes(simulation)).toBe(1);
    expect(simulation.sent.filter((name) => name === "POST /refresh")).toHaveLength(1);
    await everyStatus(tabs, "signed-in");
  });

  it("stay signed in without Web Locks and channels, and the lease lets one token be issued", async () => {
    const simulation = openSimulation();
    const { tabs } = await tabsOf(simulation, 6, { locks: null, openChannel: null });
    simulation.server.clock.advance(601);
    const results = await Promise.all(tabs.map(({ client }) => client.refresh()));
    expect(results.every(({ ok }) => ok)).toBe(true);
    await everyStatus(tabs, "signed-in");
    expect(typesOf(simulation.server.events)).not.toContain("session.reuse_detected");
  });

  it("refresh by one of them, for several lifetimes", async () => {
    const simulation = openSimulation();
    const { tabs } = await tabsOf(simulation, 6);
    for (let minute = 0; minute < 60; minute += 1) {
      await simulation.pass(60);
      await simulation.whenIdle();
    }
    expect(simulation.sent.filter((name) => name === "POST /refresh").length).toBeLessThanOrEqual(8);
    await everyStatus(tabs, "signed-in");
  });

  it("learn of a sign-out, and of the next sign-in", async () => {
    const simulation = openSimulation();
    const { tabs } = await tabsOf(simulation, 6);
    await tabs[3]?.client.signOut();
    await everyStatus(tabs, "signed-out");
    await tabs[5]?.client.signUp(BOB);
    await everyStatus(tabs, "signed-in");
    expect(new Set(tabs.map(({ client }) => client.session.get().user?.email))).toEqual(new Set([BOB.email]));
  });

  it("learn of a sign-out by a tab that never loaded the session", async () => {
    const simulation = openSimulation();
    const { profile, tabs } = await tabsOf(simulation, 2);
    await profile.tab().client.signOut();
    await everyStatus(tabs, "signed-out");
  });

  it("keep their session when another session ends", async () => {
    const simulation = openSimulation();
    const { tabs } = await tabsOf(simulation, 2);
    const elsewhere = await tabsOf(simulation, 1);
    await tabs[0]?.client.signOut({ scope: "others" });
    expect(await elsewhere.tabs[0]?.client.refresh()).toMatchObject({ error: { code: "session_revoked" } });
    await everyStatus(tabs, "signed-in");
  });
});
