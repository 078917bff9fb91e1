import { memory } from "@latchkey/core/memory";
import type { SlotToken } from "@latchkey/core/store";
import { describe, expect, it, vi } from "vitest";
import { expectError } from "../fixtures/answers.ts";
import { onEveryStore } from "../fixtures/every-store.ts";
import { ANN } from "../fixtures/server.ts";
import {
  type MailingServer,
  openMailingServer,
  SIGN_UP,
  signUpIn,
  told,
} from "../fixtures/verified-server.ts";
import { counted, wrapped } from "../fixtures/wrapped-store.ts";

const WEAK = { ...ANN, password: "password" };
const required = { verifyEmail: "required" } as const;
const invited = { signUp: "invited" } as const;

onEveryStore((make) => {
  describe('sign-up with verifyEmail: "required"', () => {
    it("answers 202 and creates no user, no session and no cookie but its own", async () => {
      const server = openMailingServer({ store: await make(), password: required });
      const ann = server.browser();
      const answer = await told(await signUpIn(ann));
      expect(answer).toEqual({ status: 202, body: {}, set: [SIGN_UP], deleted: [] });
      expect(await server.auth.users.find(ANN)).toBeNull();
      const [message, ...more] = await server.inbox.messages();
      expect(message).toMatchObject({ type: "verify", to: ANN.email, user: null });
      expect(more).toEqual([]);
      expect((await ann.post("/auth/login", ANN)).status).toBe(401);
      expect((await ann.get("/auth/me")).status).toBe(401);
    });

    it("signs in at the proof in the same browser, and forgets the sign-up", async () => {
      const server = openMailingServer({ store: await make(), password: required });
      const ann = server.browser();
      await signUpIn(ann);
      const token = await server.inbox.token("verify");
      const answer = await told(await ann.post("/auth/email/verify", { token }));
      expect(answer).toMatchObject({ status: 200, deleted: [SIGN_UP] });
      expect(answer.body).toMatchObject({
        password: "kept",
        user: { email: ANN.email },
        session: { amr: ["pwd"] },
      });
      expect((await ann.get("/auth/me")).status).toBe(200);
      expect(await server.auth.users.find(ANN)).toMatchObject({ emailVerified: true });
      await expectError(await ann.post("/auth/email/verify", { token }), 400, "mail_token_invalid");
      expect((await server.browser().post("/auth/login", ANN)).status).toBe(200);
    });

    it("tells a known address the same, and leaves its own token alone", async () => {
      const server = openMailingServer({ store: await make(), password: required });
      const { id } = await server.auth.users.create(ANN);
      await server.auth.users.requestEmailVerification(ANN.email);
      const token = await server.inbox.token("verify");
      await server.inbox.clear();
      const answer = await told(await signUpIn(server.browser(), { ...ANN, password: "quite another one" }));
      expect(answer).toEqual({ status: 202, body: {}, set: [SIGN_UP], deleted: [] });
      expect(await server.inbox.messages()).toMatchObject([
        { type: "reset", to: ANN.email, signedUpAgain: true, user: { id } },
      ]);
      expect(await server.auth.users.verifyEmail(token, { password: ANN.password })).toMatchObject({ id });
      const reset = await server.inbox.token("reset");
      // The proof did not change the credentials, so the reset is valid still.
      expect(await server.auth.users.resetPassword(reset, "chosen by the owner")).toMatchObject({ id });
    });

    it("lets the newest sign-up of an address win", async () => {
      const server = openMailingServer({ store: await make(), password: required });
      const [first, second] = [server.browser(), server.browser()];
      await signUpIn(first, { ...ANN, password: "the first of the two" });
      const earlier = await server.inbox.token("verify");
      await signUpIn(second);
      const token = await server.inbox.token("verify");
      await expectError(
        await first.post("/auth/email/verify", { token: earlier }),
        400,
        "mail_token_invalid",
      );
      const answer = await told(await first.post("/auth/email/verify", { token }));
      expect(answer).toMatchObject({ status: 200, body: { password: "removed" } });
      expect(answer.set).toEqual([]);
      expect((await first.get("/auth/me")).status).toBe(401);
      for (const password of ["the first of the two", ANN.password]) {
        expect((await second.post("/auth/login", { ...ANN, password })).status).toBe(401);
      }
      expect(await server.auth.users.find(ANN)).toMatchObject({ emailVerified: true });
    });

    it("refuses a sign-in of an unproven user as one with a wrong password, and sends a message", async () => {
      const server = openMailingServer({ store: await make(), password: required });
      const { id } = await server.auth.users.create(ANN);
      const ann = server.browser();
      const wrong = await told(await ann.post("/auth/login", { ...ANN, password: "not the right one" }));
      expect(await server.inbox.messages()).toEqual([]);
      const right = await told(await ann.post("/auth/login", ANN));
      expect(right).toEqual(wrong);
      expect(server.events).toMatchObject([
        { type: "user.created" },
        { type: "sign_in.failed", userId: id, code: "invalid_credentials" },
        { type: "sign_in.failed", userId: id, code: "invalid_credentials" },
      ]);
      expect(right).toMatchObject({ status: 401, body: { error: "invalid_credentials" } });
      // The message is made after the answer.
      await vi.waitFor(async () =>
        expect(await server.inbox.messages()).toMatchObject([{ type: "verify", user: { id } }]),
      );
      const token = await server.inbox.token("verify");
      const answer = await told(await ann.post("/auth/email/verify", { token, password: ANN.password }));
      expect(answer).toMatchObject({ status: 200, body: { password: "kept" } });
      expect((await ann.post("/auth/login", ANN)).status).toBe(200);
    });
  });

  describe('sign-up with verifyEmail: "later"', () => {
    it("signs in at once and sends a message that the same browser redeems", async () => {
      const server = openMailingServer({ store: await make(), password: { verifyEmail: "later" } });
      const ann = server.browser();
      expect(await told(await signUpIn(ann))).toMatchObject({
        status: 201,
        body: { user: { email: ANN.email } },
      });
      const token = await server.inbox.token("verify");
      expect(await told(await ann.post("/auth/email/verify", { token }))).toMatchObject({
        status: 200,
        body: { password: "kept" },
      });
      expect((await ann.get("/auth/me")).status).toBe(200);
      expect(await server.auth.users.find(ANN)).toMatchObject({ emailVerified: true });
    });
  });

  describe("sign-up with verifyEmail: false", () => {
    it("sends no message", async () => {
      const server = openMailingServer({ store: await make() });
      expect((await signUpIn(server.browser())).status).toBe(201);
      expect(await server.inbox.messages()).toEqual([]);
    });
  });

  describe("an invitation", () => {
    it("creates a verified user and signs in, in every mode, once", async () => {
      const later = { verifyEmail: "later" } as const;
      for (const options of [invited, { password: required }, { password: later }, {}]) {
        const server = openMailingServer({ store: await make(), ...options });
        await server.auth.users.invite(ANN.email);
        const invitation = await server.inbox.token("invitation");
        const ann = server.browser();
        const { password } = ANN;
        const answer = await told(await ann.post("/auth/signup", { password, invitation }));
        expect(answer).toMatchObject({ status: 201, body: { user: { email: ANN.email } } });
        expect((await ann.get("/auth/me")).status).toBe(200);
        expect(await server.auth.users.find(ANN)).toMatchObject({ emailVerified: true });
        expect((await server.inbox.messages()).map(({ type }) => type)).toEqual(["invitation"]);
        await server.auth.users.delete(String((await server.auth.users.find(ANN))?.id));
        const again = await server.browser().post("/auth/signup", { password, invitation });
        await expectError(again, 400, "mail_token_invalid");
      }
    });

    it("is not spent by a weak password, another address, or an address that is taken by now", async () => {
      const server = openMailingServer({ store: await make(), ...invited });
      await server.auth.users.invite(ANN.email);
      const invitation = await server.inbox.token("invitation");
      const ann = server.browser();
      await expectError(await signUpIn(ann, { ...WEAK, invitation }), 422, "weak_password");
      await expectError(
        await signUpIn(ann, { ...ANN, email: "eve@example.com", invitation }),
        400,
        "invalid_request",
      );
      await expectError(await signUpIn(ann, { email: ANN.email, invitation }), 400, "invalid_request");
      const { id } = await server.auth.users.create({ email: ANN.email });
      await expectError(await signUpIn(ann, { ...ANN, invitation }), 409, "identifier_taken");
      await server.auth.users.delete(id);
      expect((await signUpIn(ann, { ...ANN, email: " ANN@Example.com ", invitation })).status).toBe(201);
    });

    it("is replaced by a newer one, and refused for an address with an account", async () => {
      const server = openMailingServer({ store: await make(), ...invited });
      await server.auth.users.invite(ANN.email);
      const earlier = await server.inbox.token("invitation");
      await server.auth.users.invite("ANN@example.com");
      const invitation = await server.inbox.token("invitation");
      await expectError(
        await signUpIn(server.browser(), { ...ANN, invitation: earlier }),
        400,
        "mail_token_invalid",
      );
      expect((await signUpIn(server.browser(), { ...ANN, invitation })).status).toBe(201);
      await expect(server.auth.users.invite(ANN.email)).rejects.toMatchObject({ code: "identifier_taken" });
      await expect(server.auth.users.invite("no address")).rejects.toMatchObject({ code: "invalid_request" });
    });

    it("is redeemed once by 20 requests at the same time", async () => {
      const server = openMailingServer({ store: await make(), ...invited });
      await server.auth.users.invite(ANN.email);
      const invitation = await server.inbox.token("invitation");
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => signUpIn(server.browser(), { ...ANN, invitation })),
      );
      expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
      expect(answers.filter(({ status }) => status !== 201 && status !== 409 && status !== 400)).toEqual([]);
      expect((await server.browser().post("/auth/login", ANN)).status).toBe(200);
    });

    it("is usable again after a sign-in that the application refused, and leaves no user", async () => {
      let isRefused = true;
      const hooks = { signedIn: () => (isRefused ? (false as const) : undefined) };
      const server = openMailingServer({ store: await make(), ...invited, hooks });
      await server.auth.users.invite(ANN.email);
      const invitation = await server.inbox.token("invitation");
      await expectError(await signUpIn(server.browser(), { ...ANN, invitation }), 403, "forbidden");
      expect(await server.auth.users.find(ANN)).toBeNull();
      isRefused = false;
      expect((await signUpIn(server.browser(), { ...ANN, invitation })).status).toBe(201);
    });
  });
});

