import { type Auth, createAuth, type JsonObject, magicLink, type User } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import { password } from "@latchkey/core/password";
import type { Store } from "@latchkey/core/store";
import { describe, expect, test } from "vitest";
import { type Browser, openBrowser } from "../fixtures/browser.ts";
import { settableClock } from "../fixtures/clock.ts";
import { countingHasher } from "../fixtures/counting-hasher.ts";
import { everyDistinctOrder } from "../fixtures/distinct-orders.ts";
import { openInbox } from "../fixtures/inbox.ts";
import { makeScheduler, type Run, type Scheduler } from "../fixtures/interleaving.ts";
import { begin, comeBack } from "../fixtures/oauth-flow.ts";
import { ANN_THERE, stubProvider } from "../fixtures/providers/stub-provider.ts";
import { ANN, ORIGIN, SECRET } from "../fixtures/server.ts";

type AnyAuth = Auth<JsonObject, User>;

const INVITED = "the password of the invitation";

// The order in which a slot, a key and an unchanging user are read decides nothing here.
function scheduled(scheduler: Scheduler, name: string, store: Store): Store {
  const { sessions, users, tokens } = scheduler.storeFor(name, store);
  return {
    ...store,
    sessions: { ...store.sessions, create: sessions.create },
    users: { ...users, get: store.users.get },
    tokens: { ...store.tokens, redeemSlot: tokens.redeemSlot },
  };
}

interface Scene {
  readonly observer: AnyAuth;
  readonly events: { readonly type: string }[];
  readonly scheduler: Scheduler;
  actor(name: string, isRefused?: boolean): { readonly auth: AnyAuth; readonly browser: Browser };
  readonly stub: ReturnType<typeof stubProvider>;
  readonly inbox: ReturnType<typeof openInbox>;
}

function makeScene(): Scene {
  const [scheduler, clock, store, stub, inbox] = [
    makeScheduler(),
    settableClock(),
    memory(),
    stubProvider(),
    openInbox(),
  ];
  const events: { readonly type: string }[] = [];
  const authOver = (over: Store, hooks = {}): AnyAuth =>
    createAuth({
      store: over,
      baseURL: ORIGIN,
      secret: SECRET,
      mail: inbox.mail,
      providers: [
        password({ hasher: countingHasher().hasher, verifyEmail: "required" }),
        magicLink({ signUp: true }),
        stub.provider,
      ],
      accessToken: { algorithm: "HS256" },
      env: { clock: clock.now },
      rateLimit: false,
      hooks,
      onEvent: (event) => void events.push(event),
      onError: () => undefined,
    });
  return {
    observer: authOver(store),
    events,
    scheduler,
    stub,
    inbox,
    actor: (name, isRefused = false) => {
      const hooks = isRefused ? { signedIn: () => false as const } : {};
      const auth = authOver(scheduled(scheduler, name, store), hooks);
      return { auth, browser: openBrowser({ server: auth, clock, origin: ORIGIN }) };
    },
  };
}

/** Another way to an account with the address, made ready to take its last step. */
const others: Readonly<Record<string, (scene: Scene, browser: Browser) => Promise<() => Promise<Response>>>> =
  {
    "an invitation": async ({ observer, inbox }, browser) => {
      await observer.users.invite(ANN.email);
      const invitation = await inbox.token("invitation");
      return () => browser.post("/auth/signup", { password: INVITED, invitation });
    },
    "a link": async ({ observer, inbox }, browser) => {
      await observer.users.sendLink(ANN.email);
      const token = await inbox.token("magic_link");
      return () => browser.post("/auth/link/confirm", { token });
    },
    "a provider": async ({ stub }, browser) => {
      const arrival = stub.agree(await begin(browser, stub.id), ANN_THERE);
      return () => comeBack(browser, arrival);
    },
  };

describe.each(Object.entries(others))(
  "a sign-up that is proved while its address comes by %s",
  (_, prepare) => {
    test.each([
      ["", false],
      [", and the application refuses the sign-in of the sign-up", true],
    ] as const)("makes one account, and the person gets in, in every order%s", async (__, isRefused) => {
      const orders = await everyDistinctOrder(async (choose): Promise<Run> => {
        const scene = makeScene();
        const signer = scene.actor("signer", isRefused);
        const other = scene.actor("other");
        await signer.browser.post("/auth/signup", ANN);
        const token = await scene.inbox.token("verify");
        const act = await prepare(scene, other.browser);
        const answers: Record<string, number> = {};
        const run = await scene.scheduler.play(
          {
            signer: async () => {
              answers["signer"] = (await signer.browser.post("/auth/email/verify", { token })).status;
            },
            other: async () => {
              answers["other"] = (await act()).status;
            },
          },
          choose,
        );
        await check(scene, answers, [signer.browser, other.browser]).catch((error: unknown) => {
          throw new Error([JSON.stringify(answers), ...run.trace].join("\n"), { cause: error });
        });
        return run;
      });
      console.info(`${orders} orders`);
      expect(orders).toBeGreaterThan(5);
    });
  },
);

async function check(
  { observer, events }: Scene,
  answers: Readonly<Record<string, number>>,
  browsers: readonly Browser[],
): Promise<void> {
  const count = (type: string): number => events.filter((event) => event.type === type).length;
  expect(count("internal_error")).toBe(0);
  const user = await observer.users.find(ANN);
  expect(count("user.created") - count("user.deleted")).toBe(user === null ? 0 : 1);
  expect(user?.emailVerified ?? true).toBe(true);
  const [signer, other] = await Promise.all(
    browsers.map(async (browser) => (await observer.validate(browser.request("/page"), { fresh: true })).ok),
  );
  expect({ signer }).toEqual({ signer: answers["signer"] === 200 });
  // The callback of a provider answers a failure with a redirect, too.
  expect({ other }).toEqual({
    other: other === true || answers["other"] === 200 || answers["other"] === 201,
  });
  // A sign-up that the application refused may delete the user that the other one needs: that can be done again.
  expect(signer || other || answers["signer"] === 403).toBe(true);
}
