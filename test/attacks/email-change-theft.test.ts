import { memory } from "@latchkey/core/memory";
import { describe, expect, it } from "vitest";
import { bodyOf, expectError } from "../fixtures/answers.ts";
import type { Browser } from "../fixtures/browser.ts";
import { onEveryStore } from "../fixtures/every-store.ts";
import {
  changeTo,
  codeIn,
  type MailedServer,
  openMailedServer,
  provedAnn,
  recipientsOf,
} from "../fixtures/mailed-server.ts";
import { nativeCode } from "../fixtures/oauth-flow.ts";
import { linkAt, signInAt } from "../fixtures/oauth-server.ts";
import { ANN, BOB, countOf } from "../fixtures/server.ts";
import { wrapped } from "../fixtures/wrapped-store.ts";

const B = "thief@b.example";
const C = "thief@c.example";
const THIEF = { subject: "thief", email: B, emailVerified: true };
const CHOSEN = "chosen by the thief";

interface Theft {
  readonly id: string;
  readonly owner: Browser;
  readonly thief: Browser;
  /** The token in the notice to the mailbox of the owner. */
  readonly undo: string;
}

/** A thief takes a session over, moves the account to B and then to C, and locks the owner out. */
async function steal(server: MailedServer): Promise<Theft> {
  const { auth, inbox } = server;
  const { id, browser: owner } = await provedAnn(server);
  const thief = owner.copy();
  await changeTo(server, thief, B);
  const undo = await inbox.token("changed_notice");
  await changeTo(server, thief, C);
  await linkAt(server.stub, thief, THIEF);
  await auth.users.setPassword(id, CHOSEN);
  expect((await thief.post("/auth/login", { email: C, password: CHOSEN })).status).toBe(200);
  await thief.post("/auth/logout", { scope: "others" });
  expect((await owner.post("/auth/refresh")).status).toBe(401);
  return { id, owner, thief, undo };
}

const undoBy = (browser: Browser, token: string): Promise<Response> =>
  browser.post("/auth/email/change/undo", { token });

onEveryStore((make) => {
  it("an account that a thief moved twice comes back to the first mailbox, and nothing of the thief is left", async () => {
    const server = openMailedServer({ store: await make() });
    const { auth, inbox } = server;
    const { id, owner, thief, undo } = await steal(server);
    // The tokens of the thief at C.
    await thief.post("/auth/link", { email: C });
    const link = await inbox.token("magic_link");
    await thief.post("/auth/code", { email: C });
    const code = await codeIn(inbox);
    await thief.post("/auth/password/forgot", { email: C });
    const reset = await inbox.token("reset");
    await thief.post("/auth/email/change", { email: "d@c.example" });
    const change = await inbox.token("change");

    expect((await undoBy(owner, undo)).status).toBe(200);

    expect(await auth.users.get(id)).toMatchObject({ email: ANN.email, emailVerified: true });
    expect(await auth.users.accounts(id)).toEqual([]);
    expect(await auth.sessions.list(id)).toEqual([]);
    expect((await thief.copy().get("/auth/me")).status).toBe(401);
    expect((await thief.copy().post("/auth/refresh")).status).toBe(401);
    for (const email of [ANN.email, B, C]) {
      await expectError(
        await thief.post("/auth/login", { email, password: CHOSEN }),
        401,
        "invalid_credentials",
      );
    }
    await signInAt(server.stub, thief, THIEF);
    expect((await bodyOf(await thief.get("/auth/me")))["id"]).not.toBe(id);
    const newPassword = "chosen by the thief again";
    for (const token of [link, change, reset]) {
      await expectError(
        await thief.post("/auth/password/reset", { token, newPassword }),
        400,
        "mail_token_invalid",
      );
      await expectError(await thief.post("/auth/link/confirm", { token }), 400, "mail_token_invalid");
      await expectError(await undoBy(thief, token), 400, "mail_token_invalid");
    }
    for (const email of [B, C]) {
      await expectError(await thief.post("/auth/code/confirm", { email, code }), 400, "mail_token_invalid");
    }
    await owner.post("/auth/link", { email: ANN.email });
    const own = await inbox.token("magic_link");
    expect((await owner.post("/auth/link/confirm", { token: own })).status).toBe(200);
    expect((await bodyOf(await owner.get("/auth/me")))["id"]).toBe(id);
    const pending = await owner.post("/auth/email/change/confirm", { token: change });
    await expectError(pending, 400, "mail_token_invalid");
    expect(countOf(server, "internal_error")).toBe(0);
  });

  it("only the first mailbox of 7 days can undo: the notice to the thief's own address has no token", async () => {
    const server = openMailedServer({ store: await make() });
    await steal(server);
    const notices = (await server.inbox.messages()).filter(({ type }) => type === "changed_notice");
    expect(notices.map((notice) => [notice.to, "url" in notice && notice.url !== null])).toEqual([
      [ANN.email, true],
      [B, false],
    ]);
  });

  it("a token of an account that was undone does not undo a later state of it", async () => {
    const server = openMailedServer({ store: await make() });
    const { id, owner, undo } = await steal(server);
    await undoBy(owner, undo);
    await expectError(await undoBy(owner, undo), 400, "mail_token_invalid");
    await server.auth.users.setPassword(id, "a password after the undo");
    await expectError(await undoBy(owner, undo), 400, "mail_token_invalid");
    expect((await owner.post("/auth/login", { ...ANN, password: "a password after the undo" })).status).toBe(
      200,
    );
  });
});

