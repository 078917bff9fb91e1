import { expect, it } from "vitest";
import { newStore } from "../fixtures/environment-store.ts";
import { ANN, BOB } from "../fixtures/server.ts";
import { counted } from "../fixtures/wrapped-store.ts";
import { type MailedServer, NEW_PASSWORD, openMailedServer } from "./reset-scene.ts";

/** Addresses in every state that a stranger must not be able to tell apart, and whether a message goes to them. */
const KINDS: Readonly<Record<string, boolean>> = {
  unknown: false,
  proven: true,
  unproven: true,
  disabled: false,
  deleted: false,
  passwordless: true,
  asked: true,
};

async function populate({ auth, store, ask }: MailedServer): Promise<void> {
  for (const kind of Object.keys(KINDS).filter((each) => each !== "unknown")) {
    const email = `${kind}@example.com`;
    const secret = kind === "passwordless" ? {} : { password: ANN.password };
    const { id } = await auth.users.create({ email, emailVerified: kind !== "unproven", ...secret });
    if (kind === "disabled") await auth.users.disable(id);
    if (kind === "deleted") await auth.users.delete(id);
    if (kind === "passwordless") await store.users.link(id, { provider: "stub", subject: "1" });
    if (kind === "asked") await ask("/password/forgot", { email });
  }
}

it("PWD-17 a request for a reset has one answer and costs the same calls to the store for every address", async () => {
  const { store, calls } = counted(newStore());
  const server = openMailedServer({ store, rateLimit: {} });
  await populate(server);
  await server.inbox.clear();
  const seen = new Set<string>();
  for (const kind of Object.keys(KINDS)) {
    calls.length = 0;
    const email = `${kind}@example.com`;
    const answer = await server.send("/auth/password/forgot", { method: "POST", body: { email } });
    const told = { status: answer.status, body: await answer.text(), headers: [...answer.headers], calls };
    seen.add(JSON.stringify(told));
  }
  expect([...seen]).toHaveLength(1);
  expect([...seen][0]).toContain('"calls":["users.find","throttle.hit","tokens.fillSlot"]');
  const messages = await server.inbox.messages();
  const expected = Object.keys(KINDS).filter((kind) => KINDS[kind]);
  expect(messages.map(({ to }) => to)).toEqual(expected.map((kind) => `${kind}@example.com`));
});

it("PWD-17 of a browser with a device cookie has one answer for every address but the owner's", async () => {
  const server = openMailedServer({ rateLimit: {} });
  await populate(server);
  const browser = server.browser();
  expect((await browser.post("/auth/signup", BOB)).status).toBe(201);
  const seen = new Set<string>();
  for (const kind of Object.keys(KINDS).filter((each) => each !== "asked")) {
    const answers = [];
    for (let n = 0; n < 6; n++) {
      const answer = await browser.post("/auth/password/forgot", { email: `${kind}@example.com` });
      answers.push({ status: answer.status, body: await answer.text(), headers: [...answer.headers] });
    }
    seen.add(JSON.stringify(answers));
  }
  expect([...seen]).toHaveLength(1);
});

it("PWD-17 the reset of an account that is deleted after the message is refused as any other", async () => {
  const server = openMailedServer();
  const { id } = await server.auth.users.create(ANN);
  const token = await server.resetToken();
  await server.auth.users.delete(id);
  await server.auth.users.create(ANN);
  const answer = await server.ask("/password/reset", { token, newPassword: NEW_PASSWORD });
  expect(answer).toMatchObject({ status: 400, code: "mail_token_invalid" });
});
