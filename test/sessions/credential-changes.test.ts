import { type Auth, createAuth, type JsonObject, type User } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import { type PasswordProvider, password, scryptHasher } from "@latchkey/core/password";
import type { Store } from "@latchkey/core/store";
import { describe, expect, test } from "vitest";
import { type Browser, openBrowser } from "../fixtures/browser.ts";
import { settableClock } from "../fixtures/clock.ts";
import { everyDistinctOrder } from "../fixtures/distinct-orders.ts";
import { type Choose, makeScheduler, type Run, type Scheduler } from "../fixtures/interleaving.ts";
import { ANN, cheapPassword } from "../fixtures/server.ts";
import { type StoreKind, stores } from "../fixtures/stores.ts";

type AnyAuth = Auth<JsonObject, User>;
const NEW_PASSWORD = "an altogether new one";
const RISEN: PasswordProvider = password({ hasher: scryptHasher({ cost: { ln: 5, r: 8, p: 1 } }) });

/** One play: Ann is known, and every actor has a process of its own over the same tables. */
interface Scene {
  readonly scheduler: Scheduler;
  readonly user: string;
  readonly observer: AnyAuth;
  actor(name: string, provider?: PasswordProvider): { readonly auth: AnyAuth; readonly browser: Browser };
}

interface Where extends StoreKind {
  /** Users of another place than the sessions. */
  readonly elsewhere: boolean;
}

const places: readonly Where[] = stores.flatMap((kind) => [
  { ...kind, elsewhere: false },
  { ...kind, name: `${kind.name}, users elsewhere`, elsewhere: true },
]);

async function makeScene({ make, elsewhere }: Where): Promise<Scene> {
  const scheduler = makeScheduler();
  const clock = settableClock();
  const store = await make();
  const others = elsewhere ? await make() : null;
  const authOver = (over: Store, users: Store | null, provider = cheapPassword()): AnyAuth =>
    createAuth({
      store: over,
      ...(users === null ? {} : { users: users.users }),
      providers: [provider],
      env: { clock: clock.now },
      rateLimit: false,
    });
  const observer = authOver(store, others);
  const user = (await observer.users.create(ANN)).id;
  await observer.keys.jwks();
  return {
    scheduler,
    user,
    observer,
    actor: (name, provider) => {
      const users = others === null ? null : scheduler.storeFor(name, others);
      const auth = authOver(scheduler.storeFor(name, store), users, provider);
      return { auth, browser: openBrowser({ server: auth, clock }) };
    },
  };
}

const changes: Readonly<Record<string, (auth: AnyAuth, user: string) => Promise<unknown>>> = {
  "a new password": (auth, user) => auth.users.setPassword(user, NEW_PASSWORD),
  "a disabled user": (auth, user) => auth.users.disable(user),
  "a deleted user": (auth, user) => auth.users.delete(user),
};

/** Plays `perform` in every distinct order, and `expectAfter` after each; an order that fails is named by its calls. */
async function inEveryOrder(
  where: Where,
  perform: (scene: Scene, choose: Choose) => Promise<{ run: Run; check: () => Promise<void> }>,
): Promise<number> {
  return everyDistinctOrder(async (choose) => {
    const scene = await makeScene(where);
    const { run, check } = await perform(scene, choose);
    await check().catch((error: unknown) => {
      throw new Error(run.trace.join("\n"), { cause: error });
    });
    return run;
  });
}

/** No session of the user lives, and no cookie that was given out opens anything. */
async function expectSignedOut({ observer, user }: Scene, browsers: readonly Browser[]): Promise<void> {
  expect(await observer.sessions.list(user)).toEqual([]);
  for (const browser of browsers) {
    const found = await observer.validate(browser.request("/page"), { fresh: true });
    expect(found.ok).toBe(false);
    const token = browser.cookie("refresh");
    if (token !== "") expect(await observer.sessions.refresh(token)).toMatchObject({ ok: false });
  }
}

