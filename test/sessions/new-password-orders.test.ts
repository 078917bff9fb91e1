import { type Auth, createAuth, type JsonObject, type User } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import { password } from "@latchkey/core/password";
import type { Store } from "@latchkey/core/store";
import { describe, expect, test } from "vitest";
import { type Browser, openBrowser } from "../fixtures/browser.ts";
import { type Clock, settableClock } from "../fixtures/clock.ts";
import { countingHasher } from "../fixtures/counting-hasher.ts";
import { everyDistinctOrder } from "../fixtures/distinct-orders.ts";
import { type Inbox, openInbox } from "../fixtures/inbox.ts";
import { makeScheduler, type Run, type Scheduler } from "../fixtures/interleaving.ts";
import { ANN, SECRET } from "../fixtures/server.ts";
import { type StoreKind, stores } from "../fixtures/stores.ts";

type AnyAuth = Auth<JsonObject, User>;

const FIRST = "the first of the new ones";
const SECOND = "the second of the new ones";

/** One play: Ann is known, has a session that a thief copied, and every actor has a process of its own over the same tables. */
interface Scene {
  readonly scheduler: Scheduler;
  readonly user: string;
  readonly observer: AnyAuth;
  readonly inbox: Inbox;
  readonly thief: Browser;
  /** A token that resets Ann's password. */
  readonly token: string;
  actor(name: string): AnyAuth;
  browser(server: AnyAuth): Browser;
}

interface Where extends StoreKind {
  /** Whether Ann's address is proved. */
  readonly emailVerified: boolean;
  /** Users of another place than the sessions. */
  readonly elsewhere: boolean;
}

async function makeScene({ make, emailVerified, elsewhere }: Where): Promise<Scene> {
  const scheduler = makeScheduler();
  const clock: Clock = settableClock();
  const store = await make();
  const inbox = openInbox();
  const options = {
    mail: inbox.mail,
    providers: [password({ hasher: countingHasher().hasher })],
    secret: SECRET,
    // Without keys in the store: reading them would only multiply the orders.
    accessToken: { algorithm: "HS256" },
    env: { clock: clock.now },
    rateLimit: false,
    onError: () => undefined,
  } as const;
  const others = elsewhere ? await make() : null;
  const authOver = (over: Store, users: Store | null): AnyAuth =>
    createAuth({ store: over, ...(users === null ? {} : { users: users.users }), ...options });
  const observer = authOver(store, others);
  const user = (await observer.users.create({ ...ANN, emailVerified })).id;
  const thief = openBrowser({ server: observer, clock });
  await thief.post("/auth/login", ANN);
  await observer.users.forgotPassword(ANN.email);
  const token = await inbox.token("reset");
  return {
    scheduler,
    user,
    observer,
    inbox,
    thief,
    token,
    actor: (name) => {
      const users = others === null ? null : scheduler.storeFor(name, others);
      return authOver(scheduler.storeFor(name, store), users);
    },
    browser: (server) => openBrowser({ server, clock }),
  };
}

type Act = () => Promise<void>;

interface Play {
  readonly actors: Readonly<Record<string, Act>>;
  readonly check: (run: Run) => Promise<void>;
}

/**
 * Plays in every distinct order; an order that fails is named by its calls. Returns how many there were. With `before`, the actor that is
 * first by name makes so many calls before every order.
 */
async function inEveryOrder(
  where: Where,
  prepare: (scene: Scene) => Promise<Play> | Play,
  before = 0,
): Promise<number> {
  return everyDistinctOrder(async (choose) => {
    const scene = await makeScene(where);
    const { actors, check } = await prepare(scene);
    let made = 0;
    const run = await scene.scheduler.play(actors, (ready) => (made++ < before ? 0 : choose(ready)));
    await check(run).catch((error: unknown) => {
      throw new Error(run.trace.join("\n"), { cause: error });
    });
    return run;
  });
}

const reset = (auth: AnyAuth, token: string, newPassword: string): Promise<boolean> =>
  auth.users.resetPassword(token, newPassword).then(
    () => true,
    () => false,
  );

const change = (auth: AnyAuth, user: string, newPassword: string): Promise<boolean> =>
  auth.users.changePassword(user, { currentPassword: ANN.password, newPassword }).then(
    () => true,
    () => false,
  );

/** No session that was started with the old credentials lives, and no cookie of it opens anything. */
async function expectOut({ observer }: Scene, ...browsers: readonly Browser[]): Promise<void> {
  for (const browser of browsers) {
    expect(await observer.validate(browser.request("/page"), { fresh: true })).toMatchObject({ ok: false });
    const token = browser.cookie("refresh");
    if (token !== "") expect(await observer.sessions.refresh(token)).toMatchObject({ ok: false });
  }
}

