import { expect, it } from "vitest";
import { onEveryStore } from "../fixtures/every-store.ts";
import { wrapped } from "../fixtures/wrapped-store.ts";
import {
  CASES,
  CHOOSING,
  CHOSEN,
  expectClean,
  isIn,
  knows,
  openScene,
  plant,
  TROJAN,
} from "./pre-hijacking.ts";
import { modes } from "./session.ts";

onEveryStore((make) => {
  it.each(CASES)("every session from before $title ends ($mode)", async ({ title, mode, prove }) => {
    const scene = openScene(await make());
    const trojan = await plant(scene, mode);
    const more = await scene.auth.sessions.create(trojan.id, { transport: mode });
    expect(await isIn(trojan)).toEqual({ byAccess: true, byRefresh: true });
    expect(await prove(scene, trojan.id)).toBe(true);
    expect(await scene.auth.sessions.list(trojan.id)).toEqual([]);
    expect(await scene.auth.sessions.refresh(String(more.refreshToken))).toMatchObject({ ok: false });
    expect(await knows(scene, CHOSEN, mode)).toBe(CHOOSING.has(title));
    await expectClean(scene, trojan, mode);
  });

  it.each(CASES)("a sign-in during $title leaves no session ($mode)", async ({ mode, prove }) => {
    for (let round = 0; round < 8; round++) {
      const scene = openScene(await make());
      const trojan = await plant(scene, mode);
      const signIn = scene.browser();
      const [answer] = await Promise.all([
        signIn.post("/auth/login", { ...TROJAN, transport: mode }).then((response) => response.json()),
        prove(scene, trojan.id),
      ]);
      const tokens =
        mode === "cookie" || !answer.access_token
          ? trojan.tokens
          : { access: answer.access_token, refresh: answer.refresh_token };
      expect(await isIn({ ...trojan, browser: signIn, tokens })).toEqual({
        byAccess: false,
        byRefresh: false,
      });
      expect(await scene.auth.sessions.list(trojan.id)).toEqual([]);
    }
  });

  it.each(modes)("a proof of an address that is already proved changes nothing (%s)", async (mode) => {
    const scene = openScene(await make());
    const owner = await plant(scene, mode);
    await scene.auth.users.confirmEmail(owner.id);
    await scene.auth.users.setPassword(owner.id, TROJAN.password);
    await scene.store.users.link(owner.id, { provider: "other", subject: "mine" });
    const browser = scene.browser();
    const { user: _, ...answer } = await (
      await browser.post("/auth/login", { ...TROJAN, transport: mode })
    ).json();
    const before = scene.events.length;
    expect(await scene.auth.users.confirmEmail(owner.id)).toBe(true);
    expect(scene.events.slice(before)).toEqual([]);
    const tokens = mode === "cookie" ? null : { access: answer.access_token, refresh: answer.refresh_token };
    expect(await isIn({ id: owner.id, browser, tokens })).toEqual({ byAccess: true, byRefresh: true });
    expect(await scene.auth.users.setPassword(owner.id, CHOSEN, { provesEmail: true })).toBe(true);
    expect(await isIn({ id: owner.id, browser, tokens })).toEqual({ byAccess: false, byRefresh: false });
    expect(await scene.auth.users.accounts(owner.id)).toHaveLength(1);
    expect(await knows(scene, CHOSEN, mode)).toBe(true);
  });

  it.each(CASES)(
    "$title after another proof removes nothing that the owner added between them ($mode)",
    async ({ mode, prove }) => {
      const paused: { run: (() => Promise<unknown>) | null } = { run: null };
      const scene = openScene(
        wrapped(await make(), async (operation, call) => {
          const { run } = paused;
          const result = await call();
          if (operation !== "users.get" || run === null) return result;
          paused.run = null;
          await run();
          return result;
        }),
      );
      const { id } = await plant(scene, mode);
      paused.run = async () => {
        await scene.auth.users.confirmEmail(id);
        await scene.auth.users.setPassword(id, CHOSEN);
        await scene.store.users.link(id, { provider: "stub", subject: "mine" });
      };
      expect(await prove(scene, id)).toBe(true);
      expect(await knows(scene, CHOSEN, mode)).toBe(true);
      expect(await scene.auth.users.accounts(id)).toHaveLength(1);
    },
  );

  it("a proof without an address to prove is refused", async () => {
    const { auth, store } = openScene(await make());
    expect(await auth.users.confirmEmail("unknown")).toBe(false);
    expect(await auth.users.setPassword("unknown", CHOSEN, { provesEmail: true })).toBe(false);
    const { id } = await auth.users.create({ username: "ann" });
    await expect(auth.users.confirmEmail(id)).rejects.toMatchObject({ code: "invalid_request" });
    const reset = auth.users.setPassword(id, CHOSEN, { provesEmail: true });
    await expect(reset).rejects.toMatchObject({ code: "invalid_request" });
    expect(await store.users.get(id)).toMatchObject({ passwordHash: null, emailVerified: false });
  });
});
