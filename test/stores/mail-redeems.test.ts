import type { Store } from "@latchkey/core";
import { Miniflare } from "miniflare";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { onEveryStore } from "../fixtures/every-store.ts";
import {
  changeTo,
  codeIn,
  type MailedOptions,
  type MailedServer,
  openMailedServer,
  provedAnn,
} from "../fixtures/mailed-server.ts";
import { ANN, countOf } from "../fixtures/server.ts";
import { openMailingServer, signUpIn } from "../fixtures/verified-server.ts";
import { bridged } from "./objects-bridge.ts";
import { bundle, workerd } from "./workerd.ts";

type Make = () => Promise<Store>;

const CROWD = 50;
const GUESSES = 200;
const TIME = 120_000;

/** How many of these answers have each status. */
async function statusesOf(answers: readonly Promise<Response>[]): Promise<Readonly<Record<number, number>>> {
  const counts: Record<number, number> = {};
  for (const { status } of await Promise.all(answers)) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

function crowd(size: number, send: (index: number) => Promise<Response>): readonly Promise<Response>[] {
  return Array.from({ length: size }, (_, index) => send(index));
}

async function openOn(make: Make, options: MailedOptions = {}): Promise<MailedServer> {
  // A crowd takes its time on a busy machine.
  return openMailedServer({ store: await make(), storeTimeout: 60, ...options });
}

/** A code of six digits that is not this one. */
function otherThan(code: string, index: number): string {
  return `${(Number(code) + 1 + index) % 1_000_000}`.padStart(6, "0");
}

function declare(make: Make): void {
  it(
    "one of 50 redeems of one link wins",
    async () => {
      const server = await openOn(make);
      const { id } = await provedAnn(server);
      await server.browser().post("/auth/link", { email: ANN.email });
      const token = await server.inbox.token("magic_link");
      const before = (await server.auth.sessions.list(id)).length;
      const answers = crowd(CROWD, () => server.browser().post("/auth/link/confirm", { token }));
      expect(await statusesOf(answers)).toEqual({ 200: 1, 400: CROWD - 1 });
      expect(await server.auth.sessions.list(id)).toHaveLength(before + 1);
    },
    TIME,
  );

  it(
    "one of 50 redeems of one code wins",
    async () => {
      const server = await openOn(make);
      await provedAnn(server);
      await server.browser().post("/auth/code", { email: ANN.email });
      const body = { email: ANN.email, code: await codeIn(server.inbox) };
      const answers = crowd(CROWD, () => server.browser().post("/auth/code/confirm", body));
      expect(await statusesOf(answers)).toEqual({ 200: 1, 400: CROWD - 1 });
    },
    TIME,
  );

  it(
    `a code has exactly 5 tries under ${GUESSES} guesses at once, then the right one is refused`,
    async () => {
      const server = await openOn(make);
      await provedAnn(server);
      for (const wrongs of [4, 5, GUESSES]) {
        await server.browser().post("/auth/code", { email: ANN.email });
        const code = await codeIn(server.inbox);
        const guess = (index: number): Promise<Response> =>
          server.browser().post("/auth/code/confirm", { email: ANN.email, code: otherThan(code, index) });
        expect(await statusesOf(crowd(wrongs, guess))).toEqual({ 400: wrongs });
        const right = await server.browser().post("/auth/code/confirm", { email: ANN.email, code });
        expect({ wrongs, status: right.status }).toEqual({ wrongs, status: wrongs === 4 ? 200 : 400 });
      }
      // The account is not locked.
      expect((await server.browser().post("/auth/login", ANN)).status).toBe(200);
    },
    TIME,
  );

  it(
    "one of 50 confirmations of one change of address wins, and so does one of 50 undos",
    async () => {
      const server = await openOn(make);
      const { id, browser } = await provedAnn(server);
      await browser.post("/auth/email/change", { email: "ann@new.example" });
      const token = await server.inbox.token("change");
      const confirms = crowd(CROWD, () => browser.post("/auth/email/change/confirm", { token }));
      expect(await statusesOf(confirms)).toEqual({ 200: 1, 400: CROWD - 1 });
      const undo = { token: await server.inbox.token("changed_notice") };
      const undos = crowd(CROWD, () => server.browser().post("/auth/email/change/undo", undo));
      expect(await statusesOf(undos)).toEqual({ 200: 1, 400: CROWD - 1 });
      expect(await server.auth.users.get(id)).toMatchObject({ email: ANN.email });
    },
    TIME,
  );

  it(
    "one of 50 proofs of one address wins",
    async () => {
      const server = await openOn(make);
      const browser = await server.signedIn();
      await browser.post("/auth/email/verify/request");
      const token = await server.inbox.token("verify");
      const proofs = crowd(CROWD, () => browser.post("/auth/email/verify", { token }));
      expect(await statusesOf(proofs)).toEqual({ 200: 1, 400: CROWD - 1 });
      expect(await server.auth.users.find(ANN)).toMatchObject({ emailVerified: true });
      expect((await server.browser().post("/auth/login", ANN)).status).toBe(200);
    },
    TIME,
  );

  it(
    "one of 50 proofs of one sign-up wins, and creates one user",
    async () => {
      const server = openMailingServer({
        store: await make(),
        storeTimeout: 60,
        password: { verifyEmail: "required" },
      });
      const browser = server.browser();
      await signUpIn(browser);
      const token = await server.inbox.token("verify");
      const proofs = crowd(CROWD, () => browser.copy().post("/auth/email/verify", { token }));
      expect(await statusesOf(proofs)).toEqual({ 200: 1, 400: CROWD - 1 });
      expect(countOf(server, "user.created")).toBe(1);
      expect((await server.browser().post("/auth/login", ANN)).status).toBe(200);
    },
    TIME,
  );

  it(
    "one of 50 sign-ups by one invitation wins, and its user stays",
    async () => {
      const server = openMailingServer({ store: await make(), storeTimeout: 60, signUp: "invited" });
      await server.auth.users.invite(ANN.email);
      const invitation = await server.inbox.token("invitation");
      const signUps = crowd(CROWD, () => signUpIn(server.browser(), { ...ANN, invitation }));
      const { 201: created, 400: spent = 0, 409: taken = 0 } = await statusesOf(signUps);
      expect([created, spent + taken]).toEqual([1, CROWD - 1]);
      expect(countOf(server, "user.created")).toBe(1);
      expect((await server.browser().post("/auth/login", ANN)).status).toBe(200);
    },
    TIME,
  );

  it(
    "two users that confirm one address at once: one gets it",
    async () => {
      const server = await openOn(make);
      const { browser } = await provedAnn(server);
      const bob = await server.signedIn({ email: "bob@example.com", password: "a different staple" });
      const confirms: (() => Promise<Response>)[] = [];
      for (const each of [browser, bob]) {
        await each.post("/auth/email/change", { email: "both@new.example" });
        const token = await server.inbox.token("change");
        confirms.push(() => each.post("/auth/email/change/confirm", { token }));
      }
      expect(await statusesOf(confirms.map((confirm) => confirm()))).toEqual({ 200: 1, 409: 1 });
    },
    TIME,
  );

  it(
    "a link and a code that create one user at once create one",
    async () => {
      const server = await openOn(make, { mailSignUp: true });
      const email = "new@example.com";
      await server.browser().post("/auth/link", { email });
      await server.browser().post("/auth/code", { email });
      const token = await server.inbox.token("magic_link");
      const code = await codeIn(server.inbox);
      const answers = crowd(20, (index) =>
        index % 2 === 0
          ? server.browser().post("/auth/link/confirm", { token })
          : server.browser().post("/auth/code/confirm", { email, code }),
      );
      expect(await statusesOf(answers)).toEqual({ 200: 2, 400: 18 });
      expect(countOf(server, "user.created")).toBe(1);
      expect(await server.auth.users.find({ email })).toMatchObject({ emailVerified: true });
    },
    TIME,
  );

  it(
    "an account is deleted with its links and sessions, and its address is free",
    async () => {
      const server = await openOn(make);
      const { id, browser } = await provedAnn(server);
      await changeTo(server, browser, "ann@new.example");
      expect((await browser.send("/auth/account", { method: "DELETE" })).status).toBe(204);
      expect(await server.auth.users.get(id)).toBeNull();
      expect(await server.auth.sessions.list(id)).toEqual([]);
      await server.auth.users.create({ email: "ann@new.example" });
    },
    TIME,
  );
}

onEveryStore(declare);

describe("D1", () => {
  let host: Miniflare;
  beforeAll(async () => {
    const script = await bundle("d1");
    host = new Miniflare({ modules: true, script, compatibilityDate: "2026-07-01", d1Databases: ["DB"] });
    await host.ready;
  });
  afterAll(() => host.dispose());
  declare(async () => {
    await (await host.dispatchFetch("http://worker/empty")).text();
    return bridged(host, { world: "D1" });
  });
});

describe("Durable Objects", () => {
  let host: Miniflare;
  let worlds = 0;
  beforeAll(async () => {
    host = workerd(await bundle("objects"));
    await host.ready;
  });
  afterAll(() => host.dispose());
  declare(async () => bridged(host, { world: `mail ${worlds++}` }));
});
