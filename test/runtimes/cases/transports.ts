import { ACCESS, ANN, ORIGIN, openSecureServer, REFRESH } from "../../fixtures/server.ts";
import { answered, refused, textOf } from "../answers.ts";
import { type Case, holds, same } from "../case.ts";
import { bearerOf, bearing } from "../requests.ts";

const PLACE = "Path=/; Secure; HttpOnly; SameSite=Lax";

export const transports: readonly Case[] = [
  {
    name: "cookies are these bytes, one line each",
    run: async () => {
      const response = await openSecureServer().browser().post("/auth/signup", ANN);
      const lines = response.headers.getSetCookie();
      const shapes = lines.map((line) => line.replace(/=[A-Za-z0-9._-]+;/, "=…;"));
      same(shapes, [`${ACCESS}=…; Max-Age=600; ${PLACE}`, `${REFRESH}=…; Max-Age=1209600; ${PLACE}`]);
      const sent = new Response(response.body, { status: response.status, headers: response.headers });
      same(sent.headers.getSetCookie(), lines, "the lines of a copy");
    },
  },
  {
    name: "deleted cookies are these bytes",
    run: async () => {
      const response = await (await openSecureServer().signedIn()).post("/auth/logout");
      const lines = response.headers.getSetCookie().sort();
      same(lines, [`${ACCESS}=; Max-Age=0; ${PLACE}`, `${REFRESH}=; Max-Age=0; ${PLACE}`]);
    },
  },
  {
    name: "on localhost cookies carry the port, and no Secure",
    run: async () => {
      const server = openSecureServer({ baseURL: "http://localhost:3000" });
      const lines = (
        await server.browser("http://localhost:3000").post("/auth/signup", ANN)
      ).headers.getSetCookie();
      same(
        lines.map((line) => line.split("=", 1)[0]),
        ["latchkey.access.3000", "latchkey.refresh.3000"],
      );
      holds(
        lines.every((line) => line.includes("; HttpOnly") && !line.includes("Secure")),
        "HttpOnly, not Secure",
      );
    },
  },
  {
    name: "among other cookies ours are found, whatever the others hold",
    run: async () => {
      const server = openSecureServer();
      const browser = await server.signedIn();
      const ours = browser.request("/auth/me").headers.get("cookie") ?? "";
      const cookie = `theme="dark; a=b"; =; ;; ${ours}; __proto__=x; latin=caf\u00e9`;
      await answered(await browser.get("/auth/me", { cookie }), 200);
    },
  },
  {
    name: "bearer: the tokens are in the body, and no cookies come",
    run: async () => {
      const server = openSecureServer();
      const response = await server.browser().post("/auth/signup", { ...ANN, transport: "bearer" });
      same(response.headers.getSetCookie(), []);
      const body = await answered(response, 201);
      same([body["token_type"], body["expires_in"]], ["Bearer", 600]);
      const me = await server.auth.handle(bearing(textOf(body, "access_token"), "/auth/me"));
      same((await answered(me, 200))["email"], ANN.email);
      const found = await server.auth.validate(bearing(textOf(body, "access_token")));
      same(found.ok && found.transport, "bearer");
    },
  },
  {
    name: "bearer: refresh and logout by the token in the body",
    run: async () => {
      const server = openSecureServer();
      const { refresh } = await bearerOf(server, "/auth/signup");
      const next = await answered(
        await server.browser().post("/auth/refresh", { refresh_token: refresh }),
        200,
      );
      holds(next["refresh_token"] !== refresh, "another refresh token came");
      const newest = { refresh_token: next["refresh_token"] };
      await answered(await server.browser().post("/auth/logout", newest), 200);
      await refused(await server.browser().post("/auth/refresh", newest), 401, "session_revoked");
    },
  },
  {
    name: "a token made for one transport is refused on the other",
    run: async () => {
      const server = openSecureServer();
      const browser = await server.signedIn();
      await refused(
        await server.auth.handle(bearing(browser.cookie("access"), "/auth/me")),
        401,
        "transport_mismatch",
      );
      const { access } = await bearerOf(server, "/auth/login");
      const headers = { cookie: `${ACCESS}=${access}` };
      await refused(
        await server.auth.handle(new Request(`${ORIGIN}/auth/me`, { headers })),
        401,
        "transport_mismatch",
      );
    },
  },
];