describe("sign-up in each mode", () => {
  it.each([required, { verifyEmail: "later" }, { verifyEmail: false }] as const)(
    "refuses a weak password before anything else, for known and unknown addresses (%j)",
    async (options) => {
      const server = openMailingServer({ password: options });
      await expectError(await signUpIn(server.browser(), WEAK), 422, "weak_password");
      await server.auth.users.create(ANN);
      await expectError(await signUpIn(server.browser(), WEAK), 422, "weak_password");
      expect(await server.inbox.messages()).toEqual([]);
    },
  );

  it('is closed with signUp: "invited", unless the body has a valid invitation', async () => {
    const server = openMailingServer({ ...invited });
    const refused = await signUpIn(server.browser());
    expect(await refused.clone().json()).toMatchObject({
      message: "Sign-up is closed; ask for an invitation.",
    });
    await expectError(refused, 403, "forbidden");
    for (const invitation of ["", "x", "A".repeat(86), await tokenOf("verify")]) {
      await expectError(await signUpIn(server.browser(), { ...ANN, invitation }), 400, "mail_token_invalid");
    }
    expect(await server.auth.users.find(ANN)).toBeNull();

    async function tokenOf(type: "verify"): Promise<string> {
      const { id } = await server.auth.users.create({ email: "bob@example.com" });
      await server.auth.users.requestEmailVerification("bob@example.com");
      const token = await server.inbox.token(type);
      await server.auth.users.delete(id);
      return token;
    }
  });

  it("closed since a sign-up began, creates no account of it, and sends it no other message", async () => {
    const store = memory();
    const open = openMailingServer({ store, password: required });
    const ann = open.browser();
    await signUpIn(ann);
    const token = await open.inbox.token("verify");
    const server = openMailingServer({ store, password: required, ...invited });
    const { users } = server.auth;
    await expectError(
      await ann.copy(server.auth).post("/auth/email/verify", { token }),
      400,
      "mail_token_invalid",
    );
    await expect(users.verifyEmail(token)).rejects.toMatchObject({ code: "mail_token_invalid" });
    await users.requestEmailVerification(ANN.email);
    expect(await server.inbox.messages()).toEqual([]);
    expect(await users.find(ANN)).toBeNull();
  });

  it("by an invitation keeps its user if the store redeems the invitation, and the answer is lost", async () => {
    const store = memory();
    const losing = wrapped(store, async (operation, call) => {
      const answer = await call();
      if (operation === "tokens.redeemSlot") throw new Error("the connection was lost");
      return answer;
    });
    const server = openMailingServer({ store: losing, ...invited });
    await server.auth.users.invite(ANN.email);
    const invitation = await server.inbox.token("invitation");
    expect((await signUpIn(server.browser(), { ...ANN, invitation })).status).toBe(201);
    expect((await server.browser().post("/auth/login", ANN)).status).toBe(200);
  });

  it("reads forms", async () => {
    const server = openMailingServer({ password: required });
    const headers = { "content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin" };
    const form = (path: string, fields: Record<string, string>): Promise<Response> =>
      server.send(path, { method: "POST", headers, body: new URLSearchParams(fields).toString() });
    expect((await form("/auth/signup", ANN)).status).toBe(202);
    expect((await form("/auth/email/verify/request", { email: ANN.email })).status).toBe(200);
    const token = await server.inbox.token("verify");
    const answer = await form("/auth/email/verify", { token, password: ANN.password, transport: "bearer" });
    expect(await told(answer)).toMatchObject({
      status: 200,
      set: [],
      body: { password: "kept", token_type: "Bearer", access_token: expect.any(String) },
    });
  });

  it("with an identifier of another kind takes the invited address along", async () => {
    const server = openMailingServer({ password: { identifier: "username" }, ...invited });
    await server.auth.users.invite(ANN.email);
    const invitation = await server.inbox.token("invitation");
    const { password } = ANN;
    await expectError(await signUpIn(server.browser(), { password, invitation }), 400, "invalid_request");
    expect((await signUpIn(server.browser(), { username: "ann", password, invitation })).status).toBe(201);
    expect(await server.auth.users.find({ username: "ann" })).toMatchObject({
      email: ANN.email,
      emailVerified: true,
    });
  });
});

