import type { LinkedAccount, Store } from "@latchkey/core/store";
import { describe, expect, test } from "vitest";
import type { Browser } from "../fixtures/browser.ts";
import { settableClock } from "../fixtures/clock.ts";
import { openInbox } from "../fixtures/inbox.ts";
import { codeIn, type MailedServer, openMailedServer } from "../fixtures/mailed-server.ts";
import { type Death, deathsWithin, mortal } from "../fixtures/mortal-store.ts";
import { ANN } from "../fixtures/server.ts";
import { stores } from "../fixtures/stores.ts";

const NEW = "ann@new.example";
const LINK = { provider: "stub", subject: "attacker" };

/** A route that a process may be killed in the middle of. */
interface Operation {
  /** What came before, in a process that lived. It returns a token or a code. */
  readonly before: (ann: Browser, server: MailedServer) => Promise<string>;
  readonly run: (ann: Browser, token: string) => Promise<Response>;
  /** What the honest person does next, and what must be left. */
  readonly after: (ann: Browser, server: MailedServer, token: string) => Promise<void>;
}

const known = async ({ auth }: MailedServer, emailVerified = true): Promise<string> =>
  (await auth.users.create({ ...ANN, emailVerified })).id;

async function signedIn(ann: Browser, server: MailedServer): Promise<void> {
  await known(server);
  expect((await ann.post("/auth/login", ANN)).status).toBe(200);
}

async function asked(ann: Browser, { inbox }: MailedServer): Promise<string> {
  expect((await ann.post("/auth/email/change", { email: NEW })).status).toBe(200);
  return inbox.token("change");
}

const confirm = (ann: Browser, token: string): Promise<Response> =>
  ann.post("/auth/email/change/confirm", { token });
const undo = (ann: Browser, token: string): Promise<Response> =>
  ann.post("/auth/email/change/undo", { token });
const enterByLink = (ann: Browser, token: string): Promise<Response> =>
  ann.post("/auth/link/confirm", { token });
const enterByCode = (ann: Browser, code: string): Promise<Response> =>
  ann.post("/auth/code/confirm", { email: ANN.email, code });

/** Asks for a change and confirms it, unless the address is the new one already. */
async function changed(ann: Browser, server: MailedServer): Promise<void> {
  if ((await server.auth.users.find({ email: NEW })) === null) {
    const token = await asked(ann, server);
    expect((await confirm(ann, token)).status).toBe(200);
  }
  expect(await server.auth.users.find({ email: NEW })).toMatchObject({ emailVerified: true });
  expect(await server.auth.users.find({ email: ANN.email })).toBeNull();
  expect((await ann.get("/auth/me")).status).toBe(200);
}

/** Asks for a link, and signs in by it. Returns the id of the user. */
async function signsInByLink(ann: Browser, { inbox, auth }: MailedServer): Promise<string> {
  expect((await ann.post("/auth/link", { email: ANN.email })).status).toBe(200);
  expect((await enterByLink(ann, await inbox.token("magic_link"))).status).toBe(200);
  expect((await ann.get("/auth/me")).status).toBe(200);
  const user = await auth.users.find(ANN);
  expect(user).toMatchObject({ emailVerified: true });
  return user?.id ?? "";
}

const linkTo = async (ann: Browser, { inbox }: MailedServer): Promise<string> => {
  await ann.post("/auth/link", { email: ANN.email });
  return inbox.token("magic_link");
};

const codeFor = async (ann: Browser, { inbox }: MailedServer): Promise<string> => {
  await ann.post("/auth/code", { email: ANN.email });
  return codeIn(inbox);
};

/** Asks for a code, and signs in by it. Returns the id of the user. */
async function signsInByCode(ann: Browser, server: MailedServer): Promise<string> {
  expect((await enterByCode(ann, await codeFor(ann, server))).status).toBe(200);
  expect((await ann.get("/auth/me")).status).toBe(200);
  const user = await server.auth.users.find(ANN);
  expect(user).toMatchObject({ emailVerified: true });
  return user?.id ?? "";
}