/** Of all passwords, exactly these sign in. */
async function expectPasswords({ observer, browser }: Scene, right: readonly string[]): Promise<void> {
  for (const secret of [ANN.password, FIRST, SECOND]) {
    const { status } = await browser(observer).post("/auth/login", { ...ANN, password: secret });
    expect({ secret, status }).toEqual({ secret, status: right.includes(secret) ? 200 : 401 });
  }
}

const places: readonly Where[] = [
  ...stores.map((kind) => ({ ...kind, emailVerified: true, elsewhere: false })),
  {
    name: "memory, an address that is not proved",
    make: async () => memory(),
    emailVerified: false,
    elsewhere: false,
  },
  { name: "memory, users elsewhere", make: async () => memory(), emailVerified: true, elsewhere: true },
];

const IN_MEMORY: Where = {
  name: "memory",
  make: async () => memory(),
  emailVerified: true,
  elsewhere: false,
};

for (const where of places) {
  describe(where.name, () => {
    test("a reset while a thief's session refreshes leaves no session", async () => {
      const count = await inEveryOrder(where, (scene) => {
        const [owner, other] = [scene.actor("owner"), scene.actor("thief")];
        const thief = scene.thief.copy(other);
        let isReset = false;
        return {
          actors: {
            owner: async () => {
              isReset = await reset(owner, scene.token, FIRST);
            },
            thief: async () => void (await thief.post("/auth/refresh")),
          },
          check: async () => {
            expect(isReset).toBe(true);
            expect(await scene.observer.sessions.list(scene.user)).toEqual([]);
            await expectOut(scene, scene.thief, thief);
            expect(await reset(scene.observer, scene.token, SECOND)).toBe(false);
            await expectPasswords(scene, [FIRST]);
          },
        };
      });
      console.info(`${where.name}, a reset and a refresh: ${count} orders`);
      expect(count).toBeGreaterThan(7);
    });

    test("a reset while a login with the old password is under way leaves no session", async () => {
      const count = await inEveryOrder(where, (scene) => {
        const [owner, other] = [scene.actor("owner"), scene.actor("thief")];
        const thief = scene.browser(other);
        let isReset = false;
        return {
          actors: {
            owner: async () => {
              isReset = await reset(owner, scene.token, FIRST);
            },
            thief: async () => void (await thief.post("/auth/login", ANN)),
          },
          check: async () => {
            expect(isReset).toBe(true);
            expect(await scene.observer.sessions.list(scene.user)).toEqual([]);
            await expectOut(scene, scene.thief, thief);
            await expectPasswords(scene, [FIRST]);
          },
        };
      });
      console.info(`${where.name}, a reset and a login: ${count} orders`);
      expect(count).toBeGreaterThan(9);
    });

    test("of two resets with one token exactly one wins", async () => {
      const count = await inEveryOrder(where, (scene) => {
        const [one, two] = [scene.actor("one"), scene.actor("two")];
        const won: string[] = [];
        const act = (auth: AnyAuth, secret: string): Act => {
          return async () => {
            if (await reset(auth, scene.token, secret)) won.push(secret);
          };
        };
        return {
          actors: { one: act(one, FIRST), two: act(two, SECOND) },
          check: async () => {
            expect(won).toHaveLength(1);
            expect(await scene.observer.sessions.list(scene.user)).toEqual([]);
            await expectOut(scene, scene.thief);
            expect(await reset(scene.observer, scene.token, FIRST)).toBe(false);
            await expectPasswords(scene, won);
          },
        };
      });
      console.info(`${where.name}, two resets with one token: ${count} orders`);
      expect(count).toBeGreaterThan(23);
    });

    test("a reset and a change of the password leave one password and no session", async () => {
      const count = await inEveryOrder(where, (scene) => {
        const [owner, other] = [scene.actor("owner"), scene.actor("thief")];
        let isReset = false;
        let isChanged = false;
        return {
          actors: {
            owner: async () => {
              isReset = await reset(owner, scene.token, FIRST);
            },
            thief: async () => {
              isChanged = await change(other, scene.user, SECOND);
            },
          },
          check: async () => {
            expect(isReset).toBe(!isChanged);
            expect(await scene.observer.sessions.list(scene.user)).toEqual([]);
            await expectOut(scene, scene.thief);
            expect(await reset(scene.observer, scene.token, SECOND)).toBe(false);
            await expectPasswords(scene, [isReset ? FIRST : SECOND]);
          },
        };
      });
      console.info(`${where.name}, a reset and a change: ${count} orders`);
      expect(count).toBeGreaterThan(17);
    });
  });
}

