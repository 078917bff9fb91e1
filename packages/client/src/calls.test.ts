import { describe, expect, it } from "vitest";
import { type AuthClient, createAuthClient } from "./client.ts";

const SESSION = {
  id: "s1",
  userId: "u1",
  context: null,
  createdAt: 0,
  expiresAt: 9,
  authTime: 0,
  amr: ["pwd"],
};
const USER = { id: "u1", email: "ann@example.com", name: null };
const SIGNED_IN = { user: USER, session: SESSION, expires_in: 600 };

interface Rig {
  readonly client: AuthClient;
  /** The requests, as `POST /link {"email":"a"}`. */
  readonly sent: string[];
  /** The answers that come next, in this order. Without one, the answer is `{}`. */
  readonly answers: Response[];
}

function openRig(): Rig {
  const sent: string[] = [];
  const answers: Response[] = [];
  const fetch = async (request: Request): Promise<Response> => {
    const path = new URL(request.url).pathname.replace("/auth", "");
    sent.push(`${request.method} ${path} ${await request.text()}`.trim());
    return answers.shift() ?? Response.json({});
  };
  const env = { fetch, locks: null, openChannel: null, page: null };
  return { client: createAuthClient({ baseURL: "https://api.example.com/auth", env }), sent, answers };
}

async function openSignedIn(): Promise<Rig> {
  const rig = openRig();
  rig.answers.push(Response.json(SIGNED_IN));
  await rig.client.signIn.password({ email: "ann@example.com", password: "correct horse" });
  rig.sent.length = 0;
  return rig;
}

const refusal = (error: string, status: number): Response =>
  Response.json({ error, message: "A sentence." }, { status });

describe("the calls of accounts", () => {
  it.each<[call: (client: AuthClient) => Promise<unknown>, request: string]>([
    [({ password }) => password.forgot({ email: "a" }), 'POST /password/forgot {"email":"a"}'],
    [
      ({ password }) => password.change({ currentPassword: "a", newPassword: "b" }),
      'POST /password/change {"currentPassword":"a","newPassword":"b"}',
    ],
    [({ email }) => email.requestVerification(), "POST /email/verify/request"],
    [({ email }) => email.requestVerification({ email: "a" }), 'POST /email/verify/request {"email":"a"}'],
    [
      ({ email }) => email.verify({ token: "t", password: "p" }),
      'POST /email/verify {"token":"t","password":"p"}',
    ],
    [({ email }) => email.change({ email: "a" }), 'POST /email/change {"email":"a"}'],
    [({ signIn }) => signIn.link({ email: "a" }), 'POST /link {"email":"a"}'],
    [({ signIn }) => signIn.confirmLink({ token: "t" }), 'POST /link/confirm {"token":"t"}'],
    [({ signIn }) => signIn.code({ email: "a" }), 'POST /code {"email":"a"}'],
    [
      ({ signIn }) => signIn.confirmCode({ email: "a", code: "123456" }),
      'POST /code/confirm {"email":"a","code":"123456"}',
    ],
    [
      ({ signUp }) => signUp({ email: "a", password: "p", invitation: "t" }),
      'POST /signup {"email":"a","password":"p","invitation":"t"}',
    ],
    [({ signIn }) => signIn.idTokenNonce("google"), "POST /oauth/google/nonce {}"],
    [
      ({ signIn }) => signIn.idToken("a/b", { idToken: "t", nonce: "n", name: "Ann", remember: false }),
      'POST /oauth/a%2Fb/token {"id_token":"t","nonce":"n","name":"Ann","remember":false}',
    ],
    [({ reauthenticate }) => reauthenticate({ password: "p" }), 'POST /reauthenticate {"password":"p"}'],
  ])("send one request: %#", async (call, request) => {
    const { client, sent } = await openSignedIn();
    await call(client);
    expect(sent).toEqual([request]);
  });

  it.each<[name: string, call: (client: AuthClient) => Promise<unknown>]>([
    ["a new password", ({ password }) => password.reset({ token: "t", newPassword: "b" })],
    ["the undo of a change", ({ email }) => email.undoChange({ token: "t" })],
  ])("find out after %s that the session has ended", async (_, call) => {
    const { client, sent, answers } = await openSignedIn();
    answers.push(Response.json({}), refusal("session_revoked", 401));
    expect(await call(client)).toEqual({ ok: true, data: null });
    expect(client.session.get().status).toBe("signed-out");
    expect(sent.at(-1)).toBe("POST /refresh");
  });

  it("loads the user after a change of the address", async () => {
    const { client, answers } = await openSignedIn();
    const user = { ...USER, email: "ann@new.example" };
    answers.push(Response.json({}), Response.json({ ...SIGNED_IN, user }));
    expect(await client.email.confirmChange({ token: "t" })).toEqual({ ok: true, data: null });
    expect(client.session.get().user).toEqual(user);
  });

  it("stay signed in if the account is not deleted", async () => {
    const { client, sent, answers } = await openSignedIn();
    const error = "insufficient_user_authentication";
    answers.push(Response.json({ error, message: "Sign in again." }, { status: 401 }));
    expect(await client.account.delete()).toMatchObject({ ok: false, error: { code: error } });
    expect(sent).toEqual(["DELETE /account"]);
    expect(client.session.get().status).toBe("signed-in");
  });

  it("sign out after the deletion of the account", async () => {
    const { client, sent, answers } = await openSignedIn();
    answers.push(new Response(null, { status: 204 }));
    expect(await client.account.delete()).toEqual({ ok: true, data: null });
    expect(sent).toEqual(["DELETE /account", 'POST /logout {"scope":"session"}']);
    expect(client.session.get().status).toBe("signed-out");
  });
});

