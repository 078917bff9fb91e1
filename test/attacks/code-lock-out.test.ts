import { describe, expect, it } from "vitest";
import { expectError } from "../fixtures/answers.ts";
import { onEveryStore } from "../fixtures/every-store.ts";
import { codeIn, type MailedServer, openMailedServer, provedAnn } from "../fixtures/mailed-server.ts";
import { ANN, BOB } from "../fixtures/server.ts";

const { email } = ANN;
const DEVICE = "__Host-Http-latchkey.device";

function open(options: Parameters<typeof openMailedServer>[0] = {}): MailedServer {
  return openMailedServer({ rateLimit: {}, clientAddress: () => "203.0.113.7", ...options });
}

type Poster = Pick<ReturnType<MailedServer["browser"]>, "post">;

const wrong = (code: string): string => (code === "123456" ? "654321" : "123456");
const ask = (from: Poster): Promise<Response> => from.post("/auth/code", { email });
const redeem = (from: Poster, code: string): Promise<Response> =>
  from.post("/auth/code/confirm", { email, code });

async function guess(from: Poster, code: string, times = 6): Promise<void> {
  for (let time = 0; time < times; time++) {
    await expectError(await redeem(from, wrong(code)), 400, "mail_token_invalid");
  }
}

onEveryStore((make) => {
  it("no stranger can use up the tries of a code that a known browser asked for, nor replace it", async () => {
    const server = open({ store: await make() });
    const { browser: owner } = await provedAnn(server);
    await ask(owner);
    const code = await codeIn(server.inbox);
    const stranger = server.browser();
    await guess(stranger, code);
    await ask(stranger);
    await guess(stranger, code);
    expect((await redeem(owner, code)).status).toBe(200);
    await expectError(await redeem(owner, code), 400, "mail_token_invalid");
  });

  it("a known browser has 5 tries too", async () => {
    const server = open({ store: await make() });
    const { browser: owner } = await provedAnn(server);
    await ask(owner);
    const code = await codeIn(server.inbox);
    await guess(owner, code, 5);
    await expectError(await redeem(owner, code), 400, "mail_token_invalid");
  });
});

describe("a code", () => {
  it("of another browser is accepted in a known one, also beside a code of its own", async () => {
    const server = open();
    const { browser: owner } = await provedAnn(server);
    const other = server.browser();
    await ask(other);
    expect((await redeem(owner, await codeIn(server.inbox))).status).toBe(200);
    await ask(owner);
    await ask(other);
    expect((await redeem(owner, await codeIn(server.inbox))).status).toBe(200);
  });

  it("of a known browser is for that browser alone", async () => {
    const server = open();
    const { browser: owner } = await provedAnn(server);
    const bob = await server.signedIn(BOB);
    await ask(owner);
    const code = await codeIn(server.inbox);
    for (const other of [bob, server.browser()]) {
      await expectError(await redeem(other, code), 400, "mail_token_invalid");
    }
    expect((await redeem(owner, code)).status).toBe(200);
  });

  it("counts as one of any browser with a device cookie of an earlier password", async () => {
    const server = open();
    const { id, browser: owner } = await provedAnn(server);
    await server.auth.users.setPassword(id, "an altogether new one");
    expect(owner.names()).toContain(DEVICE);
    await ask(owner);
    const code = await codeIn(server.inbox);
    await guess(server.browser(), code);
    await expectError(await redeem(owner, code), 400, "mail_token_invalid");
  });
});