it("a failed sign-up without a proof leaves no user, although a provider is linked to it by now", async () => {
  const server: MailingServer = openMailingServer({
    hooks: {
      signedIn: async ({ user }) => {
        await server.store.users.link(user.id, { provider: "other", subject: "mine" });
        return false as const;
      },
    },
  });
  await expectError(await signUpIn(server.browser()), 403, "forbidden");
  expect(await server.auth.users.find(ANN)).toBeNull();
});

describe("a failed sign-up by an invitation", () => {
  it("keeps a user that a provider is linked to by now", async () => {
    const server: MailingServer = openMailingServer({
      ...invited,
      hooks: {
        signedIn: async ({ user }) => {
          await server.store.users.link(user.id, { provider: "other", subject: "mine" });
          return false as const;
        },
      },
    });
    await server.auth.users.invite(ANN.email);
    const invitation = await server.inbox.token("invitation");
    await expectError(await signUpIn(server.browser(), { ...ANN, invitation }), 403, "forbidden");
    expect(await server.auth.users.find(ANN)).toMatchObject({ emailVerified: true });
  });

  it("deletes the user if the invitation was replaced in between", async () => {
    const store = memory();
    let issued: SlotToken | null = null;
    const replaced = wrapped(store, async (operation, call, given) => {
      if (operation === "tokens.fillSlot") issued = given[0] as SlotToken;
      const result = await call();
      if (operation === "sessions.create" && issued !== null) {
        await store.tokens.fillSlot({ ...issued, secret: "another" });
      }
      return result;
    });
    const server = openMailingServer({ store: replaced, ...invited });
    await server.auth.users.invite(ANN.email);
    const invitation = await server.inbox.token("invitation");
    const ann = server.browser();
    await expectError(await signUpIn(ann, { ...ANN, invitation }), 400, "mail_token_invalid");
    expect(await server.auth.users.find(ANN)).toBeNull();
    expect(ann.names()).toEqual([]);
  });
});

