import type { Store } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import { expect, test } from "vitest";
import type { Browser } from "../fixtures/browser.ts";
import { everyDistinctOrder } from "../fixtures/distinct-orders.ts";
import {
  type Choose,
  everyInterleaving,
  makeScheduler,
  type Run,
  type Scheduler,
} from "../fixtures/interleaving.ts";
import { whoIs } from "../fixtures/oauth-answers.ts";
import { begin, beginLink, comeBack } from "../fixtures/oauth-flow.ts";
import { linkAt, openStubServer, type StubServer } from "../fixtures/oauth-server.ts";
import {
  ANN_THERE,
  type Person,
  type StubProvider,
  stubProvider,
} from "../fixtures/providers/stub-provider.ts";
import { countOf } from "../fixtures/server.ts";
import { sidOf } from "../fixtures/tokens.ts";

/** The cheapest signatures there are: none of this is about them. */
const accessToken = { algorithm: "HS256" } as const;

/** One play: every actor has a process of its own over the same tables. */
interface Scene {
  readonly scheduler: Scheduler;
  readonly stubs: readonly [StubProvider, StubProvider];
  /** A process that no other holds up. */
  readonly observer: StubServer;
  actor(name: string): StubServer;
}

async function makeScene(isChanging: boolean): Promise<Scene> {
  const scheduler = makeScheduler();
  const store = memory();
  const stubs = [stubProvider(), stubProvider({ id: "other" })] as const;
  const observer = openStubServer({ store, stubs, accessToken });
  const { clock, events } = observer;
  const onEvent = (event: (typeof events)[number]): number => events.push(event);
  return {
    scheduler,
    stubs,
    observer,
    actor: (name) =>
      openStubServer({
        store: scheduled(scheduler, name, store, isChanging),
        stubs,
        clock,
        onEvent,
        accessToken,
      }),
  };
}

// Which order codes and keys are read in decides nothing here, nor who reads an unchanging user.
function scheduled(scheduler: Scheduler, name: string, store: Store, isChanging: boolean): Store {
  const { sessions, users } = scheduler.storeFor(name, store);
  return { ...store, sessions, users: isChanging ? users : { ...users, get: store.users.get } };
}

type Act = () => Promise<void>;

interface Play {
  readonly actors: Readonly<Record<string, Act>>;
  readonly check: () => Promise<void>;
}

type Prepare = (scene: Scene) => Promise<Play>;

/** Plays every order of the calls around a user that changes. */
function inEveryOrder(prepare: Prepare): Promise<number> {
  return everyInterleaving((choose) => playIn(choose, prepare, true));
}

/** Plays every order that differs for the actors, where the check asks for no order of their events. */
function inEveryDistinctOrder(prepare: Prepare): Promise<number> {
  return everyDistinctOrder((choose) => playIn(choose, prepare, false));
}

/** Plays one order, and checks after it; an order that fails is named by its calls. */
async function playIn(choose: Choose, prepare: Prepare, isChanging: boolean): Promise<Run> {
  const scene = await makeScene(isChanging);
  const { actors, check } = await prepare(scene);
  const run = await scene.scheduler.play(actors, choose);
  await check().catch((error: unknown) => {
    throw new Error(run.trace.join("\n"), { cause: error });
  });
  return run;
}

/** A browser at the door of one process, with the provider's answer in its hand. */
async function atTheDoor(server: StubServer, stub: StubProvider, person: Person): Promise<[Browser, Act]> {
  const browser = server.browser();
  const arrival = stub.agree(await begin(browser, stub.id), person);
  return [browser, async () => void (await comeBack(browser, arrival))];
}

async function signedInAs({ auth }: StubServer, browser: Browser): Promise<string | null> {
  const found = await auth.validate(browser.request("/page"), { fresh: true });
  return found.ok ? found.userId : null;
}

test.each<readonly [string, Person]>([
  ["with a proven address", ANN_THERE],
  ["without an address", { subject: "no-address" }],
])(
  "two first sign-ins of one account, %s, create one user and both succeed, in every order",
  async (_, person) => {
    const count = await inEveryDistinctOrder(async (scene) => {
      const { observer, stubs } = scene;
      const [one, returnOne] = await atTheDoor(scene.actor("one"), stubs[0], person);
      const [two, returnTwo] = await atTheDoor(scene.actor("two"), stubs[0], person);
      const check = async (): Promise<void> => {
        const ids = [await signedInAs(observer, one), await signedInAs(observer, two)];
        expect(ids[0]).not.toBeNull();
        expect(ids[1]).toBe(ids[0]);
        expect(await observer.auth.users.accounts(String(ids[0]))).toHaveLength(1);
        expect(countOf(observer, "user.created") - countOf(observer, "user.deleted")).toBe(1);
      };
      return { actors: { one: returnOne, two: returnTwo }, check };
    });
    console.info(`two first sign-ins: ${count} orders`);
    expect(count).toBeGreaterThan(50);
  },
);

