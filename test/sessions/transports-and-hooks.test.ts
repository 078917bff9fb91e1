import { createAuth } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import { describe, expect, test } from "vitest";
import { bodyOf, clearedIn, expectError, textOf } from "../fixtures/answers.ts";
import { ANN, BOB, openServer, SECRET, typesOf } from "../fixtures/server.ts";
import { stores } from "../fixtures/stores.ts";
import { claimsOf, sidOf } from "../fixtures/tokens.ts";

const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

for (const { name, make } of stores) {
  describe(name, () => {
    test("A4 a token made for one transport is refused on the other", async () => {
      const { auth, browser, signedIn } = openServer({ store: await make() });
      const ann = await signedIn();
      const app = await bodyOf(await browser().post("/auth/login", { ...ANN, transport: "bearer" }));
      const asHeader = browser().request("/page", { headers: bearer(ann.cookie("access")) });
      expect(await auth.validate(asHeader)).toMatchObject({ ok: false, code: "transport_mismatch" });
      const cookie = `latchkey.access.3000=${textOf(app, "access_token")}`;
      const asCookie = browser().request("/page", { headers: { cookie } });
      expect(await auth.validate(asCookie)).toMatchObject({ ok: false, code: "transport_mismatch" });

      const stolen = { refresh_token: ann.cookie("refresh") };
      await expectError(await browser().post("/auth/refresh", stolen), 401, "transport_mismatch");
      const planted = { cookie: `latchkey.refresh.3000=${textOf(app, "refresh_token")}` };
      const answer = await browser().post("/auth/refresh", undefined, planted);
      expect(answer.headers.getSetCookie()).toEqual([]);
      await expectError(answer, 401, "transport_mismatch");
      expect((await ann.post("/auth/refresh")).status).toBe(200);
    });

    test("A4 restrictTransport: false allows it", async () => {
      const { auth, browser, signedIn } = openServer({ store: await make(), restrictTransport: false });
      const ann = await signedIn();
      const request = browser().request("/page", { headers: bearer(ann.cookie("access")) });
      expect(await auth.validate(request)).toMatchObject({ ok: true, transport: "bearer" });
      const answer = await browser().post("/auth/refresh", { refresh_token: ann.cookie("refresh") });
      expect(Object.keys(await bodyOf(answer))).toContain("access_token");
    });

    test("A5 cookies of earlier names are read, and expired once the new ones are set", async () => {
      const store = await make();
      const before = openServer({ store, cookies: { names: { access: "old-a", refresh: "old-r" } } });
      const previous = [{ name: "old-a.3000" }, { name: "old-r.3000" }];
      const after = openServer({ store, clock: before.clock, cookies: { previous } });
      const ann = await before.signedIn();
      expect((await after.auth.validate(ann.request("/page"))).ok).toBe(true);
      before.clock.advance(601);
      const found = await after.auth.validate(ann.request("/page"));
      expect(found).toMatchObject({ ok: true, refreshed: true });
      expect(clearedIn(found.headers).map((line) => line.split("=")[0])).toEqual(["old-r.3000"]);
      ann.take(found.headers);
      expect(ann.names()).toEqual(["latchkey.access.3000", "latchkey.refresh.3000"]);
    });

    test("A5 logout clears the cookies of earlier names too", async () => {
      const store = await make();
      const before = openServer({ store, cookies: { names: { access: "old-a", refresh: "old-r" } } });
      const previous = [{ name: "old-a.3000" }, { name: "old-r.3000" }];
      const after = openServer({ store, clock: before.clock, cookies: { previous } });
      const ann = (await before.signedIn()).copy(after.auth);
      expect((await ann.post("/auth/logout")).status).toBe(200);
      expect(ann.names()).toEqual([]);
    });

    test("A6 lifetimes of one session", async () => {
      const { auth, clock } = openServer({ store: await make() });
      const { id } = await auth.users.create(ANN);
      const short = await auth.sessions.create(id, { accessLifetime: 120, refreshLifetime: 240 });
      expect([short.expiresIn, short.session.expiresAt]).toEqual([120, clock.now() / 1_000 + 240]);
      const endless = await auth.sessions.create(id, { refreshLifetime: null });
      expect([endless.expiresIn, endless.session.expiresAt]).toEqual([600, null]);
      const long = await auth.sessions.create(id, { refreshLifetime: 200 * 86_400 });
      expect(long.session.expiresAt).toBe(clock.now() / 1_000 + 200 * 86_400);
      const once = await auth.sessions.create(id, { refresh: false, accessLifetime: 30 });
      expect([once.refreshToken, once.expiresIn, once.headers.getSetCookie().length]).toEqual([null, 30, 1]);

      clock.advance(239);
      const kept = await auth.sessions.refresh(short.refreshToken ?? "");
      expect(kept).toMatchObject({ ok: true, outcome: "first", expiresIn: 120 });
      expect(await auth.sessions.verify(once.accessToken)).toMatchObject({ code: "unauthenticated" });
      clock.advance(10 * 365 * 86_400);
      expect((await auth.sessions.refresh(endless.refreshToken ?? "")).ok).toBe(true);
      expect(await auth.sessions.list(id)).toMatchObject([{ id: endless.session.id }]);
    });

    test("A6 lifetimes of one session that are unsound or no whole seconds start none", async () => {
      const { auth } = openServer({ store: await make() });
      const { id } = await auth.users.create(ANN);
      const unsound = [
        { accessLifetime: 119 },
        { accessLifetime: 86_401 },
        { accessLifetime: 600.5 },
        { accessLifetime: Number.NaN, refresh: false },
        { accessLifetime: -1, refresh: false },
        { refreshLifetime: 719 },
        { refreshLifetime: 7_200.5 },
        { refreshLifetime: Number.NaN },
        { refreshLifetime: Number.POSITIVE_INFINITY },
      ] as const;
      for (const options of unsound) {
        const created = auth.sessions.create(id, options);
        await expect(created, JSON.stringify(options)).rejects.toThrow(/^sessions\.create: /);
      }
      expect(await auth.sessions.list(id)).toEqual([]);
    });

    test("A6 without refresh tokens there are none, and a session is as long as its access token", async () => {
      const { auth, clock, signedIn } = openServer({ store: await make(), refreshToken: false });
      const ann = await signedIn();
      expect(ann.names()).toEqual(["latchkey.access.3000"]);
      clock.advance(599);
      expect((await auth.validate(ann.request("/page"))).ok).toBe(true);
      clock.advance(1);
      expect((await auth.validate(ann.request("/page"))).ok).toBe(false);
      await expectError(await ann.post("/auth/refresh"), 401, "unauthenticated");
    });

    test("A9 a token is verified by hand, for a transport", async () => {
      const { auth, clock } = openServer({ store: await make() });
      const { id } = await auth.users.create(ANN);
      const { accessToken, session } = await auth.sessions.create(id, { transport: "bearer", amr: ["otp"] });
      const expected = {
        ok: true,
        userId: id,
        transport: "bearer",
        session: { id: session.id, amr: ["otp"] },
      };
      expect(await auth.sessions.verify(accessToken)).toMatchObject(expected);
      expect(await auth.sessions.verify(accessToken, { transport: "bearer" })).toMatchObject(expected);
      const cookie = await auth.sessions.verify(accessToken, { transport: "cookie" });
      expect(cookie).toMatchObject({ ok: false, code: "transport_mismatch" });
      clock.advance(600);
      expect(await auth.sessions.verify(accessToken)).toMatchObject({ code: "unauthenticated" });
      for (const token of ["", "x", "a.b.c", `${accessToken} `, `${accessToken}=`]) {
        expect(await auth.sessions.verify(token)).toMatchObject({ ok: false, code: "unauthenticated" });
      }
    });

    test("A10 hooks run after sign-in, refresh and every validation, and may refuse", async () => {
      const seen: string[] = [];
      let refuse = "";
      const ran = (hook: string) => (): false | undefined => {
        seen.push(hook);
        return refuse === hook ? false : undefined;
      };
      const hooks = { signedIn: ran("signedIn"), refreshed: ran("refreshed"), validated: ran("validated") };
      const { auth, clock, events, signedIn, browser } = openServer({ store: await make(), hooks });
      const ann = await signedIn();
      clock.advance(601);
      expect((await auth.validate(ann.request("/page"))).ok).toBe(true);
      expect(seen).toEqual(["signedIn", "refreshed", "validated"]);
      refuse = "validated";
      expect(await auth.validate(ann.request("/page"))).toMatchObject({ ok: false, status: 401 });
      refuse = "refreshed";
      const refused = await ann.copy().post("/auth/refresh");
      expect(clearedIn(refused.headers).length).toBe(2);
      await expectError(refused, 401, "session_revoked");
      refuse = "signedIn";
      const answer = await browser().post("/auth/login", ANN);
      expect(answer.headers.getSetCookie()).toEqual([]);
      await expectError(answer, 401, "invalid_credentials");
      const user = await auth.users.find({ email: ANN.email });
      expect(await auth.sessions.list(user?.id ?? "")).toEqual([]);
      const reasons = events.flatMap((event) => (event.type === "session.ended" ? [event.reason] : []));
      // A sign-in that is refused starts no session, and ends none.
      expect(reasons).toEqual(["refused"]);
    });

    test("A10 hooks may change the result", async () => {
      const server = openServer({
        store: await make(),
        hooks: {
          signedIn: () => ({ context: { step: 1 } }),
          refreshed: () => ({ context: { step: 2 } }),
          validated: ({ session }) => ({
            context: { ...session.context, seen: true },
            claims: { plan: "gold" },
          }),
        },
      });
      const ann = await server.signedIn();
      expect(claimsOf(ann.cookie("access"))["context"]).toEqual({ step: 1 });
      await ann.post("/auth/refresh");
      expect(claimsOf(ann.cookie("access"))["context"]).toEqual({ step: 2 });
      const found = await server.auth.validate(ann.request("/page"));
      expect(found.ok && [found.session.context, found.claims["plan"]]).toEqual([
        { step: 2, seen: true },
        "gold",
      ]);
      const kept = await server.auth.sessions.get(sidOf(ann.cookie("access")));
      expect(kept?.context).toEqual({ step: 2 });
    });

    test("A10 a hook that throws is internal_error, and leaves no session behind a failed sign-in", async () => {
      const broken = (): never => {
        throw new Error(`broken ${ANN.password}`);
      };
      const { auth, events, browser } = openServer({ store: await make(), hooks: { signedIn: broken } });
      const { id } = await auth.users.create(ANN);
      await expectError(await browser().post("/auth/login", ANN), 500, "internal_error");
      expect(await auth.sessions.list(id)).toEqual([]);
      expect(typesOf(events)).toContain("internal_error");
      expect(JSON.stringify(events)).not.toContain(ANN.password);
    });

    test("A10 what the application throws at sign-in leaves no session behind", async () => {
      const broken = (): never => {
        throw new Error("broken");
      };
      const faults = [
        { accessToken: { claims: broken } },
        { accessToken: { claims: () => ({ sub: "another" }) } },
        { accessToken: { claims: () => ({ long: "x".repeat(4_000) }) } },
        { user: { serialize: broken } },
      ];
      for (const fault of faults) {
        const { auth, browser } = openServer({ store: await make(), ...fault });
        const { id } = await auth.users.create(ANN);
        await expectError(await browser().post("/auth/login", ANN), 500, "internal_error");
        expect(await auth.sessions.list(id)).toEqual([]);
      }
    });
  });
}

