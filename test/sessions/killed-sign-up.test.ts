import type { SignUpMode } from "@latchkey/core";
import type { PasswordOptions } from "@latchkey/core/password";
import type { Store } from "@latchkey/core/store";
import { describe, expect, test } from "vitest";
import type { Browser } from "../fixtures/browser.ts";
import { settableClock } from "../fixtures/clock.ts";
import { type Death, deathsWithin, mortal } from "../fixtures/mortal-store.ts";
import { ANN } from "../fixtures/server.ts";
import { stores } from "../fixtures/stores.ts";
import { type MailingServer, openMailingServer, signUpIn } from "../fixtures/verified-server.ts";

/** The part of a sign-up in which a process is killed. */
interface Step {
  readonly password: PasswordOptions;
  /** What came before, in a process that lived. It returns the token of the step. */
  readonly signUp?: SignUpMode;
  readonly before: (ann: Browser, server: MailingServer) => Promise<string>;
  readonly run: (ann: Browser, server: MailingServer, token: string) => Promise<unknown>;
  /** What the honest person does after it. They must get in. */
  readonly after: (ann: Browser, server: MailingServer, token: string) => Promise<void>;
}

const required = { verifyEmail: "required" } as const;
const later = { verifyEmail: "later" } as const;

/** No step leaves an account that its owner cannot enter, or an address that is proved without a proof. */
async function expectIn(ann: Browser, server: MailingServer): Promise<void> {
  expect((await ann.post("/auth/login", ANN)).status).toBe(200);
  expect(await server.auth.users.find(ANN)).toMatchObject({ emailVerified: true });
}

/** Signs up, and takes whichever message comes: to verify the address, or to set a new password. */
async function startAgain(ann: Browser, server: MailingServer): Promise<void> {
  await server.inbox.clear();
  expect((await signUpIn(ann)).status).toBe(202);
  const [message] = await server.inbox.messages();
  if (message?.type === "verify") {
    const token = await server.inbox.token("verify");
    expect((await ann.post("/auth/email/verify", { token })).status).toBe(200);
  } else {
    await server.auth.users.resetPassword(await server.inbox.token("reset"), ANN.password);
  }
  await expectIn(ann, server);
}

/** Redeems the link; if it is spent, signs in or sends a new one. */
async function verifyOrStartAgain(ann: Browser, server: MailingServer, token: string): Promise<void> {
  const answer = await ann.post("/auth/email/verify", { token, password: ANN.password });
  if (answer.status === 200) return expectIn(ann, server);
  expect(answer.status).toBe(400);
  if ((await ann.post("/auth/login", ANN)).status === 401) return startAgain(ann, server);
  await verifyLater(ann, server);
}

/** Asks for a link as the user of a session, and redeems it. */
async function verifyLater(ann: Browser, server: MailingServer): Promise<void> {
  if (!(await isProven(server))) {
    await server.inbox.clear();
    expect((await ann.post("/auth/email/verify/request", { email: ANN.email })).status).toBe(200);
    const token = await server.inbox.token("verify");
    expect((await ann.post("/auth/email/verify", { token, password: ANN.password })).status).toBe(200);
  }
  await expectIn(ann, server);
}

async function isProven({ auth }: MailingServer): Promise<boolean> {
  return (await auth.users.find(ANN))?.emailVerified === true;
}

async function signedUp(ann: Browser, server: MailingServer): Promise<string> {
  await signUpIn(ann);
  return server.inbox.token("verify");
}

const redeem = (ann: Browser, _: MailingServer, token: string): Promise<Response> =>
  ann.post("/auth/email/verify", { token });

