import { describe, expect, it, vi } from "vitest";
import { ANN, BOB, typesOf } from "../fixtures/server.ts";
import { openRig, type Profile, type Rig, type Tab } from "./rig.ts";

const refreshes = ({ world }: Rig): number =>
  typesOf(world.events).filter((type) => type === "session.refreshed").length;

/** Tabs of one profile in which Ann is signed in, and every one of them knows. */
async function tabsOf(
  rig: Rig,
  count: number,
  env = {},
): Promise<{ profile: Profile; tabs: readonly Tab[] }> {
  const profile = rig.profile();
  const first = profile.tab(env);
  const { ok } = await first.client.signUp(ANN);
  if (!ok) await first.client.signIn.password(ANN);
  const tabs = [first, ...Array.from({ length: count - 1 }, () => profile.tab(env))];
  for (const { client } of tabs) client.session.subscribe(() => undefined);
  await rig.whenIdle();
  rig.sent.length = 0;
  return { profile, tabs };
}

const everyStatus = (tabs: readonly Tab[], status: string): Promise<void> =>
  vi.waitFor(() =>
    expect(tabs.map(({ client }) => client.session.get().status)).toEqual(tabs.map(() => status)),
  );

describe("one tab", () => {
  it("refreshes once, however many ask", async () => {
    const rig = openRig();
    const { tabs } = await tabsOf(rig, 1);
    const results = await Promise.all(Array.from({ length: 50 }, () => tabs[0]?.client.refresh()));
    expect(results.every((result) => result?.ok)).toBe(true);
    expect(rig.sent).toEqual(["POST /refresh"]);
  });

  // Without the turns, the late answer would put Ann's cookies over Bob's.
  it.each([
    ["with Web Locks", {}],
    ["without", { locks: null }],
    [
      "with Web Locks that refuse",
      { locks: { request: () => Promise.reject(new DOMException("no", "SecurityError")) } },
    ],
  ])("lets a sign-in wait for a refresh under way, %s", async (_, env) => {
    const rig = openRig();
    await rig.world.auth.users.create({ email: BOB.email, password: BOB.password });
    const { profile, tabs } = await tabsOf(rig, 1, env);
    const [tab] = tabs;
    const letGo = rig.hold("back", "POST /refresh");
    const refreshed = tab?.client.refresh();
    const signedIn = tab?.client.signIn.password(BOB);
    await rig.whenIdle();
    expect(rig.sent).toEqual(["POST /refresh"]);
    letGo();
    expect([(await refreshed)?.ok, (await signedIn)?.ok]).toEqual([true, true]);
    expect(tab?.client.session.get()).toMatchObject({ user: { email: BOB.email } });
    expect(await (await profile.browser.get("/auth/me")).json()).toMatchObject({ email: BOB.email });
  });

  it("lets a sign-out wait, too, and a refresh that was requested after it finds no user", async () => {
    const rig = openRig();
    const { profile, tabs } = await tabsOf(rig, 1);
    const [tab] = tabs;
    const letGo = rig.hold("back", "POST /refresh");
    const results = [tab?.client.refresh(), tab?.client.signOut()];
    await rig.whenIdle();
    letGo();
    expect((await Promise.all(results)).map((result) => result?.ok)).toEqual([true, true]);
    expect(await tab?.client.refresh()).toMatchObject({ ok: false, error: { code: "unauthenticated" } });
    expect(tab?.client.session.get().status).toBe("signed-out");
    expect(profile.browser.names()).toEqual([]);
  });

  it("recovers from an answer that was lost after the server had issued a token", async () => {
    const rig = openRig();
    const { tabs } = await tabsOf(rig, 1);
    rig.network.back = () => {
      throw new TypeError("Failed to fetch");
    };
    expect((await tabs[0]?.client.refresh())?.ok).toBe(false);
    rig.network.back = (_, response) => response;
    await rig.pass(700);
    expect(tabs[0]?.client.session.get()).toMatchObject({ status: "signed-in", error: null });
    expect(typesOf(rig.world.events)).not.toContain("session.reuse_detected");
  });
});

describe("six tabs", () => {
  it("refresh once where they all want to at the same moment", async () => {
    const rig = openRig();
    const { tabs } = await tabsOf(rig, 6);
    rig.world.clock.advance(601);
    const results = await Promise.all(tabs.map(({ client }) => client.refresh()));
    expect(results.every(({ ok }) => ok)).toBe(true);
    expect(refreshes(rig)).toBe(1);
    expect(rig.sent.filter((name) => name === "POST /refresh")).toHaveLength(1);
    await everyStatus(tabs, "signed-in");
  });

  it("stay signed in without Web Locks and without channels, and the lease lets one token be issued", async () => {
    const rig = openRig();
    const { tabs } = await tabsOf(rig, 6, { locks: null, openChannel: null });
    rig.world.clock.advance(601);
    const results = await Promise.all(tabs.map(({ client }) => client.refresh()));
    expect(results.every(({ ok }) => ok)).toBe(true);
    await everyStatus(tabs, "signed-in");
    expect(typesOf(rig.world.events)).not.toContain("session.reuse_detected");
  });

  it("renew by one of them, lifetime after lifetime", async () => {
    const rig = openRig();
    const { tabs } = await tabsOf(rig, 6);
    for (let minute = 0; minute < 60; minute += 1) {
      await rig.pass(60);
      await rig.whenIdle();
    }
    expect(rig.sent.filter((name) => name === "POST /refresh").length).toBeLessThanOrEqual(8);
    await everyStatus(tabs, "signed-in");
  });

  it("hear of a sign-out, and of the next sign-in", async () => {
    const rig = openRig();
    const { tabs } = await tabsOf(rig, 6);
    await tabs[3]?.client.signOut();
    await everyStatus(tabs, "signed-out");
    await tabs[5]?.client.signUp(BOB);
    await everyStatus(tabs, "signed-in");
    expect(new Set(tabs.map(({ client }) => client.session.get().user?.email))).toEqual(new Set([BOB.email]));
  });

  it("hear of a sign-out by a tab that never asked who is signed in", async () => {
    const rig = openRig();
    const { profile, tabs } = await tabsOf(rig, 2);
    await profile.tab().client.signOut();
    await everyStatus(tabs, "signed-out");
  });

  it("do not mind that the others' sessions end", async () => {
    const rig = openRig();
    const { tabs } = await tabsOf(rig, 2);
    const elsewhere = await tabsOf(rig, 1);
    await tabs[0]?.client.signOut({ scope: "others" });
    expect(await elsewhere.tabs[0]?.client.refresh()).toMatchObject({ error: { code: "session_revoked" } });
    await everyStatus(tabs, "signed-in");
  });
});
