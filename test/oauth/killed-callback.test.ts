import type { Store } from "@latchkey/core";
import type { OAuthProvider } from "@latchkey/core/oauth";
import { describe, expect, test } from "vitest";
import type { Browser } from "../fixtures/browser.ts";
import { settableClock } from "../fixtures/clock.ts";
import { type Death, deathsWithin, mortal } from "../fixtures/mortal-store.ts";
import { expectSentTo, whoIs } from "../fixtures/oauth-answers.ts";
import { begin, beginLink, comeBack } from "../fixtures/oauth-flow.ts";
import { linkAt, openStubServer, type StubServer, type StubServerOptions } from "../fixtures/oauth-server.ts";
import {
  ANN_THERE,
  type Person,
  type StubProvider,
  stubProvider,
} from "../fixtures/providers/stub-provider.ts";
import { ANN } from "../fixtures/server.ts";
import { migrated, open } from "../stores/files.ts";

const STRANGER: Person = { subject: "no-address" };
const CLAIMANT: Person = { ...ANN_THERE, subject: "claimant" };
type Act = (browser: Browser, server: StubServer) => Promise<unknown>;

/** Something that a process may be killed in the middle of. */
interface Operation {
  readonly person: Person;
  /** What came before, in a process that lived. */
  readonly before?: Act;
  /** The last step of what came before: what the provider answers is for the process that dies. */
  readonly ready?: (browser: Browser, server: StubServer) => Promise<string>;
  readonly run?: Act;
  /** How the server is configured, where not by default. */
  readonly options?: Partial<StubServerOptions>;
  readonly trustEmail?: OAuthProvider["trustEmail"];
  /** Whether the user that is signed in at first is the user of the provider's account afterwards. */
  readonly isSame: boolean;
}

const signUp: Act = (browser) => browser.post("/auth/signup", ANN);
const isProven: Act = async (browser, { auth }) => {
  await auth.users.create({ ...ANN, emailVerified: true });
  await browser.post("/auth/login", ANN);
};
const leave = (browser: Browser): Promise<string> => begin(browser, "stub");
const leaveToLink = (browser: Browser): Promise<string> => beginLink(browser, "stub", "/welcome");
const undo: Act = (browser) => browser.send("/auth/oauth/stub/link", { method: "DELETE" });

const operations: Readonly<Record<string, Operation>> = {
  "a first sign-in with a proven address": { person: ANN_THERE, ready: leave, isSame: false },
  "a first sign-in with an address that the provider is no authority for": {
    person: CLAIMANT,
    ready: leave,
    isSame: false,
    trustEmail: { domains: ["gmail.com"] },
  },
  "a first sign-in with a proven address and linkByEmail: false": {
    person: CLAIMANT,
    ready: leave,
    isSame: false,
    options: { linkByEmail: false },
  },
  "a first sign-in without an address": { person: STRANGER, ready: leave, isSame: false },
  "a sign-in with an account that is linked": {
    person: STRANGER,
    before: async (browser, server) => server.signIn(browser, STRANGER),
    ready: leave,
    isSame: true,
  },
  "a sign-in that links by a proven address": {
    person: ANN_THERE,
    before: isProven,
    ready: leave,
    isSame: true,
  },
  "a link": { person: STRANGER, before: signUp, ready: leaveToLink, isSame: true },
  "a link that proves the address": { person: ANN_THERE, before: signUp, ready: leaveToLink, isSame: true },
  "an unlink": {
    person: STRANGER,
    before: async (browser, server) => {
      await signUp(browser, server);
      await linkAt(server.stub, browser, STRANGER);
    },
    run: undo,
    isSame: true,
  },
};

interface Trial {
  readonly store: Store;
  readonly operation: Operation;
  readonly death: Death | null;
}

/** Runs an operation to its death, starts another process, and lets the user continue. Returns how many calls there were. */
async function play({ store, operation, death }: Trial): Promise<number> {
  const clock = settableClock();
  const { trustEmail, options } = operation;
  const stub = stubProvider({ storeTokens: true, ...(trustEmail === undefined ? {} : { trustEmail }) });
  const start = (over: Store): StubServer =>
    openStubServer({ store: over, clock, stubs: [stub], storeTimeout: 1, ...options });
  const first = start(store);
  const browser = first.browser();
  await operation.before?.(browser, first);
  const known = operation.before === undefined ? null : await whoIs(browser);
  const url = await operation.ready?.(browser, first);
  const mortalStore = mortal(store, death);
  const doomed = start(mortalStore.store);
  const held = browser.copy(doomed.auth);
  const running = (
    url === undefined ? operation.run?.(held, doomed) : comeBack(held, stub.agree(url, operation.person))
  )?.catch(() => undefined);
  await (death === null ? running : Promise.race([running, mortalStore.died]));
  if (death !== null) await resume(start(store), stub, { operation, known, url });
  return mortalStore.calls();
}

interface Past {
  readonly operation: Operation;
  readonly known: string | null;
  readonly url: string | undefined;
}

/** No user is locked out: the provider, the password or both still sign the same user in. */
async function resume(
  server: StubServer,
  stub: StubProvider,
  { operation, known, url }: Past,
): Promise<void> {
  const { auth } = server;
  const password = server.browser();
  const entered = (await password.post("/auth/login", ANN)).ok;
  if (operation.before === signUp || operation.run === undo) {
    const links = await auth.users.accounts(String(known));
    expect(entered || links.length > 0).toBe(true);
    if (entered) {
      expect(await whoIs(password)).toBe(known);
      // A user that repeats the request gets the result.
      expectSentTo(await linkAt(stub, password, operation.person), "/settings");
      expect(await whoIs(password)).toBe(known);
    }
  }
  const browser = server.browser();
  expectSentTo(await server.signIn(browser, operation.person), "/welcome");
  const id = await whoIs(browser);
  if (operation.isSame) expect(id).toBe(known);
  expect(await auth.users.accounts(String(id))).toHaveLength(1);
  expect(await auth.users.providerTokens(String(id), "stub")).not.toBeNull();
  if (operation.person !== ANN_THERE || url === undefined) return;
  const owner = await auth.users.find({ email: ANN.email });
  expect(owner).toMatchObject({ id, emailVerified: true });
}

describe("a callback in a process that is killed between any two statements", () => {
  test.each(Object.entries(operations))("leaves no user locked out: %s", async (title, operation) => {
    const make = (): Promise<Store> => migrated(open(":memory:"));
    const calls = await play({ store: await make(), operation, death: null });
    expect(calls).toBeGreaterThan(2);
    for (const death of deathsWithin(calls)) {
      await play({ store: await make(), operation, death }).catch((error: unknown) => {
        const where = `${death.manner} at call ${death.at} of ${calls}, ${death.moment}`;
        throw new Error(`${title}, ${where}`, { cause: error });
      });
    }
  });
});