const steps: Readonly<Record<string, Step>> = {
  "a sign-up that must prove its address": {
    password: required,
    before: async () => "",
    run: (ann) => signUpIn(ann),
    after: startAgain,
  },
  "a sign-up with a known address that must prove it": {
    password: required,
    before: async (_, { auth }) => (await auth.users.create(ANN)).id,
    run: (ann) => signUpIn(ann),
    after: startAgain,
  },
  "a sign-up that proves its address later": {
    password: later,
    before: async () => "",
    run: (ann) => signUpIn(ann),
    after: async (ann, server) => {
      expect([201, 409]).toContain((await signUpIn(ann)).status);
      await verifyLater(ann, server);
    },
  },
  "a sign-up by an invitation": {
    password: {},
    signUp: "invited",
    before: async (_, { auth, inbox }) => {
      await auth.users.invite(ANN.email);
      return inbox.token("invitation");
    },
    run: (ann, _, invitation) => signUpIn(ann, { ...ANN, invitation }),
    after: async (ann, server, invitation) => {
      expect([201, 400, 409]).toContain((await signUpIn(ann, { ...ANN, invitation })).status);
      await expectIn(ann, server);
    },
  },
  "a request for a message to a sign-up": {
    password: required,
    before: signedUp,
    run: (ann) => ann.post("/auth/email/verify/request", { email: ANN.email }),
    after: async (ann, server) => {
      await server.inbox.clear();
      expect((await ann.post("/auth/email/verify/request", { email: ANN.email })).status).toBe(200);
      const token = await server.inbox.token("verify");
      expect((await redeem(ann, server, token)).status).toBe(200);
      await expectIn(ann, server);
    },
  },
  "a request for a message to the user of a session": {
    password: later,
    before: signedUp,
    run: (ann) => ann.post("/auth/email/verify/request"),
    after: verifyLater,
  },
  "the proof of a sign-up": { password: required, before: signedUp, run: redeem, after: verifyOrStartAgain },
  "the proof of a user by their session": {
    password: later,
    before: signedUp,
    run: redeem,
    after: async (ann, server) => {
      await ann.post("/auth/login", ANN);
      await verifyLater(ann, server);
    },
  },
  "the proof of a user by their password": {
    password: required,
    before: async (_, { auth, inbox }) => {
      await auth.users.create(ANN);
      await auth.users.requestEmailVerification(ANN.email);
      return inbox.token("verify");
    },
    run: (ann, _, token) => ann.post("/auth/email/verify", { token, password: ANN.password }),
    after: verifyLater,
  },
  "the proof of a user by the message alone": {
    password: later,
    before: async (_, server) => signedUp(server.browser(), server),
    run: redeem,
    after: async (_, server, token) => {
      const { users } = server.auth;
      const user = await users.find(ANN);
      // An address that is proved has no password that the message did not prove.
      if (user?.emailVerified === true) {
        expect(await server.store.users.get(user.id)).toMatchObject({ passwordHash: null });
      } else {
        await users.verifyEmail(token).catch(() => undefined);
      }
      await users.forgotPassword(ANN.email);
      await users.resetPassword(await server.inbox.token("reset"), ANN.password);
      await expectIn(server.browser(), server);
    },
  },
};

interface Trial {
  readonly store: Store;
  readonly step: Step;
  readonly death: Death | null;
}

/** Runs a step to its death, starts another process, and lets the honest person continue. Returns how many calls there were. */
async function play({ store, step, death }: Trial): Promise<number> {
  const clock = settableClock();
  const start = (over: Store): MailingServer =>
    openMailingServer({
      store: over,
      clock,
      password: step.password,
      signUp: step.signUp ?? "open",
      storeTimeout: 1,
    });
  const first = start(store);
  const ann = first.browser();
  const token = await step.before(ann, first);

  const mortalStore = mortal(store, death);
  const doomed = start(mortalStore.store);
  const held = ann.copy(doomed.auth);
  const running = step.run(held, doomed, token).catch(() => undefined);
  await (death === null ? running : Promise.race([running, mortalStore.died]));
  if (death === null) return mortalStore.calls();

  const next = start(store);
  // The answer of a process that died silently never arrived, and neither did its cookies.
  await step.after((death.manner === "throws" ? held : ann).copy(next.auth), next, token);
  return mortalStore.calls();
}

for (const { name, make } of stores) {
  describe(`a process that is killed between any two statements, ${name}`, () => {
    for (const [title, step] of Object.entries(steps)) {
      test(`leaves no half-made user and stops no honest person, in ${title}`, async () => {
        const calls = await play({ store: await make(), step, death: null });
        expect(calls).toBeGreaterThan(1);
        const deaths = deathsWithin(calls);
        console.info(`${name}, ${title}: ${deaths.length} ways to die within ${calls} calls`);
        for (const death of deaths) {
          const context = `${title}, ${death.manner} at call ${death.at} of ${calls}, ${death.moment}`;
          await play({ store: await make(), step, death }).catch((error: unknown) => {
            throw new Error(context, { cause: error });
          });
        }
      });
    }
  });
}
