import { emailCode, magicLink } from "@latchkey/core";
import { describe, expect, it } from "vitest";
import type { Browser } from "../fixtures/browser.ts";
import { openInbox } from "../fixtures/inbox.ts";
import { ANN, cheapPassword, openSecureServer } from "../fixtures/server.ts";

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
