import { emailCode, magicLink } from "@latchkey/core";
import { password } from "@latchkey/core/password";
import { describe, expect, it } from "vitest";
import { expectError } from "../fixtures/answers.ts";
import { onEveryStore } from "../fixtures/every-store.ts";
import { openInbox } from "../fixtures/inbox.ts";
import { codeIn } from "../fixtures/mailed-server.ts";
import { ANN, cheapHasher, openSecureServer, type ServerOptions } from "../fixtures/server.ts";
import { signUpIn, told } from "../fixtures/verified-server.ts";

function openServerWith({
  providers = [magicLink(), emailCode()],
  ...given
}: Partial<ServerOptions<never, never>> = {}) {
  const inbox = openInbox();
  return { ...openSecureServer({ signUp: "invited", ...given, providers, mail: inbox.mail }), inbox };
}

type Opened = ReturnType<typeof openServerWith>;

async function invite({ auth, inbox }: Opened): Promise<string> {
  await auth.users.invite(ANN.email);
  return inbox.token("invitation");
}

onEveryStore((make) => {
  describe("a person who is invited to a site without passwords", () => {
    it("signs up with the invitation alone, and signs in by a code later", async () => {
      const server = openServerWith({ store: await make() });
      const invitation = await invite(server);
      const ann = server.browser();
      const answer = await told(await signUpIn(ann, { invitation, name: "Ann" }));
      expect(answer).toMatchObject({
        status: 201,
        body: { user: { email: ANN.email, name: "Ann" }, session: { amr: ["link"] } },
      });
      expect((await ann.get("/auth/me")).status).toBe(200);
      expect(await server.auth.users.find(ANN)).toMatchObject({ emailVerified: true });
      await expectError(await signUpIn(server.browser(), { invitation }), 400, "mail_token_invalid");
      const later = server.browser();
      await later.post("/auth/code", { email: ANN.email });
      const code = await codeIn(server.inbox);
      expect((await later.post("/auth/code/confirm", { email: ANN.email, code })).status).toBe(200);
    });
  });
});

describe("an invitation without a password", () => {
  it("for another address, replaced or made up creates no user", async () => {
    const server = openServerWith();
    const earlier = await invite(server);
    const invitation = await invite(server);
    await expectError(await signUpIn(server.browser(), { invitation: earlier }), 400, "mail_token_invalid");
    const made = { invitation: "A".repeat(86) };
    await expectError(await signUpIn(server.browser(), made), 400, "mail_token_invalid");
    const eve = { email: "eve@example.com", invitation };
    await expectError(await signUpIn(server.browser(), eve), 400, "invalid_request");
    expect(await server.auth.users.find(ANN)).toBeNull();
    expect((await signUpIn(server.browser(), { invitation })).status).toBe(201);
  });

  it("creates no user where sign-up is closed", async () => {
    const { auth, browser } = openServerWith({ signUp: "closed" });
    await expectError(await signUpIn(browser(), { invitation: "A".repeat(86) }), 403, "forbidden");
    await expect(auth.users.invite(ANN.email)).rejects.toThrow("signUp");
  });

  it("needs a password where neither links nor codes sign in", async () => {
    const server = openServerWith({ providers: [password({ hasher: cheapHasher })] });
    const invitation = await invite(server);
    await expectError(await signUpIn(server.browser(), { invitation }), 400, "invalid_request");
    expect(await server.auth.users.find(ANN)).toBeNull();
  });

  it("sets no password where both sign in, and a password that is sent is checked", async () => {
    const providers = [password({ hasher: cheapHasher }), magicLink()];
    const server = openServerWith({ providers });
    const invitation = await invite(server);
    const weak = { invitation, password: "password" };
    await expectError(await signUpIn(server.browser(), weak), 422, "weak_password");
    const empty = { invitation, password: "" };
    await expectError(await signUpIn(server.browser(), empty), 422, "weak_password");
    expect((await signUpIn(server.browser(), { invitation })).status).toBe(201);
    await expectError(await server.browser().post("/auth/login", ANN), 401, "invalid_credentials");
  });
});

it("a site without passwords has no other sign-up", async () => {
  const server = openServerWith({ signUp: "open" });
  await expectError(await signUpIn(server.browser()), 404, "not_found");
  await expectError(await signUpIn(server.browser(), { email: ANN.email }), 404, "not_found");
});
