import type { AuthEvent } from "@latchkey/core";
import type { Store } from "@latchkey/core/store";
import { describe, expect, test } from "vitest";
import { bodyOf } from "../fixtures/answers.ts";
import type { Browser } from "../fixtures/browser.ts";
import { type Clock, settableClock } from "../fixtures/clock.ts";
import { type Death, deathsWithin, mortal } from "../fixtures/mortal-store.ts";
import { ANN, cheapPassword, openServer, type TestServer } from "../fixtures/server.ts";
import { stores } from "../fixtures/stores.ts";
import { familyOf, sidOf } from "../fixtures/tokens.ts";

const NEW_PASSWORD = "an altogether new one";

/** Something that a process may be killed in the middle of. */
interface Operation {
  /** What came before, in a process that lived. */
  readonly before?: (ann: Browser, server: TestServer) => Promise<unknown>;
  readonly run: (ann: Browser, server: TestServer) => Promise<unknown>;
  /** What the honest client does next, and what it must find. */
  readonly after: (ann: Browser, server: TestServer, sid: string) => Promise<void>;
  readonly options?: { readonly sessions?: { readonly limit: number }; readonly revocation?: "store" };
}

const join = (ann: Browser): Promise<Response> => ann.post("/auth/signup", ANN);
const enter = (ann: Browser): Promise<Response> => ann.post("/auth/login", ANN);
const prove = (ann: Browser): Promise<Response> =>
  ann.post("/auth/reauthenticate", { password: ANN.password });
const renew = (ann: Browser): Promise<Response> => ann.post("/auth/refresh");

/** Signs in again, as after a sign-in without an answer. */
async function signInAgain(ann: Browser, server: TestServer): Promise<void> {
  const answer = await enter(ann);
  expect(answer.status).toBe(200);
  await resume(ann, server);
}

/** Refreshes four leases long, as a browser does: at once, and whenever an access token is used up. */
async function resume(ann: Browser, { clock }: TestServer): Promise<void> {
  for (let turn = 0; turn < 4; turn++) {
    const answer = await renew(ann);
    expect({ turn, status: answer.status }).toEqual({ turn, status: 200 });
    clock.advance(61);
  }
  expect((await ann.get("/auth/me")).status).toBe(200);
}

/** The old session lives, or was replaced by the sign-in that died: then the client signs in again. */
async function oldOrNew(ann: Browser, server: TestServer): Promise<void> {
  const answer = await renew(ann.copy());
  if (answer.status !== 200) expect((await bodyOf(answer))["error"]).toBe("session_revoked");
  else await resume(ann, server);
  await signInAgain(ann, server);
}

async function sameSession(ann: Browser, server: TestServer, sid: string): Promise<void> {
  await resume(ann, server);
  expect(sidOf(ann.cookie("access"))).toBe(sid);
}

async function signedOut(ann: Browser, server: TestServer): Promise<void> {
  const thief = ann.copy();
  expect((await ann.post("/auth/logout")).status).toBe(200);
  expect(ann.names()).toEqual([]);
  if (thief.names().length > 0) expect((await renew(thief)).status).toBe(401);
  await signInAgain(ann, server);
}

async function changedForGood(ann: Browser, server: TestServer): Promise<void> {
  const changed = await server.browser().post("/auth/login", { ...ANN, password: NEW_PASSWORD });
  if (changed.ok) expect((await renew(ann.copy())).status).toBe(401);
  const user = String((await server.auth.users.find(ANN))?.id);
  expect(await server.auth.users.setPassword(user, NEW_PASSWORD)).toBe(true);
  expect((await renew(ann)).status).toBe(401);
  expect((await enter(ann)).status).toBe(401);
  expect((await ann.post("/auth/login", { ...ANN, password: NEW_PASSWORD })).status).toBe(200);
  await resume(ann, server);
}

const lease = (ann: Browser, { clock }: TestServer): Promise<Response> => {
  const answer = renew(ann);
  return answer.finally(() => clock.advance(60));
};

