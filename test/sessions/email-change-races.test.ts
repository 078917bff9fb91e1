// Loaded here, so that the first message waits for no file.
import "../../packages/core/src/mail/texts.ts";
import { type Auth, createAuth, type JsonObject, type MailMessage, type User } from "@latchkey/core";
import type { Store } from "@latchkey/core/store";
import { describe, expect, test } from "vitest";
import { settableClock } from "../fixtures/clock.ts";
import { everyDistinctOrder } from "../fixtures/distinct-orders.ts";
import { type Choose, makeScheduler, type Run, type Scheduler } from "../fixtures/interleaving.ts";
import { cheapPassword, SECRET } from "../fixtures/server.ts";
import { type StoreKind, stores } from "../fixtures/stores.ts";
import { type Between, wrapped } from "../fixtures/wrapped-store.ts";

type AnyAuth = Auth<JsonObject, User>;
const A = "ann@example.com";
const B = "ann@b.example";
const C = "ann@c.example";
const PASSWORD = "an altogether new one";

interface Scene {
  readonly scheduler: Scheduler;
  readonly store: Store;
  readonly observer: AnyAuth;
  readonly ann: string;
  authOver(store: Store): AnyAuth;
  /** Asks for a change by hand, and returns its token. */
  ask(id: string, email: string): Promise<string>;
  /** The token in the newest notice. */
  undo(): Promise<string>;
}

async function makeScene({ make }: StoreKind): Promise<Scene> {
  const [store, clock, scheduler] = [await make(), settableClock(), makeScheduler()];
  const sent: MailMessage[] = [];
  // Plays are many, so this waits no longer than a message needs.
  const tokenIn = async (type: MailMessage["type"]): Promise<string> => {
    const newest = (): MailMessage | undefined => sent.findLast((each) => each.type === type);
    for (let tries = 0; tries < 5_000 && (tries === 0 || newest() === undefined); tries++)
      await new Promise((resolve) => setTimeout(resolve, 1));
    const message = newest();
    const url = message !== undefined && "url" in message ? message.url : null;
    if (url === null) throw new Error(`no link of ${type}`);
    return new URL(url).searchParams.get("token") ?? "";
  };
  const authOver = (over: Store): AnyAuth =>
    createAuth({
      store: over,
      providers: [cheapPassword()],
      mail: { send: (message) => void sent.push(message) },
      secret: SECRET,
      // Without keys in the store: reading them would only multiply the orders.
      accessToken: { algorithm: "HS256" },
      env: { clock: clock.now },
      rateLimit: false,
    });
  const observer = authOver(store);
  const ann = (await observer.users.create({ email: A, emailVerified: true })).id;
  const ask = async (id: string, email: string): Promise<string> => {
    await observer.users.changeEmail(id, email);
    return tokenIn("change");
  };
  return { scheduler, store, observer, ann, authOver, ask, undo: () => tokenIn("changed_notice") };
}

type Outcome = "done" | "mail_token_invalid" | "identifier_taken" | "store_unavailable";

/** The outcome of a call. */
async function outcomeOf(call: Promise<unknown>): Promise<Outcome> {
  try {
    await call;
    return "done";
  } catch (error) {
    return (error as { code: Outcome }).code;
  }
}

type Act = (auth: AnyAuth) => Promise<unknown>;

/** Plays two calls in one order. */
async function playTwo(
  { scheduler, store, authOver }: Scene,
  acts: readonly [Act, Act],
  choose: Choose,
): Promise<{ readonly run: Run; readonly outcomes: readonly Outcome[] }> {
  const outcomes: Outcome[] = [];
  const actors = acts.map((act, index): [string, () => Promise<void>] => {
    const auth = authOver(scheduler.storeFor(`${index}`, store));
    return [
      `${index}`,
      async () => {
        outcomes[index] = await outcomeOf(act(auth));
      },
    ];
  });
  const run = await scheduler.play(Object.fromEntries(actors), choose);
  return { run, outcomes };
}

/** Plays two calls in every distinct order, and checks what is left after each. */
function inEveryOrder(
  kind: StoreKind,
  prepare: (scene: Scene) => Promise<readonly [Act, Act]>,
  check: (scene: Scene, outcomes: readonly Outcome[]) => Promise<void>,
): Promise<number> {
  return everyDistinctOrder(async (choose) => {
    const scene = await makeScene(kind);
    const { run, outcomes } = await playTwo(scene, await prepare(scene), choose);
    await check(scene, outcomes).catch((error: unknown) => {
      throw new Error([...run.trace, ...outcomes].join("\n"), { cause: error });
    });
    return run;
  });
}