test("A4 a bearer header that is bad never falls back to a good cookie", async () => {
  const { auth, signedIn } = openServer();
  const ann = await signedIn();
  for (const value of ["Bearer x", "Bearer ", "Bearer", "bearer a b"]) {
    const found = await auth.validate(ann.request("/page", { headers: { authorization: value } }));
    expect(found).toMatchObject({ ok: false, code: "unauthenticated", status: 401 });
    expect(found.headers.get("www-authenticate")).toMatch(/^Bearer/);
  }
});

test("A5 several schemes, in any case", async () => {
  const { auth, browser } = openServer({ bearer: { schemes: ["Bearer", "Token"] } });
  const { id } = await auth.users.create(BOB);
  const { accessToken } = await auth.sessions.create(id, { transport: "bearer" });
  for (const scheme of ["Bearer", "bearer", "TOKEN"]) {
    const headers = { authorization: `${scheme} ${accessToken}` };
    expect((await auth.validate(browser().request("/page", { headers }))).ok).toBe(true);
  }
});

test("A6 sessions by hand come with the cookies of their transport", async () => {
  const auth = createAuth({ store: memory(), baseURL: "https://app.example.com", secret: SECRET });
  const { id } = await auth.users.create({ email: ANN.email });
  const byCookie = await auth.sessions.create(id);
  expect(byCookie.headers.getSetCookie().map((line) => line.split("=")[0])).toEqual([
    "__Host-Http-latchkey.access",
    "__Host-Http-latchkey.refresh",
  ]);
  expect((await auth.sessions.create(id, { transport: "bearer" })).headers.getSetCookie()).toEqual([]);
  await expect(auth.sessions.create("unknown")).rejects.toMatchObject({ code: "not_found" });
  await auth.users.disable(id);
  await expect(auth.sessions.create(id)).rejects.toMatchObject({ code: "invalid_credentials" });
});