/** What ends every session of a user, or bars them. */
const ends: Readonly<Record<string, (server: StubServer, id: string, session: string) => Promise<unknown>>> =
  {
    "is disabled": ({ auth }, id) => auth.users.disable(id),
    "is deleted": ({ auth }, id) => auth.users.delete(id),
    "gets a new password": ({ auth }, id) => auth.users.setPassword(id, "an altogether new one"),
    "is signed out everywhere": ({ auth }, id) => auth.sessions.revokeAll(id),
    "is signed out": ({ auth }, _, session) => auth.sessions.revoke(session),
  };

test.each(Object.entries(ends))(
  "OAU-18 a link while the user %s leaves neither a live session nor a later link, in any order",
  async (title, end) => {
    const count = await inEveryOrder(async (scene) => {
      const { observer, stubs } = scene;
      const guest = scene.actor("guest");
      const owner = scene.actor("owner");
      const browser = await guest.signedIn();
      const id = String(await whoIs(browser));
      const session = sidOf(browser.cookie("access"));
      const arrival = stubs[0].agree(await beginLink(browser, "stub"), { subject: "the thief's" });
      const check = async (): Promise<void> => {
        const last = observer.events.findLastIndex(({ type }) => type === "account.linked");
        const gone = observer.events.findLastIndex(({ type }) => type === "account.unlinked");
        const ended = observer.events.some(
          (event) => event.type === "session.ended" && event.reason !== "replaced",
        );
        const links = title === "is deleted" ? [] : await observer.auth.users.accounts(id);
        if (links.length > 0) expect(gone).toBeLessThan(last);
        if (ended) expect(await signedInAs(observer, browser)).toBeNull();
      };
      const actors = {
        guest: async () => void (await comeBack(browser, arrival)),
        owner: async () => void (await end(owner, id, session)),
      };
      return { actors, check };
    });
    expect(count).toBeGreaterThan(5);
  },
);

test("a sign-in by a link that is being removed leaves no session that began after the removal, in any order", async () => {
  const count = await inEveryOrder(async (scene) => {
    const { observer, stubs } = scene;
    const person = { subject: "gone-soon" };
    const owner = scene.actor("owner");
    const own = await owner.signedIn();
    const id = String(await whoIs(own));
    await linkAt(stubs[0], own, person);
    const [thief, enter] = await atTheDoor(scene.actor("thief"), stubs[0], person);
    const actors = {
      owner: async () => void (await own.send("/auth/oauth/stub/link", { method: "DELETE" })),
      thief: enter,
    };
    const check = async (): Promise<void> => {
      const told = observer.events.map((event) => event.type);
      const undone = told.indexOf("account.unlinked");
      const began = told.lastIndexOf("session.started");
      const asOwner = (await signedInAs(observer, thief)) === id;
      if (asOwner) expect(began).toBeLessThan(undone);
    };
    return { actors, check };
  });
  expect(count).toBeGreaterThan(30);
});

test("removing the last two links at once leaves one sign-in method, in every order", async () => {
  let undone = 0;
  const count = await inEveryDistinctOrder(async (scene) => {
    const { observer } = scene;
    const { id } = await observer.auth.users.create({ username: "ann" });
    for (const provider of ["stub", "other"]) await observer.store.users.link(id, { provider, subject: "x" });
    const browser = observer.browser();
    browser.take((await observer.auth.sessions.create(id)).headers);
    const undo = (name: string, provider: string): Act => {
      const server = scene.actor(name);
      const own = browser.copy(server.auth);
      return async () => void (await own.send(`/auth/oauth/${provider}/link`, { method: "DELETE" }));
    };
    const check = async (): Promise<void> => {
      expect((await observer.auth.users.accounts(id)).length).toBeGreaterThan(0);
      undone += countOf(observer, "account.unlinked");
    };
    return { actors: { one: undo("one", "stub"), two: undo("two", "other") }, check };
  });
  console.info(`two unlinks: ${count} orders, ${undone} links undone`);
  expect(undone).toBeGreaterThan(0);
  expect(count).toBeGreaterThan(30);
});