describe("an answer without a session", () => {
  it("to a sign-up does not change the state", async () => {
    const { client, answers } = openRig();
    const before = client.session.get();
    answers.push(Response.json({}, { status: 202 }));
    expect(await client.signUp({ email: "a", password: "p" })).toEqual({ ok: true, data: null });
    expect(client.session.get()).toBe(before);
  });

  it("to a sign-in is not Latchkey's", async () => {
    const { client } = openRig();
    const result = await client.signIn.confirmLink({ token: "t" });
    expect(result).toMatchObject({ ok: false, error: { code: "invalid_response" } });
  });

  it.each([{}, { nonce: "n" }, { expires_in: 600 }, { nonce: 7, expires_in: 600 }])(
    "to the request for a nonce is not Latchkey's: %j",
    async (answer) => {
      const { client, answers } = openRig();
      answers.push(Response.json(answer));
      const result = await client.signIn.idTokenNonce("google");
      expect(result).toMatchObject({ ok: false, error: { code: "invalid_response" } });
    },
  );

  it.each([
    [{ password: "kept" }, "kept"],
    [{ password: "none" }, "none"],
    [{ password: "removed" }, "removed"],
    [{}, "removed"],
  ])("to a verification tells about the password: %j", async (answer, password) => {
    const { client, answers } = await openSignedIn();
    answers.push(Response.json(answer));
    expect(await client.email.verify({ token: "t" })).toEqual({ ok: true, data: { password } });
  });
});

it("a verification that completes a sign-up signs in", async () => {
  const { client, answers } = openRig();
  answers.push(refusal("unauthenticated", 401), Response.json({ ...SIGNED_IN, password: "kept" }));
  client.session.subscribe(() => undefined);
  const data = { password: "kept", user: USER, session: SESSION };
  expect(await client.email.verify({ token: "t" })).toEqual({ ok: true, data });
  expect(client.session.get()).toMatchObject({ status: "signed-in", user: USER });
});

describe("a refused call", () => {
  it.each(["invalid_credentials", "insufficient_user_authentication"])(
    "with %s is not repeated, and signs out nowhere",
    async (code) => {
      const { client, sent, answers } = await openSignedIn();
      answers.push(refusal(code, 401));
      const result = await client.password.change({ currentPassword: "a", newPassword: "b" });
      expect(result).toMatchObject({ ok: false, error: { code } });
      expect(sent).toHaveLength(1);
      expect(client.session.get().status).toBe("signed-in");
    },
  );

  it("is repeated once after a refresh if the access token has expired", async () => {
    const { client, sent, answers } = await openSignedIn();
    answers.push(refusal("session_expired", 401), Response.json({ session: SESSION, expires_in: 600 }));
    expect(await client.email.change({ email: "a" })).toEqual({ ok: true, data: null });
    expect(sent.map((request) => request.split(" ")[1])).toEqual([
      "/email/change",
      "/refresh",
      "/email/change",
    ]);
  });

  it("is not repeated with the session of another user", async () => {
    const { client, sent, answers } = await openSignedIn();
    const other = { ...SESSION, id: "s2", userId: "u2" };
    answers.push(
      refusal("session_expired", 401),
      Response.json({ session: other, expires_in: 600 }),
      Response.json({ ...SIGNED_IN, session: other }),
    );
    expect(await client.email.change({ email: "a" })).toMatchObject({ ok: false });
    expect(sent.filter((request) => request.includes("/email/change"))).toHaveLength(1);
  });
});
