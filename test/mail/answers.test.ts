import type { ServerResponse } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { type ErrorContext, emailCode, type MailOptions, magicLink } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openInbox } from "../fixtures/inbox.ts";
import { openLocalServer } from "../fixtures/local-server.ts";
import { ANN, cheapPassword, openSecureServer, openServer, type TestServer } from "../fixtures/server.ts";
import { openSmtp, type Smtp } from "../fixtures/smtp.ts";
import { wrapped } from "../fixtures/wrapped-store.ts";

interface Fault extends ErrorContext {
  readonly error: unknown;
}

interface Mailed extends TestServer {
  readonly faults: Fault[];
}

let smtp: Smtp;
beforeAll(async () => {
  smtp = await openSmtp();
});
afterAll(() => smtp.close());

async function openMailed(mail: MailOptions): Promise<Mailed> {
  const faults: Fault[] = [];
  const onError = (error: unknown, context: ErrorContext): void => void faults.push({ error, ...context });
  const server = openSecureServer({ mail, onError });
  await server.auth.users.create({ ...ANN, emailVerified: true });
  return { ...server, faults };
}

function forgot(
  server: Mailed,
  email: string,
  waitUntil?: (work: Promise<unknown>) => void,
): Promise<Response> {
  const headers = { "x-request-id": "r-1" };
  const request = server
    .browser()
    .request("/auth/password/forgot", { method: "POST", body: { email }, headers });
  return server.auth.handle(request, waitUntil === undefined ? {} : { waitUntil });
}

async function shown(answer: Response): Promise<object> {
  return { status: answer.status, headers: [...answer.headers], body: await answer.text() };
}

/** Ways in which a mail system behaves, each with the answers of a known address. */
const SENDERS: Readonly<Record<string, () => MailOptions>> = {
  "takes the message": () => smtp.mail,
  "throws at once": () => ({
    send: () => {
      throw new Error("no mail");
    },
  }),
  "throws nothing at once": () => ({
    send: () => {
      throw undefined;
    },
  }),
  rejects: () => ({ send: () => Promise.reject(new Error("no mail")) }),
  "hangs for ever": () => ({ send: () => new Promise(() => undefined) }),
  "takes five seconds": () => ({ send: () => new Promise((resolve) => setTimeout(resolve, 5_000)) }),
};

describe.each(Object.entries(SENDERS))("a mail system that %s", (name, mail) => {
  it("leaves the answer as it is for an unknown address, and does not delay it", async () => {
    const server = await openMailed(mail());
    const unknown = await shown(await forgot(server, "zoe@example.com"));
    const began = performance.now();
    const known = await shown(await forgot(server, ANN.email));
    expect(performance.now() - began).toBeLessThan(2_000);
    expect(known).toEqual(unknown);
    expect(known).toMatchObject({ status: 200, body: "{}" });
    const fails = name.startsWith("throws") || name === "rejects";
    await expect.poll(() => server.faults.length).toBe(fails ? 1 : 0);
    if (fails) expect(server.faults).toMatchObject([{ operation: "mail.send", requestId: "r-1" }]);
  });
});

describe("a message by SMTP", () => {
  it("arrives with a link that sets the password", async () => {
    const own = await openSmtp();
    const server = await openMailed(own.mail);
    await forgot(server, ANN.email);
    await forgot(server, "zoe@example.com");
    const mail = await own.next(ANN.email);
    const token = new URL(mail.links[0] ?? "").searchParams.get("token");
    const newPassword = "another horse battery";
    const answer = await server.browser().post("/auth/password/reset", { token, newPassword });
    expect(answer.status).toBe(200);
    expect((await own.next(ANN.email)).subject).toContain("was changed");
    expect(own.received.filter(({ recipients }) => recipients.includes("zoe@example.com"))).toEqual([]);
    await own.close();
  });

  it.each([451, 550] as const)(
    "that is refused with %d is reported, and the next one arrives",
    async (code) => {
      const server = await openMailed(smtp.mail);
      smtp.handle(code);
      expect((await forgot(server, ANN.email)).status).toBe(200);
      await expect.poll(() => server.faults).toMatchObject([{ operation: "mail.send", requestId: "r-1" }]);
      smtp.handle("accept");
      await forgot(server, ANN.email);
      expect((await smtp.next(ANN.email)).subject).toContain("Set a new password");
    },
  );

  it("is reported while the server is down", async () => {
    const down = await openSmtp();
    await down.close();
    const server = await openMailed(down.mail);
    expect((await forgot(server, ANN.email)).status).toBe(200);
    await expect
      .poll(() => server.faults)
      .toMatchObject([{ operation: "mail.send", error: { code: "ESOCKET" } }]);
  });

  it("whose server does not answer delays nothing", async () => {
    const slow = await openSmtp();
    slow.handle("hang");
    const server = await openMailed(slow.mail);
    const waited: Promise<unknown>[] = [];
    const began = performance.now();
    expect((await forgot(server, ANN.email, (work) => void waited.push(work))).status).toBe(200);
    expect(performance.now() - began).toBeLessThan(2_000);
    expect(waited).toHaveLength(1);
    expect(server.faults).toEqual([]);
    await slow.close();
  });
});

it("a message is handed to waitUntil of the host, and its failure does not reach it", async () => {
  const server = await openMailed({ send: () => Promise.reject(new Error("no mail")) });
  const waited: Promise<unknown>[] = [];
  await forgot(server, ANN.email, (work) => void waited.push(work));
  await expect(Promise.all(waited)).resolves.toHaveLength(1);
  expect(server.faults).toHaveLength(1);
});

describe("on a server of Node", () => {
  it.each(["/password/forgot", "/link", "/code"])(
    "POST %s has answered before the synchronous part of send runs",
    async (path) => {
      const local = await openLocalServer();
      let answer: ServerResponse | null = null;
      const wasAnswered: boolean[] = [];
      const send = (): void => void wasAnswered.push(answer?.writableEnded === true);
      // Each call of the store takes a turn of the event loop, as over a network.
      const store = wrapped(memory(), async (_, call) => {
        await new Promise((resolve) => setImmediate(resolve));
        return call();
      });
      const providers = [cheapPassword(), magicLink(), emailCode()];
      const server = openSecureServer({ store, providers, mail: { send }, baseURL: local.origin });
      await server.auth.users.create({ ...ANN, emailVerified: true });
      const listener = getRequestListener((request) => server.auth.handle(request));
      local.listen((request, response) => {
        answer = response;
        void listener(request, response);
      });
      const body = JSON.stringify({ email: ANN.email });
      const headers = { "content-type": "application/json", origin: local.origin };
      const got = await fetch(`${local.origin}/auth${path}`, { method: "POST", headers, body });
      expect(got.status).toBe(200);
      await expect.poll(() => wasAnswered).toEqual([true]);
      await local.close();
    },
  );
});

it("the link of a message leads to the origin of its request", async () => {
  const inbox = openInbox();
  const server = openServer({ mail: inbox.mail });
  await server.auth.users.create(ANN);
  for (const origin of ["http://localhost:4000", "http://127.0.0.1:5000"])
    await server.browser(origin).post("/auth/password/forgot", { email: ANN.email });
  const links = (await inbox.messages()).map((message) => "url" in message && message.url);
  expect(links).toEqual([
    expect.stringMatching(/^http:\/\/localhost:4000\/reset-password\?token=/),
    expect.stringMatching(/^http:\/\/127\.0\.0\.1:5000\/reset-password\?token=/),
  ]);
});