for (const where of places) {
  describe(where.name, () => {
    for (const [title, change] of Object.entries(changes)) {
      test(`${title} during a sign-in leaves no live session, in any order`, async () => {
        const count = await inEveryOrder(where, async (scene, choose) => {
          const [guest, owner] = [scene.actor("guest"), scene.actor("owner")];
          const actors = {
            guest: async () => void (await guest.browser.post("/auth/login", ANN)),
            owner: async () => void (await change(owner.auth, scene.user)),
          };
          const run = await scene.scheduler.play(actors, choose);
          return { run, check: () => expectSignedOut(scene, [guest.browser]) };
        });
        console.info(`${where.name}, ${title}, one sign-in: ${count} orders`);
        expect(count).toBeGreaterThan(where.elsewhere ? 11 : 6);
      });

      test(`${title} during a refresh leaves no live session, in any order`, async () => {
        const count = await inEveryOrder(where, async (scene, choose) => {
          const [guest, owner] = [scene.actor("guest"), scene.actor("owner")];
          await guest.browser.post("/auth/login", ANN);
          const actors = {
            guest: async () => void (await guest.browser.post("/auth/refresh")),
            owner: async () => void (await change(owner.auth, scene.user)),
          };
          const run = await scene.scheduler.play(actors, choose);
          return { run, check: () => expectSignedOut(scene, [guest.browser]) };
        });
        expect(count).toBeGreaterThan(2);
      });
    }

    test("a new password that is set while a sign-in renews the old hash is kept", async () => {
      const count = await inEveryOrder(where, async (scene, choose) => {
        const [guest, owner] = [scene.actor("guest", RISEN), scene.actor("owner", RISEN)];
        const actors = {
          guest: async () => void (await guest.browser.post("/auth/login", ANN)),
          owner: async () => void (await owner.auth.users.setPassword(scene.user, NEW_PASSWORD)),
        };
        const run = await scene.scheduler.play(actors, choose);
        const check = async (): Promise<void> => {
          await expectSignedOut(scene, [guest.browser]);
          const { browser } = scene.actor("later");
          expect((await browser.post("/auth/login", ANN)).status).toBe(401);
          expect((await browser.post("/auth/login", { ...ANN, password: NEW_PASSWORD })).status).toBe(200);
        };
        return { run, check };
      });
      expect(count).toBeGreaterThan(16);
    });

    test("logout during a refresh of the same browser leaves no live session, in any order", async () => {
      const count = await inEveryOrder(where, async (scene, choose) => {
        const [guest, other] = [scene.actor("guest"), scene.actor("other")];
        await guest.browser.post("/auth/login", ANN);
        const leaving = guest.browser.copy(other.auth);
        const actors = {
          guest: async () => void (await guest.browser.post("/auth/refresh")),
          other: async () => void (await leaving.post("/auth/logout")),
        };
        const run = await scene.scheduler.play(actors, choose);
        return { run, check: () => expectSignedOut(scene, [guest.browser]) };
      });
      expect(count).toBeGreaterThan(1);
    });

    test("revokeAll during a sign-in leaves a session only if the sign-in began after it", async () => {
      const count = await inEveryOrder(where, async (scene, choose) => {
        const [guest, owner] = [scene.actor("guest"), scene.actor("owner")];
        const actors = {
          guest: async () => void (await guest.browser.post("/auth/login", ANN)),
          owner: async () => void (await owner.auth.sessions.revokeAll(scene.user)),
        };
        const run = await scene.scheduler.play(actors, choose);
        const check = async (): Promise<void> => {
          const began = run.trace.indexOf("guest: users.find");
          const raised = run.trace.indexOf("owner: users.update");
          if (began < raised) await expectSignedOut(scene, [guest.browser]);
        };
        return { run, check };
      });
      expect(count).toBeGreaterThan(5);
    });
  });
}

test("a new password during two sign-ins leaves no live session, in any order", async () => {
  const where = { name: "memory", make: async () => memory(), elsewhere: false };
  const count = await inEveryOrder(where, async (scene, choose) => {
    const [one, two, owner] = [scene.actor("one"), scene.actor("two"), scene.actor("owner")];
    const actors = {
      one: async () => void (await one.browser.post("/auth/login", ANN)),
      two: async () => void (await two.browser.post("/auth/login", ANN)),
      owner: async () => void (await owner.auth.users.setPassword(scene.user, NEW_PASSWORD)),
    };
    const run = await scene.scheduler.play(actors, choose);
    return { run, check: () => expectSignedOut(scene, [one.browser, two.browser]) };
  });
  console.info(`memory, a new password, two sign-ins: ${count} orders`);
  expect(count).toBeGreaterThan(147);
});
