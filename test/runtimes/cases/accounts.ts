import { memory } from "@latchkey/core/memory";
import { ACCESS, ANN, BOB, cheapPassword, ORIGIN, openSecureServer, REFRESH } from "../../fixtures/server.ts";
import { answered, bodyOf, cookiesOf, refused, within } from "../answers.ts";
import { type Case, holds, same } from "../case.ts";
import { plainAuth, posting } from "../requests.ts";

export const accounts: readonly Case[] = [
  {
    name: "sign-up signs in",
    run: async () => {
      const browser = openSecureServer().browser();
      const response = await browser.post("/auth/signup", ANN);
      same(cookiesOf(response).set, [ACCESS, REFRESH]);
      const body = await answered(response, 201);
      const me = await answered(await browser.get("/auth/me"), 200);
      same([me["email"], me["id"]], [ANN.email, within(body, "user", "id")]);
    },
  },
  {
    name: "sign-up of a known address is refused",
    run: async () => {
      const server = openSecureServer();
      await server.signedIn();
      await refused(await server.browser().post("/auth/signup", ANN), 409, "identifier_taken");
    },
  },
  {
    name: "login knows the right password",
    run: async () => {
      const server = openSecureServer();
      await server.signedIn();
      const browser = server.browser();
      await answered(await browser.post("/auth/login", { ...ANN, email: " ANN@Example.com" }), 200);
      const session = await answered(await browser.get("/auth/session"), 200);
      same(within(session, "user", "email"), ANN.email);
    },
  },
  {
    name: "login refuses a wrong password, and an unknown user, with one code",
    run: async () => {
      const server = openSecureServer();
      await server.signedIn();
      for (const input of [{ ...ANN, password: BOB.password }, BOB]) {
        const response = await server.browser().post("/auth/login", input);
        same(cookiesOf(response).set, []);
        await refused(response, 401, "invalid_credentials");
      }
    },
  },
  {
    name: "a password is the same in every Unicode form",
    run: async () => {
      const browser = openSecureServer().browser();
      const composed = "caf\u00e9 au lait \u2615";
      await answered(await browser.post("/auth/signup", { ...ANN, password: composed }), 201);
      const decomposed = "cafe\u0301 au lait \u2615";
      await answered(await browser.post("/auth/login", { ...ANN, password: decomposed }), 200);
    },
  },
  {
    name: "ten wrong passwords are enough",
    run: async () => {
      const server = openSecureServer({ rateLimit: {}, clientAddress: () => "203.0.113.7" });
      const known = await server.signedIn();
      const wrong = { ...ANN, password: BOB.password };
      for (let n = 0; n < 10; n++) await server.browser().post("/auth/login", wrong);
      const response = await server.browser().post("/auth/login", ANN);
      holds(Number(response.headers.get("retry-after")) > 0, "Retry-After says when");
      await refused(response, 429, "rate_limited");
      same((await known.post("/auth/login", ANN)).status, 200);
    },
  },
  {
    name: "the runtime's own clock and randomness do",
    run: async () => {
      const auth = plainAuth({ store: memory(), providers: [cheapPassword()] });
      const signUp = async (email: string) => {
        const input = JSON.stringify({ ...ANN, email, transport: "bearer" });
        return bodyOf(await auth.handle(posting("/auth/signup", input)));
      };
      const [ann, eve] = await Promise.all([signUp(ANN.email), signUp("eve@example.com")]);
      holds(ann["refresh_token"] !== eve["refresh_token"], "two sessions have two tokens");
      const headers = { authorization: `Bearer ${ann["access_token"]}` };
      const found = await auth.validate(new Request(ORIGIN, { headers }));
      same(found.ok && found.userId, within(ann, "user", "id"));
    },
  },
];
