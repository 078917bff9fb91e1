import type { Store } from "@latchkey/core/store";
import { describe, expect, test } from "vitest";
import type { Browser } from "../fixtures/browser.ts";
import { settableClock } from "../fixtures/clock.ts";
import { everyDistinctOrder } from "../fixtures/distinct-orders.ts";
import { openInbox } from "../fixtures/inbox.ts";
import { makeScheduler, type Run, type Scheduler } from "../fixtures/interleaving.ts";
import { type MailedServer, openMailedServer } from "../fixtures/mailed-server.ts";
import { ANN, SECRET } from "../fixtures/server.ts";
import { type StoreKind, stores } from "../fixtures/stores.ts";

/** One play: each actor has a process of its own over the same tables. */
interface Scene {
  readonly scheduler: Scheduler;
  readonly observer: MailedServer;
  /** The token of a link to Ann's address. */
  readonly token: string;
  /** A server whose calls wait for their turns. */
  actor(name: string): MailedServer;
}

async function makeScene({ make }: StoreKind, ann: "proved" | "unproved" | "unknown"): Promise<Scene> {
  const [store, inbox, clock, scheduler] = [await make(), openInbox(), settableClock(), makeScheduler()];
  const open = (over: Store): MailedServer =>
    openMailedServer({
      store: over,
      inbox,
      clock,
      mailSignUp: true,
      revocation: "none",
      secret: SECRET,
      // Without keys in the store: reading them would only multiply the orders.
      accessToken: { algorithm: "HS256" },
    });
  const observer = open(store);
  if (ann !== "unknown") await observer.auth.users.create({ ...ANN, emailVerified: ann === "proved" });
  await observer.auth.users.sendLink(ANN.email);
  const token = await inbox.token("magic_link");
  return { scheduler, observer, token, actor: (name) => open(scheduler.storeFor(name, store)) };
}

const idOf = async ({ observer }: Scene): Promise<string> => (await observer.auth.users.find(ANN))?.id ?? "";

const changes: Readonly<Record<string, (server: MailedServer, id: string) => Promise<unknown>>> = {
  "a new password": ({ auth }, id) => auth.users.setPassword(id, "an altogether new one"),
  "a disabled user": ({ auth }, id) => auth.users.disable(id),
  "a deleted user": ({ auth }, id) => auth.users.delete(id),
};

/** Plays the sign-in of the owner by the link against another actor, in every distinct order. */
function inEveryOrder(
  kind: StoreKind,
  ann: "proved" | "unproved" | "unknown",
  act: (scene: Scene, server: MailedServer) => () => Promise<unknown>,
  check: (scene: Scene, owner: Browser, signedIn: boolean) => Promise<void>,
): Promise<number> {
  return everyDistinctOrder(async (choose): Promise<Run> => {
    const scene = await makeScene(kind, ann);
    const owner = scene.actor("owner").browser();
    const other = act(scene, scene.actor("other"));
    let isSignedIn = false;
    const actors = {
      owner: async () => {
        isSignedIn = (await owner.post("/auth/link/confirm", { token: scene.token })).ok;
      },
      other: async () => void (await other()),
    };
    const run = await scene.scheduler.play(actors, choose);
    await check(scene, owner, isSignedIn).catch((error: unknown) => {
      throw new Error(run.trace.join("\n"), { cause: error });
    });
    return run;
  });
}

for (const kind of stores) {
  describe(kind.name, () => {
    for (const [title, change] of Object.entries(changes)) {
      test(`${title} during a sign-in by a link leaves no live session, in any order`, async () => {
        let id = "";
        const count = await inEveryOrder(
          kind,
          "proved",
          (scene, server) => async () => {
            id = await idOf(scene);
            await change(server, id);
          },
          async ({ observer }, owner) => {
            expect(await observer.auth.sessions.list(id)).toEqual([]);
            const found = await observer.auth.validate(owner.request("/page"), { fresh: true });
            expect(found.ok).toBe(false);
          },
        );
        console.info(`${kind.name}, ${title} during a sign-in by a link: ${count} orders`);
        expect(count).toBeGreaterThan(7);
      });
    }

    test("a sign-in with the earlier password during a first proof leaves no live session of it, in any order", async () => {
      const count = await inEveryOrder(
        kind,
        "unproved",
        (_, server) => () => server.browser().post("/auth/login", ANN),
        async (scene, _, isSignedIn) => {
          const { auth, browser } = scene.observer;
          expect(isSignedIn).toBe(true);
          expect(await auth.users.find(ANN)).toMatchObject({ emailVerified: true });
          expect((await auth.sessions.list(await idOf(scene))).map(({ amr }) => amr)).toEqual([["link"]]);
          expect((await browser().post("/auth/login", ANN)).status).toBe(401);
        },
      );
      console.info(`${kind.name}, a password during a first proof: ${count} orders`);
      expect(count).toBeGreaterThan(15);
    });
  });
}

const [fastest] = stores;
if (fastest !== undefined) {
  test("a sign-up with the address during a link that creates its user is no way into the account, in any order", async () => {
    const count = await inEveryOrder(
      fastest,
      "unknown",
      (_, server) => () => server.browser().post("/auth/signup", ANN),
      async (scene, owner, isSignedIn) => {
        const { auth, browser } = scene.observer;
        const user = await auth.users.find(ANN);
        const sessions = await auth.sessions.list(user?.id ?? "");
        if (isSignedIn) {
          expect(user).toMatchObject({ emailVerified: true });
          expect(sessions.map(({ amr }) => amr)).toEqual([["link"]]);
          expect((await owner.get("/auth/me")).status).toBe(200);
        }
        const known = await browser().post("/auth/login", ANN);
        expect(known.ok).toBe(user?.emailVerified === false);
      },
    );
    console.info(`a sign-up during a link: ${count} orders`);
    expect(count).toBeGreaterThan(20);
  }, 300_000);
}
