import { answered, cookiesOf, refused } from "../answers.ts";
import { type Case, holds, same } from "../case.ts";
import { ACCESS, ANN, BOB, LEASE, openWorld, REFRESH } from "../stage.ts";

export const sessions: readonly Case[] = [
  {
    name: "validate returns the user of a request, and the code of a request without a session",
    run: async () => {
      const world = openWorld();
      const browser = await world.signedIn();
      const user = await world.auth.users.find({ email: ANN.email });
      const found = await world.auth.validate(browser.request("/page"));
      same(found.ok && [found.userId, found.transport, found.refreshed], [user?.id, "cookie", false]);
      const anonymous = await world.auth.validate(world.browser().request("/page"));
      same([anonymous.ok, !anonymous.ok && anonymous.code], [false, "unauthenticated"]);
    },
  },
  {
    name: "validate refreshes on the way, and says which cookies to set",
    run: async () => {
      const world = openWorld();
      const browser = await world.signedIn();
      world.clock.advance(601);
      const found = await world.auth.validate(browser.request("/page"));
      same([found.ok, found.ok && found.refreshed], [true, true]);
      same(found.headers.getSetCookie().length, 2, "Set-Cookie lines");
      same(found.headers.get("cache-control"), "private, no-store");
      same(found.ok && [...found.cookies.keys()].sort(), [ACCESS, REFRESH]);
    },
  },
  {
    name: "refresh gives a new refresh token after each lease",
    run: async () => {
      const world = openWorld();
      const browser = await world.signedIn();
      const seen = new Set([browser.cookie("refresh")]);
      for (let n = 0; n < 3; n++) {
        const response = await browser.post("/auth/refresh");
        same(cookiesOf(response).set, [ACCESS, REFRESH]);
        await answered(response, 200);
        seen.add(browser.cookie("refresh"));
        world.clock.advance(LEASE);
      }
      same(seen.size, 4, "different refresh tokens");
    },
  },
  {
    name: "50 refreshes at once give one new refresh token, and end no session",
    run: async () => {
      const world = openWorld();
      const browser = await world.signedIn();
      const tabs = Array.from({ length: 50 }, () => browser.copy());
      const answers = await Promise.all(tabs.map((tab) => tab.post("/auth/refresh")));
      same([...new Set(answers.map(({ status }) => status))], [200]);
      same(answers.filter((answer) => cookiesOf(answer).set.includes(REFRESH)).length, 1, "new tokens");
      same(
        answers.flatMap((answer) => cookiesOf(answer).gone),
        [],
      );
      for (const tab of tabs) await answered(await tab.get("/auth/me"), 200);
      world.clock.advance(LEASE);
      const latest = tabs.find((tab) => tab.cookie("refresh") !== browser.cookie("refresh"));
      holds(latest !== undefined, "one tab holds the new token");
      await answered(await (latest ?? browser).post("/auth/refresh"), 200);
    },
  },
  {
    name: "a lost answer costs nothing: an access token in the lease, a new refresh token after it",
    run: async () => {
      const world = openWorld();
      const browser = await world.signedIn();
      await browser.copy().post("/auth/refresh");
      same(cookiesOf(await browser.post("/auth/refresh")).set, [ACCESS]);
      world.clock.advance(LEASE);
      same(cookiesOf(await browser.post("/auth/refresh")).set, [ACCESS, REFRESH]);
      await answered(await browser.get("/auth/me"), 200);
    },
  },
  {
    name: "a superseded refresh token ends its session, and leaves the user's other device alone",
    run: async () => {
      const world = openWorld();
      const [victim, phone] = [await world.signedIn(), await world.signedIn()];
      const thief = victim.copy();
      for (let n = 0; n < 2; n++) {
        await answered(await victim.post("/auth/refresh"), 200);
        world.clock.advance(LEASE);
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
      const world = openWorld();
      const browser = await world.signedIn();
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
      const world = openWorld();
      const [laptop, phone] = [await world.signedIn(), await world.signedIn()];
      const body = await answered(await laptop.get("/auth/sessions"), 200);
      const listed = body["sessions"] as readonly { readonly id: string; readonly current: boolean }[];
      same(listed.map(({ current }) => current).sort(), [false, true]);
      const other = listed.find(({ current }) => !current)?.id ?? "";
      same((await laptop.send(`/auth/sessions/${other}`, { method: "DELETE" })).status, 204);
      await refused(await phone.post("/auth/refresh"), 401, "session_revoked");
      await refused(
        await (await world.signedIn(BOB)).send(`/auth/sessions/${other}`, { method: "DELETE" }),
        404,
        "not_found",
      );
    },
  },
  {
    name: "a store that is down is 503, and clears no cookie",
    run: async () => {
      const world = openWorld();
      const browser = await world.signedIn();
      const broken = { ...world.store.sessions, rotate: () => Promise.reject(new Error("down")) };
      const down = openWorld({
        store: { ...world.store, sessions: broken },
        env: { clock: world.clock.now },
      });
      const response = await browser.copy(down.auth).post("/auth/refresh");
      same(response.headers.getSetCookie(), []);
      await refused(response, 503, "store_unavailable");
    },
  },
];