const emailOf = async ({ observer, ann }: Scene): Promise<string | null | undefined> =>
  (await observer.users.get(ann))?.email;

/** Undoes the change by the mail that was sent, and expects the former address. */
async function expectUndoable(scene: Scene): Promise<void> {
  await scene.observer.users.undoEmailChange(await scene.undo());
  expect(await emailOf(scene)).toBe(A);
}

for (const kind of stores) {
  describe(kind.name, () => {
    test("a sign-up and a confirmation with one address: one wins", async () => {
      const count = await inEveryOrder(
        kind,
        async ({ ask, ann }) => {
          const token = await ask(ann, B);
          return [
            (auth) => auth.users.confirmEmailChange(token),
            (auth) => auth.users.create({ email: B, password: PASSWORD }),
          ];
        },
        async (scene, outcomes) => {
          expect(outcomes.toSorted()).toEqual(["done", "identifier_taken"]);
          const owner = (await scene.observer.users.find({ email: B }))?.id;
          expect(owner === scene.ann).toBe(outcomes[0] === "done");
        },
      );
      expect(count).toBeGreaterThan(7);
    });

    test("a new password during a confirmation is kept, and the confirmation fails or can be undone", async () => {
      const count = await inEveryOrder(
        kind,
        async ({ ask, ann }) => {
          const token = await ask(ann, B);
          return [
            (auth) => auth.users.confirmEmailChange(token),
            (auth) => auth.users.setPassword(ann, PASSWORD),
          ];
        },
        async (scene, outcomes) => {
          expect(outcomes[1]).toBe("done");
          expect(await emailOf(scene)).toBe(outcomes[0] === "done" ? B : A);
          expect((await scene.store.users.get(scene.ann))?.passwordHash).not.toBeNull();
          if (outcomes[0] === "done") await expectUndoable(scene);
        },
      );
      expect(count).toBeGreaterThan(18);
    });
  });
}

/** A store that performs `between` before its call number `at`, once. */
function pausedAt(store: Store, at: number, between: () => Promise<void>): Store {
  let count = 0;
  const pause: Between = async (_, call) => {
    count++;
    if (count === at) await between();
    return call();
  };
  return wrapped(store, pause);
}

/** The first `act` on a store, with all of `other` before each of its calls in turn. Returns how many calls there were. */
async function aroundEach(
  kind: StoreKind,
  prepare: (scene: Scene) => Promise<{ act: Act; other: Act }>,
  check: (scene: Scene, outcomes: readonly Outcome[]) => Promise<void>,
): Promise<number> {
  for (let at = 1; ; at++) {
    const scene = await makeScene(kind);
    const { act, other } = await prepare(scene);
    let second: Outcome | null = null;
    const paused = pausedAt(scene.store, at, async () => {
      second = await outcomeOf(other(scene.observer));
    });
    const first = await outcomeOf(act(scene.authOver(paused)));
    if (second === null) return at - 1;
    await check(scene, [first, second]).catch((error: unknown) => {
      throw new Error(`before call ${at}: ${first}, ${second}`, { cause: error });
    });
  }
}

