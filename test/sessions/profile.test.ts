import { describe, expect, it } from "vitest";
import { bodyOf, expectError, memberOf } from "../fixtures/answers.ts";
import { ANN, openServer } from "../fixtures/server.ts";
import { openMailingServer, signUpIn } from "../fixtures/verified-server.ts";

const PICTURE = "https://images.example.com/ann.png";
const NAMED = { ...ANN, name: "  Ann Example " };

describe("a person who signs up with a name", () => {
  it("is shown by it", async () => {
    const { browser } = openServer();
    const ann = browser();
    const joined = await bodyOf(await ann.post("/auth/signup", NAMED));
    expect(memberOf(joined, "user")).toMatchObject({ name: "Ann Example", picture: null });
    expect(await bodyOf(await ann.get("/auth/me"))).toMatchObject({ name: "Ann Example" });
    expect(memberOf(await bodyOf(await ann.get("/auth/session")), "user")).toMatchObject({
      name: "Ann Example",
    });
  });

  it("keeps it until the address is verified", async () => {
    const server = openMailingServer({ password: { verifyEmail: "required" } });
    const ann = server.browser();
    await signUpIn(ann, NAMED);
    // A second message is made from the stored sign-up.
    await server.auth.users.requestEmailVerification(ANN.email);
    const token = await server.inbox.token("verify");
    expect((await ann.post("/auth/email/verify", { token })).status).toBe(200);
    expect(await server.auth.users.find(ANN)).toMatchObject({ name: "Ann Example" });
  });

  it("gets it by an invitation too", async () => {
    const server = openMailingServer({ signUp: "invited" });
    await server.auth.users.invite(ANN.email);
    const invitation = await server.inbox.token("invitation");
    expect((await signUpIn(server.browser(), { ...NAMED, invitation })).status).toBe(201);
    expect(await server.auth.users.find(ANN)).toMatchObject({ name: "Ann Example", emailVerified: true });
  });

  it("is refused with a name that cannot be shown, and no user is created", async () => {
    const { browser, auth } = openServer();
    for (const name of ["Ann\u0007", "x".repeat(321), 7, { first: "Ann" }]) {
      await expectError(await browser().post("/auth/signup", { ...ANN, name }), 400, "invalid_request");
    }
    expect(await auth.users.find(ANN)).toBeNull();
  });

  it.each(["", "  ", null])("has no name after the empty field %j", async (name) => {
    const { browser, auth } = openServer();
    expect((await browser().post("/auth/signup", { ...ANN, name })).status).toBe(201);
    expect(await auth.users.find(ANN)).toMatchObject({ name: null });
  });
});

it("the owner of an address gets no name that another person signed up with", async () => {
  const server = openMailingServer({ password: { verifyEmail: "required" } });
  await signUpIn(server.browser(), { ...ANN, name: "Call 555-0100 now" });
  const token = await server.inbox.token("verify");
  await server.browser().post("/auth/email/verify", { token });
  expect(await server.auth.users.find(ANN)).toMatchObject({ name: null, emailVerified: true });
});

describe("users.create", () => {
  it("keeps a name and a picture", async () => {
    const { auth, signedIn } = openServer();
    const user = await auth.users.create({ ...ANN, name: "Ann", picture: PICTURE });
    expect(user).toMatchObject({ name: "Ann", picture: PICTURE });
    expect(await auth.users.create({ username: "bob", name: null, picture: null })).toMatchObject({
      name: null,
      picture: null,
    });
    const ann = await signedIn();
    expect(await bodyOf(await ann.get("/auth/me"))).toMatchObject({ name: "Ann", picture: PICTURE });
  });

  it.each([
    { picture: "javascript:alert(1)" },
    { picture: "data:image/png;base64,AAAA" },
    { picture: "" },
    { name: "Ann\n" + "Example" },
  ])("refuses %j", async (member) => {
    const { auth } = openServer();
    await expect(auth.users.create({ ...ANN, ...member })).rejects.toMatchObject({ code: "invalid_request" });
    expect(await auth.users.find(ANN)).toBeNull();
  });
});
