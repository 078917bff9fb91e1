import { applyValidation } from "@latchkey/core";
import { ACCESS, ANN, BOB, ORIGIN, openSecureServer, REFRESH } from "../../fixtures/server.ts";
import { answered, cookiesOf, refused } from "../answers.ts";
import { type Case, holds, same } from "../case.ts";
import { LEASE } from "../requests.ts";

export const sessions: readonly Case[] = [
  {
    name: "validate returns the user of a request, and the code of a request without a session",
    run: async () => {
      const server = openSecureServer();
      const browser = await server.signedIn();
      const user = await server.auth.users.find({ email: ANN.email });
      const found = await server.auth.validate(browser.request("/page"));
      same(found.ok && [found.userId, found.transport, found.refreshed], [user?.id, "cookie", false]);
      const anonymous = await server.auth.validate(server.browser().request("/page"));
      same([anonymous.ok, !anonymous.ok && anonymous.code], [false, "unauthenticated"]);
    },
  },
  {
    name: "the digest of a secret is SHA-256 of a label, the session and the secret",
    run: async () => {
      const server = openSecureServer();
      const browser = await server.signedIn();
      const text = browser.cookie("refresh").slice(4).replaceAll("-", "+").replaceAll("_", "/");
      const token = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
      const [session] = await server.store.sessions.list(await userIdOf(server), server.clock.now() / 1_000);
      const label = new TextEncoder().encode("latchkey/family/v1\0");
      const secret = [...label, ...token.subarray(1, 17), ...token.subarray(21, 37)];
      const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", Uint8Array.from(secret)));
      const written = btoa(String.fromCharCode(...digest))
        .replaceAll("+", "-")
        .replaceAll("/", "_");
      same(session?.familyHash, written.replace("=", ""), "digest");
    },
  },
  {
    name: "validate refreshes on the way, and says which cookies to set",
    run: async () => {
      const server = openSecureServer();
      const browser = await server.signedIn();
      server.clock.advance(601);
      const found = await server.auth.validate(browser.request("/page"));
      same([found.ok, found.ok && found.refreshed], [true, true]);
      same(found.headers.getSetCookie().length, 2, "Set-Cookie lines");
      same(found.headers.get("cache-control"), "private, no-store");
      same(found.ok && [...found.cookies.keys()].sort(), [ACCESS, REFRESH]);
    },
  },
  {
    name: "applyValidation adds the cookies to a page, a redirect, an empty response and a streamed one",
    run: async () => {
      const server = openSecureServer();
      const browser = await server.signedIn();
      server.clock.advance(601);
      const found = await server.auth.validate(browser.request("/page"));
      const cookies = found.headers.getSetCookie();
      const streamed = new Blob(["streamed"]).stream();
      const responses: readonly (readonly [given: Response, text: string])[] = [
        [new Response("page", { headers: { vary: "Accept", "cdn-cache-control": "max-age=600" } }), "page"],
        [Response.redirect(`${ORIGIN}/next`, 303), ""],
        [new Response(null, { status: 204 }), ""],
        [new Response(null, { status: 304 }), ""],
        [new Response(streamed, { status: 201 }), "streamed"],
      ];
      for (const [given, text] of responses) {
        const { status } = given;
        const location = given.headers.get("location");
        const applied = applyValidation(given, found);
        same([applied.status, applied.headers.get("location")], [status, location], "status and location");
        same(applied.headers.getSetCookie(), cookies, "Set-Cookie lines");
        same(applied.headers.get("cache-control"), "private, no-store", "Cache-Control");
        same(applied.headers.get("cdn-cache-control"), null, "CDN-Cache-Control");
        holds(applied.headers.get("vary")?.endsWith("Cookie, Authorization") === true, "Vary is merged");
        same(await applied.text(), text, "body");
      }
    },
  },
  {
    name: "refresh gives a new refresh token after each lease",
    run: async () => {
      const server = openSecureServer();
      const browser = await server.signedIn();
      const seen = new Set([browser.cookie("refresh")]);
      for (let n = 0; n < 3; n++) {
        const response = await browser.post("/auth/refresh");
        same(cookiesOf(response).set, [ACCESS, REFRESH]);
        await answered(response, 200);
        seen.add(browser.cookie("refresh"));
        server.clock.advance(LEASE);
      }
      same(seen.size, 4, "different refresh tokens");
    },
  },
  {
    name: "50 refreshes at once give one new refresh token, and end no session",
    run: async () => {
      const server = openSecureServer();
      const browser = await server.signedIn();
      const tabs = Array.from({ length: 50 }, () => browser.copy());
      const answers = await Promise.all(tabs.map((tab) => tab.post("/auth/refresh")));
      same([...new Set(answers.map(({ status }) => status))], [200]);
      same(answers.filter((answer) => cookiesOf(answer).set.includes(REFRESH)).length, 1, "new tokens");
      same(
        answers.flatMap((answer) => cookiesOf(answer).gone),
        [],
      );
      for (const tab of tabs) await answered(await tab.get("/auth/me"), 200);
      server.clock.advance(LEASE);
      const latest = tabs.find((tab) => tab.cookie("refresh") !== browser.cookie("refresh"));
      holds(latest !== undefined, "one tab holds the new token");
      await answered(await (latest ?? browser).post("/auth/refresh"), 200);
    },
  },
  {
    name: "a lost answer costs nothing: an access token in the lease, a new refresh token after it",
    run: async () => {
      const server = openSecureServer();
      const browser = await server.signedIn();
      await browser.copy().post("/auth/refresh");
      same(cookiesOf(await browser.post("/auth/refresh")).set, [ACCESS]);
      server.clock.advance(LEASE);
      same(cookiesOf(await browser.post("/auth/refresh")).set, [ACCESS, REFRESH]);
      await answered(await browser.get("/auth/me"), 200);
    },
  },
  {
    name: "a superseded refresh token ends its session, and leaves the user's other device alone",
    run: async () => {
      const server = openSecureServer();
      const [victim, phone] = [await server.signedIn(), await server.signedIn()];
      const thief = victim.copy();
      for (let n = 0; n < 2; n++) {
        await answered(await victim.post("/auth/refresh"), 200);
        server.clock.advance(LEASE);
      }
      const stolen = await thief.post("/auth/refresh");
      same(cookiesOf(stolen).set, []);
      await refused(stolen, 401, "refresh_token_reused");
      await refused(await victim.post("/auth/refresh"), 401, "session_revoked");
      await answered(await phone.post("/auth/refresh"), 200);
      await answered(await phone.get("/auth/me"), 200);
    },
  },
  {
    name: "logout ends the session and clears both cookies",
    run: async () => {
      const server = openSecureServer();
      const browser = await server.signedIn();
      const before = browser.copy();
      const response = await browser.post("/auth/logout");
      same(cookiesOf(response).gone.sort(), [ACCESS, REFRESH]);
      await answered(response, 200);
      await refused(await browser.get("/auth/me"), 401, "unauthenticated");
      await refused(await before.post("/auth/refresh"), 401, "session_revoked");
    },
  },
  {
    name: "devices are listed, and one signs another out",
    run: async () => {
      const server = openSecureServer();
      const [laptop, phone] = [await server.signedIn(), await server.signedIn()];
      const body = await answered(await laptop.get("/auth/sessions"), 200);
      const listed = body["sessions"] as readonly { readonly id: string; readonly current: boolean }[];
      same(listed.map(({ current }) => current).sort(), [false, true]);
      const other = listed.find(({ current }) => !current)?.id ?? "";
      same((await laptop.send(`/auth/sessions/${other}`, { method: "DELETE" })).status, 204);
      await refused(await phone.post("/auth/refresh"), 401, "session_revoked");
      await refused(
        await (await server.signedIn(BOB)).send(`/auth/sessions/${other}`, { method: "DELETE" }),
        404,
        "not_found",
      );
    },
  },
  {
    name: "a store that is down is 503, and clears no cookie",
    run: async () => {
      const server = openSecureServer();
      const browser = await server.signedIn();
      const broken = { ...server.store.sessions, rotate: () => Promise.reject(new Error("down")) };
      const down = openSecureServer({
        store: { ...server.store, sessions: broken },
        env: { clock: server.clock.now },
      });
      const response = await browser.copy(down.auth).post("/auth/refresh");
      same(response.headers.getSetCookie(), []);
      await refused(response, 503, "store_unavailable");
    },
  },
];

async function userIdOf({ auth }: ReturnType<typeof openSecureServer>): Promise<string> {
  return (await auth.users.find({ email: ANN.email }))?.id ?? "";
}
