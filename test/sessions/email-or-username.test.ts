import type { JsonObject, User } from "@latchkey/core";
import { expect, it } from "vitest";
import { bodyOf, expectError, memberOf } from "../fixtures/answers.ts";
import { cheapPassword, openServer, type ServerOptions, type TestServer } from "../fixtures/server.ts";
import { type MailingServer, openMailingServer } from "../fixtures/verified-server.ts";

const password = "correct horse battery";
const ANN = { email: "ann@example.com", username: "Ann", password };
const BY_ADDRESS = { email: ANN.email, password };
const WRONG = "a wrong password";
const EITHER = "email-or-username";

function openEither(options: ServerOptions<JsonObject, User> = {}): TestServer {
  return openServer({ ...options, providers: [cheapPassword(EITHER)] });
}

function openProving(): MailingServer {
  return openMailingServer({ password: { identifier: EITHER, verifyEmail: "required" } });
}

it("a person who signs up with an address and a username signs in with either of them, in any field", async () => {
  const { auth, browser } = openEither();
  expect((await browser().post("/auth/signup", ANN)).status).toBe(201);
  const { id } = (await auth.users.find({ username: "ann" })) ?? {};
  expect(await auth.users.find({ email: ANN.email })).toMatchObject({ id, username: "ann" });
  for (const text of ["ann@example.com", " ANN@example.com", "ann＠example.com", "ann", "ANN "]) {
    for (const field of ["identifier", "email", "username"]) {
      const answer = await browser().post("/auth/login", { [field]: text, password });
      expect(memberOf(await bodyOf(answer), "user")).toMatchObject({ id });
    }
  }
});

it("a person without a username signs in with the address alone", async () => {
  const { browser } = openEither();
  expect((await browser().post("/auth/signup", { ...BY_ADDRESS, username: "" })).status).toBe(201);
  expect((await browser().post("/auth/login", BY_ADDRESS)).status).toBe(200);
  await expectError(
    await browser().post("/auth/login", { username: "ann", password }),
    401,
    "invalid_credentials",
  );
});

it.each([
  [{ identifier: "ann", email: "ann@example.com", password }],
  [{ email: "ann@example.com", username: "ann", password }],
  [{ identifier: "ann" }],
  [{ password }],
  [{ identifier: 7, password }],
  [{ identifier: "a b", password }],
  [{ identifier: "ann@", password }],
])("a sign-in with %j is malformed", async (body) => {
  const { browser } = openEither();
  await expectError(await browser().post("/auth/login", body), 400, "invalid_request");
});

it.each([
  [{ username: "ann", password }],
  [{ email: "ann", password }],
  [{ email: "ann@example.com", username: "bob@example.com", password }],
  [{ email: "ann@example.com", username: 7, password }],
])("a sign-up with %j is malformed, and makes no user", async (body) => {
  const { auth, browser } = openEither();
  await expectError(await browser().post("/auth/signup", body), 400, "invalid_request");
  expect(await auth.users.find({ email: "ann@example.com" })).toBeNull();
});

it("a person whose username or address is taken gets 409, and no username is the address of another person", async () => {
  const { browser } = openEither();
  await browser().post("/auth/signup", ANN);
  const others = [
    { ...ANN, email: "b@example.com" },
    { ...ANN, username: "b" },
  ];
  for (const other of others)
    await expectError(await browser().post("/auth/signup", other), 409, "identifier_taken");
});

it("a password that is nearly the username is refused, as one that is nearly the address", async () => {
  const { browser } = openEither();
  const like = { ...ANN, username: "constantine", password: "constantine1" };
  await expectError(await browser().post("/auth/signup", like), 422, "weak_password");
});

it("an unknown address, an unknown username and a wrong password get the same answer", async () => {
  const { browser } = openEither();
  await browser().post("/auth/signup", ANN);
  const texts = ["ann", "ann@example.com", "eve", "eve@example.com"];
  const answers = await Promise.all(
    texts.map(async (identifier) => {
      const answer = await browser().post("/auth/login", { identifier, password: WRONG });
      return `${answer.status} ${await answer.text()}`;
    }),
  );
  expect(new Set(answers).size).toBe(1);
});

it("guesses by the address and by the username of one account count together", async () => {
  const { browser, send } = openEither({ rateLimit: { accountTotal: { limit: 4, window: 900 } } });
  await browser().post("/auth/signup", ANN);
  const guess = async (identifier: string): Promise<number> =>
    (await send("/auth/login", { method: "POST", body: { identifier, password: WRONG } })).status;
  const texts = ["ann", "ann@example.com", "ann", "ann@example.com"];
  for (const text of texts) expect(await guess(text)).toBe(401);
  expect(await guess("ann")).toBe(429);
  expect(await guess("ann@example.com")).toBe(429);
  expect(await guess("eve")).toBe(401);
});

it("a person proves the address of a sign-up with a username, and signs in with the username", async () => {
  const { inbox, browser } = openProving();
  const ann = browser();
  expect((await ann.post("/auth/signup", ANN)).status).toBe(202);
  const token = await inbox.token("verify");
  expect((await ann.post("/auth/email/verify", { token })).status).toBe(200);
  expect((await browser().post("/auth/login", { identifier: "ann", password })).status).toBe(200);
  const eve = { ...ANN, email: "eve@example.com" };
  await expectError(await browser().post("/auth/signup", eve), 409, "identifier_taken");
  // The address of Ann and an unknown one get the same answer.
  await expectError(await browser().post("/auth/signup", ANN), 409, "identifier_taken");
  for (const email of [ANN.email, "new@example.com"])
    expect((await browser().post("/auth/signup", { ...ANN, email, username: "free" })).status).toBe(202);
});

it("a person whose username is taken before the proof is told so, and the token stays valid", async () => {
  const { auth, inbox, browser } = openProving();
  const ann = browser();
  await ann.post("/auth/signup", ANN);
  const token = await inbox.token("verify");
  const { id } = await auth.users.create({ username: "ann" });
  await expectError(await ann.post("/auth/email/verify", { token }), 409, "identifier_taken");
  await auth.users.delete(id);
  expect((await ann.post("/auth/email/verify", { token })).status).toBe(200);
});

it("the owner of a mailbox gets no username that another person chose", async () => {
  const { auth, inbox, browser } = openProving();
  await browser().post("/auth/signup", ANN);
  const token = await inbox.token("verify");
  expect((await browser().post("/auth/email/verify", { token })).status).toBe(200);
  expect(await auth.users.find({ email: ANN.email })).toMatchObject({ username: null });
});
