import { memory } from "@latchkey/core/memory";
import { describe, expect, it } from "vitest";
import type { Browser } from "../fixtures/browser.ts";
import { codeIn, type MailedServer, openMailedServer, provedAnn } from "../fixtures/mailed-server.ts";
import { requestTo } from "../fixtures/requests.ts";
import { ANN, BOB, countOf } from "../fixtures/server.ts";
import { counted } from "../fixtures/wrapped-store.ts";

const HERE = { clientAddress: "203.0.113.7" };
const THERE = { clientAddress: "203.0.113.8" };
const emails = [
  "proved@example.com",
  "unproved@example.com",
  "unknown@example.com",
  "disabled@example.com",
  "deleted@example.com",
] as const;

async function populated(options = {}): Promise<{ server: MailedServer; calls: string[] }> {
  const { store, calls } = counted(memory());
  const server = openMailedServer({ store, rateLimit: {}, ...options });
  for (const email of emails) {
    if (email.startsWith("unknown")) continue;
    const emailVerified = !email.startsWith("unproved");
    const { id } = await server.auth.users.create({ email, password: ANN.password, emailVerified });
    if (email.startsWith("disabled")) await server.auth.users.disable(id);
    if (email.startsWith("deleted")) await server.auth.users.delete(id);
  }
  return { server, calls };
}

function send({ auth }: MailedServer, path: string, body: object): Promise<Response> {
  return auth.handle(requestTo(path, { method: "POST", body }), HERE);
}

const requests: readonly (readonly [path: string, body: (email: string) => object])[] = [
  ["/auth/link", (email) => ({ email })],
  ["/auth/code", (email) => ({ email })],
  ["/auth/code/confirm", (email) => ({ email, code: "123456" })],
];

describe("whether an address has an account", () => {
  for (const signUp of [false, true]) {
    it.each(requests)(
      `is not visible at %s, in bytes and in calls to the store, with signUp ${signUp}`,
      async (path, bodyOf) => {
        const { server, calls } = await populated({ mailSignUp: signUp });
        const answers = new Set<string>();
        for (const email of emails) {
          calls.length = 0;
          const response = await send(server, path, bodyOf(email));
          answers.add(JSON.stringify([response.status, await response.text(), [...response.headers], calls]));
        }
        expect([...answers]).toHaveLength(1);
      },
    );
  }

  it("shows in the messages alone: an unknown, a disabled and a deleted one get none without signUp", async () => {
    const { server } = await populated();
    for (const email of emails) {
      await send(server, "/auth/link", { email });
      await send(server, "/auth/code", { email });
    }
    const told = (await server.inbox.messages()).map(({ to, type }) => `${type} ${to}`);
    expect(told.toSorted()).toEqual([
      "code proved@example.com",
      "code unproved@example.com",
      "magic_link proved@example.com",
      "magic_link unproved@example.com",
    ]);
  });

  it("is not visible in a wrong code after a request, also where no message was sent", async () => {
    const { server, calls } = await populated();
    const answers = new Set<string>();
    for (const email of emails) {
      await send(server, "/auth/code", { email });
      for (let time = 0; time < 6; time++) {
        calls.length = 0;
        const response = await send(server, "/auth/code/confirm", { email, code: "000000" });
        answers.add(JSON.stringify([response.status, await response.text(), [...response.headers], calls]));
      }
    }
    expect([...answers]).toHaveLength(1);
  });

  it("is not visible in a request for a change of address", async () => {
    const { server, calls } = await populated();
    const { browser } = await provedAnn(server);
    const answers = new Set<string>();
    for (const email of emails) {
      calls.length = 0;
      const response = await browser.post("/auth/email/change", { email });
      answers.add(JSON.stringify([response.status, await response.text(), [...response.headers], calls]));
    }
    expect([...answers]).toHaveLength(1);
  });
});

describe("the limits", () => {
  it.each(["link", "code"])("of the mailbox hold under 200 requests for a %s at once", async (name) => {
    const { server } = await populated();
    for (const email of ["proved@example.com", "unknown@example.com"]) {
      const answers = await Promise.all(
        Array.from({ length: 200 }, () => server.send(`/auth/${name}`, { method: "POST", body: { email } })),
      );
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(5);
      expect(answers.filter(({ status }) => status === 429)).toHaveLength(195);
    }
    expect(await server.inbox.messages()).toHaveLength(5);
  });

  it("count wrong tokens and codes by network, and lock no account", async () => {
    const server = openMailedServer({ rateLimit: {} });
    await provedAnn(server);
    const { auth } = server;
    await server.browser().post("/auth/code", { email: ANN.email });
    const code = await codeIn(server.inbox);
    const guess = (path: string, body: object, from: object): Promise<Response> =>
      auth.handle(requestTo(path, { method: "POST", body }), from);
    const wrongs = [
      ["/auth/link/confirm", { token: "A".repeat(86) }],
      ["/auth/email/change/undo", { token: "A".repeat(86) }],
      ["/auth/code/confirm", { email: BOB.email, code: "123456" }],
      ["/auth/code/confirm", { email: ANN.email, code: "no code" }],
    ] as const;
    for (let n = 0; n < 100; n++) {
      const [path, body] = wrongs[n % wrongs.length] ?? wrongs[0];
      expect((await guess(path, body, HERE)).status).toBe(400);
    }
    for (const [path, body] of wrongs) expect((await guess(path, body, HERE)).status).toBe(429);
    expect(countOf(server, "throttle.refused")).toBe(wrongs.length);
    const right = { email: ANN.email, code };
    expect((await guess("/auth/code/confirm", right, HERE)).status).toBe(429);
    expect((await guess("/auth/code/confirm", right, THERE)).status).toBe(200);
    expect((await guess("/auth/login", ANN, THERE)).status).toBe(200);
  });

  it("give a right link and a right confirmation back", async () => {
    const server = openMailedServer({ rateLimit: { signIn: { limit: 1, window: 60 } } });
    const { browser } = await provedAnn(server);
    const confirm = async (from: Browser): Promise<number> => {
      await from.post("/auth/link", { email: ANN.email });
      const body = { token: await server.inbox.token("magic_link") };
      const headers = { origin: from.origin, "sec-fetch-site": "same-origin" };
      return (
        await server.auth.handle(requestTo("/auth/link/confirm", { method: "POST", body, headers }), HERE)
      ).status;
    };
    for (let time = 0; time < 3; time++) expect(await confirm(browser)).toBe(200);
  });
});
