import type { PublicUser, User } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import { describe, expect, test } from "vitest";
import { ANN, openServer, type ServerOptions } from "../fixtures/server.ts";
import { stores } from "../fixtures/stores.ts";
import { sidOf } from "../fixtures/tokens.ts";
import { counted } from "../fixtures/wrapped-store.ts";
import { migrated, open } from "../stores/files.ts";

type Options = ServerOptions<Record<string, never>, User>;

/** The calls that one `POST /refresh` and one refreshing `validate` make, each. */
async function callsOf(options: Options): Promise<readonly (readonly string[])[]> {
  const { store, calls } = counted(options.store ?? memory());
  const { auth, clock, signedIn } = openServer({ ...options, store });
  const ann = await signedIn();
  clock.advance(601);
  // The ring of keys is looked at once in a while, whatever comes: that is no part of a refresh.
  await auth.keys.jwks();
  calls.length = 0;
  expect((await ann.post("/auth/refresh")).headers.getSetCookie().length).toBe(2);
  const byRoute = [...calls];
  clock.advance(601);
  await auth.keys.jwks();
  calls.length = 0;
  const found = await auth.validate(ann.request("/page"));
  expect({ ok: found.ok, cookies: found.headers.getSetCookie().length }).toEqual({ ok: true, cookies: 2 });
  return [byRoute, [...calls]];
}

for (const { name, make } of stores) {
  describe(name, () => {
    test("validate of a live token makes no call, for both transports", async () => {
      const { store, calls } = counted(await make());
      const { auth, browser, signedIn } = openServer({ store });
      const ann = await signedIn();
      const { accessToken } = await auth.sessions.create(String((await auth.users.find(ANN))?.id), {
        transport: "bearer",
      });
      const headers = { authorization: `Bearer ${accessToken}` };
      // The first request of a process reads the list of ended sessions.
      await auth.validate(ann.request("/page"));
      calls.length = 0;
      for (let n = 0; n < 100; n++) {
        expect((await auth.validate(ann.request("/page"))).ok).toBe(true);
        expect((await auth.validate(browser().request("/page", { headers }))).ok).toBe(true);
      }
      expect(calls).toEqual([]);
    });

    test("validate of no token, or of a malformed one, makes no call", async () => {
      const { store, calls } = counted(await make());
      const { auth, browser } = openServer({ store });
      await auth.keys.jwks();
      calls.length = 0;
      for (const value of ["", "x", "lkr_x", "a.b.c", `lkr_${"A".repeat(92)}`, "=".repeat(5_000)]) {
        const cookie = `latchkey.access.3000=${value}; latchkey.refresh.3000=${value}`;
        expect((await auth.validate(browser().request("/page", { headers: { cookie } }))).ok).toBe(false);
      }
      expect(calls).toEqual([]);
    });

    test("one refresh is one call to sessions", async () => {
      expect(await callsOf({ store: await make() })).toEqual([["sessions.rotate"], ["sessions.rotate"]]);
    });

    test("a logout is one call for each session that it ends", async () => {
      const { store, calls } = counted(await make());
      const { browser, signedIn } = openServer({ store });
      const ann = await signedIn();
      const [mixed, other] = [browser(), browser()];
      await other.post("/auth/login", ANN);
      calls.length = 0;
      expect((await ann.post("/auth/logout")).status).toBe(200);
      expect(calls).toEqual(["sessions.end"]);
      await ann.post("/auth/login", ANN);
      const cookie = `latchkey.access.3000=${ann.cookie("access")}; latchkey.refresh.3000=${other.cookie("refresh")}`;
      calls.length = 0;
      await mixed.post("/auth/logout", undefined, { cookie });
      expect(calls).toEqual(["sessions.end", "sessions.end"]);
      for (const ended of [ann, other]) expect((await ended.post("/auth/refresh")).status).toBe(401);
    });

    test("a refresh reads no user, except for accessToken.claims, which always gets the user by one users.get", async () => {
      const alone = await callsOf({ store: await make() });
      expect(alone).toEqual([["sessions.rotate"], ["sessions.rotate"]]);
      const ofUser = { claims: (_: unknown, user: PublicUser) => ({ mail: user.email }) };
      const asked = await callsOf({ store: await make(), accessToken: ofUser });
      const both = ["sessions.rotate", "users.get"];
      expect(asked).toEqual([both, both]);
    });

    test("a session has one row after 1,000 rotations", async () => {
      const { store, calls } = counted(await make());
      const { auth, clock, events, signedIn } = openServer({ store });
      const ann = await signedIn();
      calls.length = 0;
      for (let n = 0; n < 1_000; n++) {
        clock.advance(60);
        expect((await ann.post("/auth/refresh")).headers.getSetCookie().length).toBe(2);
      }
      const written = calls.filter((call) => call.startsWith("sessions."));
      expect(written).toEqual(Array.from({ length: 1_000 }, () => "sessions.rotate"));
      const id = sidOf(ann.cookie("access"));
      const user = String((await auth.users.find(ANN))?.id);
      expect((await auth.sessions.list(user)).map((session) => session.id)).toEqual([id]);
      const last = events.findLast((event) => event.type === "session.refreshed");
      expect(last).toMatchObject({ outcome: "rotated", generation: 1_000 });
    });
  });
}

test("with a user store of the application, a refresh makes one users.get, so a disabled user gets no token", async () => {
  const { store, calls } = counted(memory());
  const elsewhere = counted(memory());
  const { auth, clock, signedIn } = openServer({ store, users: elsewhere.store.users });
  const ann = await signedIn();
  calls.length = 0;
  elsewhere.calls.length = 0;
  clock.advance(601);
  expect((await ann.post("/auth/refresh")).status).toBe(200);
  const ofSessions = calls.filter((call) => !call.startsWith("keys."));
  expect({ ofSessions, calls: elsewhere.calls }).toEqual({
    ofSessions: ["sessions.rotate"],
    calls: ["users.get"],
  });
  const user = String((await auth.users.find(ANN))?.id);
  const options = { ifVersion: null, raiseVersion: false };
  await elsewhere.store.users.update(user, { disabledAt: 1 }, options);
  expect((await ann.copy().post("/auth/refresh")).status).toBe(401);
  expect(await auth.sessions.list(user)).toEqual([]);
});

test("1,000 rotations leave one row in the table", async () => {
  const database = open(":memory:");
  const { clock, signedIn } = openServer({ store: await migrated(database) });
  const ann = await signedIn();
  for (let n = 0; n < 1_000; n++) {
    clock.advance(60);
    await ann.post("/auth/refresh");
  }
  const [row] = database.prepare("SELECT count(*) AS n, max(generation) AS g FROM latchkey_sessions").all();
  expect(row).toEqual({ n: 1, g: 1_000 });
});