const [fastest] = stores;
if (fastest !== undefined) {
  test("of two confirmations of one token one wins, and its undo works", async () => {
    const count = await inEveryOrder(
      fastest,
      async ({ ask, ann }) => {
        const token = await ask(ann, B);
        const confirm: Act = (auth) => auth.users.confirmEmailChange(token);
        return [confirm, confirm];
      },
      async (scene, outcomes) => {
        expect(outcomes.toSorted()).toEqual(["done", "mail_token_invalid"]);
        expect(await emailOf(scene)).toBe(B);
        await expectUndoable(scene);
      },
    );
    console.info(`two confirmations: ${count} orders`);
    expect(count).toBeGreaterThan(69);
  });

  test("of two users that confirm one address one wins, and the other is told that it is taken", async () => {
    const count = await inEveryOrder(
      fastest,
      async ({ ask, ann, observer }) => {
        const bob = (await observer.users.create({ email: "bob@example.com", emailVerified: true })).id;
        const [one, other] = [await ask(ann, B), await ask(bob, B)];
        return [(auth) => auth.users.confirmEmailChange(one), (auth) => auth.users.confirmEmailChange(other)];
      },
      async (scene, outcomes) => {
        expect(outcomes.toSorted()).toEqual(["done", "identifier_taken"]);
        const owner = (await scene.observer.users.find({ email: B }))?.id;
        expect(owner === scene.ann).toBe(outcomes[0] === "done");
      },
    );
    expect(count).toBeGreaterThan(103);
  });

  test("an undo during a second change of a thief restores the first address, in any order", async () => {
    const count = await inEveryOrder(
      fastest,
      async ({ ask, ann, observer, undo }) => {
        await observer.users.confirmEmailChange(await ask(ann, B));
        const [back, token] = [await undo(), await ask(ann, C)];
        return [(auth) => auth.users.undoEmailChange(back), (auth) => auth.users.confirmEmailChange(token)];
      },
      async (scene, outcomes) => {
        expect(outcomes[0]).toBe("done");
        expect(await emailOf(scene)).toBe(A);
      },
    );
    console.info(`an undo and a confirmation: ${count} orders`);
    expect(count).toBeGreaterThan(34);
  });
}

for (const kind of stores) {
  describe(kind.name, () => {
    test("an older confirmation that is slow does not void the undo of a newer one", async () => {
      const calls = await aroundEach(
        kind,
        async ({ ask, ann, observer }) => {
          const token = await ask(ann, B);
          const other: Act = async (auth) => {
            await observer.sessions.revokeAll(ann);
            await auth.users.confirmEmailChange(await ask(ann, C));
          };
          return { act: (auth) => auth.users.confirmEmailChange(token), other };
        },
        async (scene, outcomes) => {
          expect(outcomes).toEqual(["mail_token_invalid", "done"]);
          expect(await emailOf(scene)).toBe(C);
          await expectUndoable(scene);
        },
      );
      expect(calls).toBeGreaterThan(5);
    });

    test.each(["the undo", "the second change"])(
      "an undo during a second change of a thief restores the first address, whatever waits for %s",
      async (slow) => {
        const calls = await aroundEach(
          kind,
          async ({ ask, ann, observer, undo }) => {
            await observer.users.confirmEmailChange(await ask(ann, B));
            const [back, token] = [await undo(), await ask(ann, C)];
            const change: Act = (auth) => auth.users.confirmEmailChange(token);
            const restore: Act = (auth) => auth.users.undoEmailChange(back);
            return slow === "the undo" ? { act: change, other: restore } : { act: restore, other: change };
          },
          async (scene, outcomes) => {
            expect(outcomes[slow === "the undo" ? 1 : 0]).toBe("done");
            expect(await emailOf(scene)).toBe(A);
            expect(await scene.observer.users.find({ email: C })).toBeNull();
          },
        );
        expect(calls).toBeGreaterThan(5);
      },
    );

    test.each(["a link", "a session"])(
      "%s of a thief from before the address is restored does not outlive the undo",
      async (what) => {
        const calls = await aroundEach(
          kind,
          async ({ ask, ann, observer, store, undo }) => {
            await observer.users.confirmEmailChange(await ask(ann, B));
            const token = await undo();
            const other: Act = async () => {
              if ((await observer.users.find({ email: B })) === null) return;
              if (what === "a session") await observer.sessions.create(ann);
              else await store.users.link(ann, { provider: "github", subject: "thief" });
            };
            return { act: (auth) => auth.users.undoEmailChange(token), other };
          },
          async ({ observer, ann }, outcomes) => {
            expect(outcomes).toEqual(["done", "done"]);
            expect(await observer.users.accounts(ann)).toEqual([]);
            expect(await observer.sessions.list(ann)).toEqual([]);
          },
        );
        expect(calls).toBeGreaterThan(6);
      },
    );

    test("of two undos of one token one succeeds", async () => {
      const calls = await aroundEach(
        kind,
        async ({ ask, ann, observer, undo }) => {
          await observer.users.confirmEmailChange(await ask(ann, B));
          const token = await undo();
          const restore: Act = (auth) => auth.users.undoEmailChange(token);
          return { act: restore, other: restore };
        },
        async (scene, outcomes) => {
          expect(outcomes.toSorted()).toEqual(["done", "mail_token_invalid"]);
          expect(await emailOf(scene)).toBe(A);
        },
      );
      expect(calls).toBeGreaterThan(5);
    });
  });
}