const operations: Readonly<Record<string, Operation>> = {
  "sign-up on an empty store": {
    run: join,
    after: async (ann, server) => {
      expect([201, 409]).toContain((await join(ann)).status);
      await signInAgain(ann, server);
    },
  },
  "sign-in without a session": {
    before: async (_, { auth }) => auth.users.create(ANN),
    run: enter,
    after: signInAgain,
  },
  "sign-in in a browser that has a session": { before: join, run: enter, after: oldOrNew },
  "sign-in that ends the oldest": {
    before: join,
    run: (ann) => enter(ann),
    after: oldOrNew,
    options: { sessions: { limit: 1 } },
  },
  "a reauthentication": { before: join, run: prove, after: oldOrNew },
  "a reauthentication after the access token has expired": {
    before: async (ann, { clock }) => {
      await join(ann);
      clock.advance(601);
    },
    run: prove,
    after: oldOrNew,
  },
  "first refresh": { before: join, run: renew, after: sameSession },
  "refresh with the newest token": {
    before: async (ann, server) => {
      await join(ann);
      await lease(ann, server);
    },
    run: renew,
    after: sameSession,
  },
  "refresh after a lost answer": {
    before: async (ann, server) => {
      await join(ann);
      await lease(ann.copy(), server);
    },
    run: renew,
    after: sameSession,
  },
  "refresh on the way through validate": {
    before: async (ann, { clock }) => {
      await join(ann);
      clock.advance(601);
    },
    run: async (ann, { auth }) => ann.take((await auth.validate(ann.request("/page"))).headers),
    after: sameSession,
  },
  "refresh by two tabs": {
    before: join,
    run: (ann) => Promise.all([renew(ann), renew(ann.copy())]),
    after: sameSession,
  },
  logout: { before: join, run: (ann) => ann.post("/auth/logout"), after: signedOut },
  "logout after a refresh": {
    before: async (ann, server) => {
      await join(ann);
      await lease(ann, server);
    },
    run: (ann) => ann.post("/auth/logout"),
    after: signedOut,
  },
  "logout everywhere": {
    before: join,
    run: (ann) => ann.post("/auth/logout", { scope: "all" }),
    after: signedOut,
  },
  "a change of password": {
    before: join,
    run: async (_, { auth }) =>
      auth.users.setPassword(String((await auth.users.find(ANN))?.id), NEW_PASSWORD),
    after: changedForGood,
  },
};

interface Trial {
  readonly store: Store;
  readonly operation: Operation;
  readonly death: Death | null;
}

/** Runs an operation to its death, starts another process, and lets the client continue. Returns how many calls there were. */
async function play({
  store,
  operation,
  death,
}: Trial): Promise<{ calls: number; events: readonly AuthEvent[] }> {
  const clock: Clock = settableClock();
  const events: AuthEvent[] = [];
  const start = (over: Store): TestServer =>
    openServer({
      ...operation.options,
      store: over,
      clock,
      providers: [cheapPassword()],
      storeTimeout: 1,
      onEvent: (event) => events.push(event),
    });
  const first = start(store);
  const ann = first.browser();
  await operation.before?.(ann, first);
  const sid = familyOf(ann.cookie("refresh"));

  const mortalStore = mortal(store, death);
  const doomed = start(mortalStore.store);
  const held = ann.copy();
  // The browser keeps its jar; what talks to the doomed process has a jar of the same cookies.
  const running = operation.run(reach(held, doomed), doomed).catch(() => undefined);
  await (death === null ? running : Promise.race([running, mortalStore.died]));

  const next = start(store);
  const honest = death?.manner === "throws" ? reach(held, next) : reach(ann, next);
  if (death !== null) await operation.after(honest, next, sid);
  return { calls: mortalStore.calls(), events };
}

/** The same jar, before another process. */
function reach(ann: Browser, server: TestServer): Browser {
  return ann.copy(server.auth);
}

for (const { name, make } of stores) {
  describe(`a process that is killed between any two statements, ${name}`, () => {
    for (const [title, operation] of Object.entries(operations)) {
      test(`stops no honest client and causes no report of reuse, in ${title}`, async () => {
        const { calls } = await play({ store: await make(), operation, death: null });
        const deaths = deathsWithin(calls);
        expect(calls).toBeGreaterThan(0);
        console.info(`${name}, ${title}: ${deaths.length} ways to die within ${calls} calls`);
        for (const death of deaths) {
          const context = `${title}, ${death.manner} at call ${death.at} of ${calls}, ${death.moment}`;
          const { events } = await play({ store: await make(), operation, death }).catch((error: unknown) => {
            throw new Error(context, { cause: error });
          });
          const alarms = events.filter(({ type }) => /reuse_detected|rolled_back/.test(type));
          expect(alarms, context).toEqual([]);
        }
      });
    }
  });
}