test("of two changes of the password at once one wins, and no earlier session lives", async () => {
  const count = await inEveryOrder(IN_MEMORY, (scene) => {
    const [one, two] = [scene.actor("one"), scene.actor("two")];
    const owner = scene.thief.copy(one);
    const won: string[] = [];
    return {
      actors: {
        one: async () => {
          const passwords = { currentPassword: ANN.password, newPassword: FIRST };
          if ((await owner.post("/auth/password/change", passwords)).ok) won.push(FIRST);
        },
        two: async () => {
          if (await change(two, scene.user, SECOND)) won.push(SECOND);
        },
      },
      check: async () => {
        expect(won).toHaveLength(1);
        await expectOut(scene, scene.thief);
        // The change that comes too late may end the session of the one that won.
        const live = await scene.observer.sessions.list(scene.user);
        expect(live.length).toBeLessThanOrEqual(won.includes(FIRST) ? 1 : 0);
        await expectPasswords(scene, won);
      },
    };
  });
  console.info(`memory, two changes: ${count} orders`);
  expect(count).toBeGreaterThan(25);
});

test("a reset with a token that is requested while another is applied wins last or not at all", async () => {
  const count = await inEveryOrder(
    IN_MEMORY,
    (scene) => {
      const [one, two] = [scene.actor("one"), scene.actor("two")];
      const won: string[] = [];
      let newer = "";
      return {
        actors: {
          one: async () => {
            if (await reset(one, scene.token, FIRST)) won.push(FIRST);
          },
          two: async () => {
            await two.users.forgotPassword(ANN.email);
            newer = await scene.inbox.token("reset");
            if (await reset(two, newer, SECOND)) won.push(SECOND);
          },
        },
        check: async () => {
          expect(won.length).toBeGreaterThan(0);
          expect(await scene.observer.sessions.list(scene.user)).toEqual([]);
          await expectOut(scene, scene.thief);
          for (const token of [scene.token, newer])
            expect(await reset(scene.observer, token, ANN.password)).toBe(false);
          await expectPasswords(scene, [won.includes(SECOND) ? SECOND : FIRST]);
        },
      };
      // The first token is redeemed before the second is requested.
    },
    3,
  );
  console.info(`memory, a reset, and a request and a reset: ${count} orders`);
  expect(count).toBeGreaterThan(28);
});

for (const where of places.filter(({ emailVerified }) => emailVerified)) {
  describe(where.name, () => {
    test("a change of the password while a login with the old one is under way leaves the session of the change", async () => {
      const count = await inEveryOrder(where, (scene) => {
        const [one, two] = [scene.actor("one"), scene.actor("two")];
        const owner = scene.thief.copy(one);
        const thief = scene.browser(two);
        let isChanged = false;
        return {
          actors: {
            one: async () => {
              const passwords = { currentPassword: ANN.password, newPassword: FIRST };
              isChanged = (await owner.post("/auth/password/change", passwords)).ok;
            },
            two: async () => void (await thief.post("/auth/login", ANN)),
          },
          check: async () => {
            expect(isChanged).toBe(true);
            await expectOut(scene, scene.thief, thief);
            expect(await scene.observer.sessions.list(scene.user)).toHaveLength(1);
            expect(await scene.observer.validate(owner.request("/page"))).toMatchObject({ ok: true });
            await expectPasswords(scene, [FIRST]);
          },
        };
      });
      console.info(`${where.name}, a change and a login: ${count} orders`);
      expect(count).toBeGreaterThan(10);
    });

    test("a request for a reset during a reset leaves no token of the old credentials", async () => {
      const count = await inEveryOrder(where, (scene) => {
        const [one, two] = [scene.actor("one"), scene.actor("two")];
        let isReset = false;
        return {
          actors: {
            one: async () => {
              isReset = await reset(one, scene.token, FIRST);
            },
            two: async () => void (await two.users.forgotPassword(ANN.email)),
          },
          check: async ({ trace }) => {
            const newer = await scene.inbox.token("reset");
            expect(newer).not.toBe(scene.token);
            // A user that was read after the change has its version.
            const isOfOld = trace.indexOf("two: users.find") < trace.indexOf("one: users.update");
            if (isReset) expect(await reset(scene.observer, newer, SECOND)).toBe(!isOfOld);
            else expect(await reset(scene.observer, newer, SECOND)).toBe(true);
            expect(await reset(scene.observer, scene.token, FIRST)).toBe(false);
          },
        };
      });
      console.info(`${where.name}, a reset and a request for one: ${count} orders`);
      expect(count).toBeGreaterThan(10);
    });
  });
}