/** An attacker has an account with the address, a link and a session. */
async function planted(server: MailedServer): Promise<void> {
  const id = await known(server, false);
  await server.store.users.link(id, LINK);
  await server.browser().post("/auth/login", ANN);
}

async function nothingOfTheAttacker(server: MailedServer, id: string, sessions: number): Promise<void> {
  expect(await server.auth.users.accounts(id)).toEqual([]);
  expect(await server.auth.sessions.list(id)).toHaveLength(sessions);
  expect((await server.browser().post("/auth/login", ANN)).status).toBe(401);
}

/** An undo for a user with these sign-in methods. */
function undoOf(password: string | null, link: LinkedAccount | null): Operation {
  return {
    before: async (ann, server) => {
      const user = { email: ANN.email, emailVerified: true, ...(password === null ? {} : { password }) };
      const { id } = await server.auth.users.create(user);
      if (link !== null) await server.store.users.link(id, link);
      await signsInByLink(ann, server);
      await changed(ann, server);
      return server.inbox.token("changed_notice");
    },
    run: undo,
    after: async (ann, server, token) => {
      const isDone = (await server.auth.users.find(ANN)) !== null;
      expect((await undo(ann, token)).status).toBe(isDone ? 400 : 200);
      const user = await server.auth.users.find(ANN);
      await nothingOfTheAttacker(server, user?.id ?? "", 0);
      await signsInByLink(ann, server);
    },
  };
}

type Way = Pick<Operation, "before" | "run"> & {
  readonly enter: (ann: Browser, server: MailedServer) => Promise<string>;
};

/** The first proof of an account that an attacker planted. */
function firstProof(amr: string, { before, run, enter }: Way): Operation {
  return {
    before: async (ann, server) => {
      await planted(server);
      return before(ann, server);
    },
    run,
    after: async (ann, server) => {
      const half = await server.auth.users.find(ANN);
      const row = await server.store.users.get(half?.id ?? "");
      // A session of the attacker does not outlive the password.
      const left = row?.passwordHash === null ? await server.auth.sessions.list(row.id) : [];
      expect(left.every((session) => session.amr[0] === amr)).toBe(true);
      const id = await enter(ann, server);
      const sessions = await server.auth.sessions.list(id);
      expect(sessions.every((session) => session.amr[0] === amr)).toBe(true);
      await nothingOfTheAttacker(server, id, sessions.length);
    },
  };
}

/** The sign-up of an unknown address. */
function signUpBy({ before, run, enter }: Way): Operation {
  return {
    before,
    run,
    after: async (ann, server) => {
      const half = await server.auth.users.find(ANN);
      if (half !== null) expect(half.emailVerified).toBe(true);
      const id = await enter(ann, server);
      if (half !== null) expect(half.id).toBe(id);
    },
  };
}

const byLink: Way = { before: linkTo, run: enterByLink, enter: signsInByLink };
const byCode: Way = { before: codeFor, run: enterByCode, enter: signsInByCode };

