import type { Store } from "@latchkey/core/store";
import { describe, expect, test } from "vitest";
import type { Browser } from "../fixtures/browser.ts";
import { settableClock } from "../fixtures/clock.ts";
import { type Inbox, openInbox } from "../fixtures/inbox.ts";
import { type Death, deathsWithin, mortal } from "../fixtures/mortal-store.ts";
import { openStubServer, type StubServer } from "../fixtures/oauth-server.ts";
import { ANN } from "../fixtures/server.ts";
import { stores } from "../fixtures/stores.ts";

const NEW_PASSWORD = "an altogether new one";
const LAST_PASSWORD = "the one of the second try";
const LINKED = { provider: "stub", subject: "of the thief" };

/** What a process does when it is killed, for a user whose session a thief has copied. */
interface Operation {
  /** Whether Ann's address is proved. If it is not, the thief has linked an account. */
  readonly emailVerified: boolean;
  readonly run: (owner: Browser, token: string) => Promise<unknown>;
}

const forgot = (owner: Browser): Promise<Response> =>
  owner.post("/auth/password/forgot", { email: ANN.email });
const reset = (owner: Browser, token: string, newPassword = NEW_PASSWORD): Promise<Response> =>
  owner.post("/auth/password/reset", { token, newPassword });
const change = (owner: Browser): Promise<Response> =>
  owner.post("/auth/password/change", { currentPassword: ANN.password, newPassword: NEW_PASSWORD });

const operations: Readonly<Record<string, Operation>> = {
  "a request for a reset": { emailVerified: true, run: forgot },
  "a reset": { emailVerified: true, run: reset },
  "a reset that is the first proof": { emailVerified: false, run: reset },
  "a change": { emailVerified: true, run: change },
};

interface Trial {
  readonly store: Store;
  readonly operation: Operation;
  readonly death: Death | null;
}

/** Runs an operation to its death, and returns how many calls there were. Then another process serves the owner and the thief. */
async function play({ store, operation, death }: Trial): Promise<number> {
  const clock = settableClock();
  const inbox = openInbox();
  const start = (over: Store): StubServer =>
    openStubServer({ store: over, clock, mail: inbox.mail, storeTimeout: 1, rateLimit: false });
  const first = start(store);
  const { id } = await first.auth.users.create({ ...ANN, emailVerified: operation.emailVerified });
  if (!operation.emailVerified) await store.users.link(id, LINKED);
  const owner = first.browser();
  await owner.post("/auth/login", ANN);
  const thief = owner.copy();
  await forgot(owner);
  const token = await inbox.token("reset");

  const mortalStore = mortal(store, death);
  const doomed = start(mortalStore.store);
  const running = operation.run(owner.copy(doomed.auth), token).catch(() => undefined);
  await (death === null ? running : Promise.race([running, mortalStore.died]));
  if (death !== null) await expectRecovery({ id, inbox, thief, next: start(store) });
  return mortalStore.calls();
}

interface Aftermath {
  readonly id: string;
  readonly inbox: Inbox;
  readonly thief: Browser;
  readonly next: StubServer;
}

/** The thief has nothing beside the new password, and the owner can start over. */
async function expectRecovery({ id, inbox, thief, next }: Aftermath): Promise<void> {
  const enter = async (secret: string): Promise<boolean> =>
    (await next.browser().post("/auth/login", { ...ANN, password: secret })).ok;
  const held = thief.copy(next.auth);
  const isLive = (await held.post("/auth/refresh")).ok;
  const isLinked = (await next.auth.users.accounts(id)).length > 0;
  const works = { old: await enter(ANN.password), new: await enter(NEW_PASSWORD) };
  expect(works.old && works.new).toBe(false);
  if (works.new) expect({ isLive, isLinked }).toEqual({ isLive: false, isLinked: false });

  await inbox.clear();
  expect((await forgot(next.browser())).status).toBe(200);
  const again = await reset(next.browser(), await inbox.token("reset"), LAST_PASSWORD);
  expect(again.status).toBe(200);
  expect([await enter(ANN.password), await enter(NEW_PASSWORD)]).toEqual([false, false]);
  expect((await held.post("/auth/refresh")).ok).toBe(false);
  expect(await next.auth.users.accounts(id)).toEqual([]);
  expect(await enter(LAST_PASSWORD)).toBe(true);
  expect(await next.auth.users.get(id)).toMatchObject({ emailVerified: true });
}

for (const { name, make } of stores) {
  describe(`a process that is killed between any two statements, ${name}`, () => {
    for (const [title, operation] of Object.entries(operations)) {
      test(`leaves a thief nothing beside a new password, and lets the owner start over, in ${title}`, async () => {
        const calls = await play({ store: await make(), operation, death: null });
        const deaths = deathsWithin(calls);
        expect(calls).toBeGreaterThan(1);
        console.info(`${name}, ${title}: ${deaths.length} ways to die within ${calls} calls`);
        for (const death of deaths) {
          const context = `${title}, ${death.manner} at call ${death.at} of ${calls}, ${death.moment}`;
          await play({ store: await make(), operation, death }).catch((error: unknown) => {
            throw new Error(context, { cause: error });
          });
        }
      });
    }
  });
}
