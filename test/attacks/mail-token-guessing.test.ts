import { emailCode, magicLink } from "@latchkey/core";
import { describe, expect, it } from "vitest";
import type { Browser } from "../fixtures/browser.ts";
import { openInbox } from "../fixtures/inbox.ts";
import { ANN, BOB, cheapPassword, openSecureServer } from "../fixtures/server.ts";
import { openMailingServer, signUpIn } from "../fixtures/verified-server.ts";

const LIMIT = 3;
/** In the form of a token, and of no slot. */
const TOKEN = Buffer.alloc(64, 7).toString("base64url");

/** Every route that redeems a secret of a message, with a wrong one. */
const GUESSES = {
  "/email/verify": { token: TOKEN },
  "/password/reset": { token: TOKEN, newPassword: "an altogether new one" },
  "/email/change/confirm": { token: TOKEN },
  "/email/change/undo": { token: TOKEN },
  "/link/confirm": { token: TOKEN },
  "/code/confirm": { email: "zoe@example.com", code: "123456" },
  "/signup": { invitation: TOKEN, email: "zoe@example.com", password: "correct horse battery" },
} as const;
type Path = keyof typeof GUESSES;

/** The browser of a signed-in user, which may post to every route. */
async function openBrowser(): Promise<Browser> {
  const server = openSecureServer({
    mail: openInbox().mail,
    providers: [cheapPassword(), magicLink(), emailCode()],
    clientAddress: () => "203.0.113.7",
    rateLimit: { signIn: { limit: LIMIT, window: 60 } },
  });
  await server.auth.users.create(ANN);
  return server.signedIn();
}

describe("wrong secrets of messages", () => {
  it.each(Object.keys(GUESSES) as Path[])(
    "are counted as failed sign-ins of the network at %s",
    async (path) => {
      const browser = await openBrowser();
      const guess = async (): Promise<number> => (await browser.post(`/auth${path}`, GUESSES[path])).status;
      for (let attempt = 0; attempt < LIMIT; attempt++) expect(await guess()).toBe(400);
      expect(await guess()).toBe(429);
    },
  );
});

describe("a guess of the password of a sign-up", () => {
  it("counts for its address, with the guesses at sign-in, and for no other address", async () => {
    const server = openMailingServer({
      password: { verifyEmail: "required" },
      rateLimit: { accountTotal: { limit: 2, window: 60 } },
    });
    const tokenOf = async (person: typeof ANN): Promise<string> => {
      await signUpIn(server.browser(), person);
      return server.inbox.token("verify");
    };
    const [ann, bob] = [await tokenOf(ANN), await tokenOf(BOB)];
    const verify = async (token: string, secret: string): Promise<number> =>
      (await server.browser().post("/auth/email/verify", { token, password: secret })).status;
    expect(await verify(ann, "a wrong password")).toBe(401);
    const login = await server.browser().post("/auth/login", { ...ANN, password: "a wrong password" });
    expect(login.status).toBe(401);
    expect(await verify(ann, ANN.password)).toBe(429);
    expect(await verify(bob, "a wrong password")).toBe(401);
    expect(await verify(bob, BOB.password)).toBe(200);
  });
});

it("sign-ups by invitations count as sign-ups of the network", async () => {
  const server = openMailingServer({
    signUp: "invited",
    clientAddress: () => "203.0.113.7",
    rateLimit: { signUp: { limit: 1, window: 60 } },
  });
  for (const [person, status] of [
    [ANN, 201],
    [BOB, 429],
  ] as const) {
    await server.auth.users.invite(person.email);
    const invitation = await server.inbox.token("invitation");
    expect((await signUpIn(server.browser(), { ...person, invitation })).status).toBe(status);
  }
});