const operations: Readonly<Record<string, Operation>> = {
  "a request to change the address": {
    before: async (ann, server) => {
      await signedIn(ann, server);
      return "";
    },
    run: (ann) => ann.post("/auth/email/change", { email: NEW }),
    after: changed,
  },
  "a confirmation": {
    before: async (ann, server) => {
      await signedIn(ann, server);
      return asked(ann, server);
    },
    run: confirm,
    after: changed,
  },
  "a confirmation after which another change is undone": {
    before: async (ann, server) => {
      await signedIn(ann, server);
      return asked(ann, server);
    },
    run: confirm,
    // The token of the slot belongs to a change that did not happen, or to one that did.
    after: async (ann, server) => {
      if ((await server.auth.users.find({ email: NEW })) !== null) return;
      await changed(ann, server);
      const token = await server.inbox.token("changed_notice");
      expect((await undo(server.browser(), token)).status).toBe(200);
      expect(await server.auth.users.find(ANN)).not.toBeNull();
    },
  },
  "an undo": undoOf(ANN.password, LINK),
  "an undo for a user with a link alone": undoOf(null, LINK),
  "an undo for a user without a password or a link": undoOf(null, null),
  "a request for a link": {
    before: async (_, server) => {
      await known(server);
      return "";
    },
    run: (ann) => ann.post("/auth/link", { email: ANN.email }),
    after: async (ann, server) => void (await signsInByLink(ann, server)),
  },
  "a sign-in by a link": {
    before: async (ann, server) => {
      await known(server);
      return linkTo(ann, server);
    },
    run: enterByLink,
    after: async (ann, server) => {
      await signsInByLink(ann, server);
      expect((await ann.post("/auth/login", ANN)).status).toBe(200);
    },
  },
  "a request for a code": {
    before: async (_, server) => {
      await known(server);
      return "";
    },
    run: (ann) => ann.post("/auth/code", { email: ANN.email }),
    after: async (ann, server) => void (await signsInByCode(ann, server)),
  },
  "a sign-in by a code": {
    before: async (ann, server) => {
      await known(server);
      return codeFor(ann, server);
    },
    run: enterByCode,
    after: async (ann, server) => void (await signsInByCode(ann, server)),
  },
  "a first proof by a link": firstProof("link", byLink),
  "a first proof by a code": firstProof("otp", byCode),
  "a sign-up by a link": signUpBy(byLink),
  "a sign-up by a code": signUpBy(byCode),
  "a deletion": {
    before: async (ann, server) => {
      await signedIn(ann, server);
      await server.store.users.link((await server.auth.users.find(ANN))?.id ?? "", LINK);
      await asked(ann, server);
      return "";
    },
    run: (ann) => ann.send("/auth/account", { method: "DELETE" }),
    after: async (ann, server) => {
      const half = await server.auth.users.find(ANN);
      if (half !== null) {
        expect((await ann.post("/auth/login", ANN)).status).toBe(200);
        expect((await ann.send("/auth/account", { method: "DELETE" })).status).toBe(204);
      }
      expect(await server.auth.users.find(ANN)).toBeNull();
      expect(await server.store.users.findByAccount(LINK)).toBeNull();
      expect((await ann.get("/auth/me")).status).toBe(401);
      expect((await ann.post("/auth/signup", ANN)).status).toBe(201);
    },
  },
};

interface Trial {
  readonly store: Store;
  readonly operation: Operation;
  readonly death: Death | null;
}

/** Runs a route to its death, starts another process, and lets the person continue. Returns how many calls there were. */
async function play({ store, operation, death }: Trial): Promise<number> {
  const [clock, inbox] = [settableClock(), openInbox()];
  const start = (over: Store): MailedServer =>
    openMailedServer({ store: over, clock, inbox, mailSignUp: true, storeTimeout: 1 });
  const first = start(store);
  const ann = first.browser();
  const token = await operation.before(ann, first);
  const mortalStore = mortal(store, death);
  const held = ann.copy(start(mortalStore.store).auth);
  const running = operation.run(held, token).catch(() => undefined);
  await (death === null ? running : Promise.race([running, mortalStore.died]));
  const next = start(store);
  const honest = death?.manner === "throws" ? held : ann;
  if (death !== null) await operation.after(honest.copy(next.auth), next, token);
  return mortalStore.calls();
}

for (const { name, make } of stores) {
  describe(`a process that is killed between any two statements, ${name}`, () => {
    for (const [title, operation] of Object.entries(operations)) {
      test(`leaves the person a way to continue, in ${title}`, async () => {
        const calls = await play({ store: await make(), operation, death: null });
        const deaths = deathsWithin(calls);
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