// The thief proves the address B at a provider while the account has it, and never exchanges the code of an app.
it("a link by the address of a thief that an undo overtakes does not stay", async () => {
  let overtaking: (() => Promise<unknown>) | null = null;
  const store = wrapped(memory(), async (operation, call) => {
    const undo = operation === "users.link" ? overtaking : null;
    overtaking = undo === null ? overtaking : null;
    await undo?.();
    return call();
  });
  const server = openMailedServer({ store, trustedOrigins: ["com.example.app://"] });
  const { id, browser: owner } = await provedAnn(server);
  await changeTo(server, owner.copy(), B);
  const token = await server.inbox.token("changed_notice");
  overtaking = () => undoBy(server.browser(), token);
  const app = server.browser();
  await nativeCode(app, (location) => server.stub.agree(location, THIEF));

  expect(await server.auth.users.get(id)).toMatchObject({ email: ANN.email });
  expect(await server.auth.users.accounts(id)).toEqual([]);
  await signInAt(server.stub, app, THIEF);
  expect((await bodyOf(await app.get("/auth/me")))["id"]).not.toBe(id);
});

describe("an address that an attacker wants to attach", () => {
  it("is not attached by the click of its owner, with no session or with one of their own", async () => {
    const server = openMailedServer();
    const attacker = await server.signedIn(BOB);
    await attacker.post("/auth/email/change", { email: ANN.email });
    const token = await server.inbox.token("change");
    const victim = server.browser();
    const confirm = (): Promise<Response> => victim.post("/auth/email/change/confirm", { token });
    await expectError(await confirm(), 401, "unauthenticated");
    await victim.post("/auth/signup", { ...ANN, email: "ann@other.example" });
    await expectError(await confirm(), 403, "forbidden");
    expect(await server.auth.users.find({ email: ANN.email })).toBeNull();
    expect(recipientsOf(await server.inbox.messages(), "changed_notice")).toEqual([]);
  });
});

describe("the browser of a thief", () => {
  it("is no known device after the undo, so its guesses count against it", async () => {
    const server = openMailedServer({
      rateLimit: { device: { limit: 1, window: 900 } },
      clientAddress: () => "203.0.113.7",
    });
    const { browser } = await provedAnn(server);
    const thief = browser.copy();
    await changeTo(server, thief, B);
    await undoBy(server.browser(), await server.inbox.token("changed_notice"));
    const guess = (): Promise<Response> => thief.post("/auth/login", { ...ANN, password: "wrong password" });
    for (let time = 0; time < 3; time++) await expectError(await guess(), 401, "invalid_credentials");
  });
});