describe("the messages of refused sign-ins", () => {
  it("are at most 5 an hour", async () => {
    const server = openMailingServer({
      password: required,
      rateLimit: { accountTotal: { limit: 50, window: 60 } },
    });
    await server.auth.users.create(ANN);
    for (let n = 0; n < 12; n++) {
      expect((await server.browser().post("/auth/login", ANN)).status).toBe(401);
    }
    await vi.waitFor(async () => expect(await server.inbox.messages()).toHaveLength(5));
    expect(await server.inbox.messages()).toHaveLength(5);
  });
});

describe("the work of a sign-up that is required to prove its address", () => {
  it("is the same calls to the store for a known, a disabled and an unknown address", async () => {
    const { store, calls } = counted(memory());
    const server = openMailingServer({ store, password: required, rateLimit: {} });
    await server.auth.users.create(ANN);
    const bob = await server.auth.users.create({ ...ANN, email: "bob@example.com" });
    await server.auth.users.disable(bob.id);
    const seen: string[][] = [];
    for (const email of [ANN.email, "bob@example.com", "unknown@example.com"]) {
      calls.length = 0;
      await signUpIn(server.browser(), { ...ANN, email });
      seen.push([...calls]);
    }
    expect(seen[0]).toEqual(["throttle.hit", "users.find", "tokens.fillSlot"]);
    expect(seen[1]).toEqual(seen[0]);
    expect(seen[2]).toEqual(seen[0]);
    expect((await server.inbox.messages()).map(({ type, to }) => [type, to])).toEqual([
      ["reset", ANN.email],
      ["verify", "unknown@example.com"],
    ]);
  });
});

it("the message of a refused sign-in is made in a later turn, and handed to waitUntil of the host", async () => {
  const calls: string[] = [];
  const store = wrapped(memory(), (operation, call) => {
    calls.push(operation);
    return call();
  });
  const server = openMailingServer({ store, password: required });
  await server.auth.users.create(ANN);
  const waited: Promise<unknown>[] = [];
  const waitUntil = (work: Promise<unknown>): void => void waited.push(work);
  const request = server.browser().request("/auth/login", { method: "POST", body: ANN });
  calls.length = 0;
  const answer = await server.auth.handle(request, { waitUntil });
  expect(answer.status).toBe(401);
  expect(calls.filter((operation) => operation.startsWith("tokens."))).toEqual([]);
  expect(waited).toHaveLength(1);
  await waited[0];
  expect(calls).toContain("tokens.fillSlot");
});
