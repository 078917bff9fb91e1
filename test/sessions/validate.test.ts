import { describe, expect, test } from "vitest";
import { expectError } from "../fixtures/answers.ts";
import { openServer } from "../fixtures/server.ts";
import { stores } from "../fixtures/stores.ts";
import { counted } from "../fixtures/wrapped-store.ts";

for (const { name, make } of stores) {
  describe(name, () => {
    test("S2 an expired access token is refreshed by validate, which returns the new cookies", async () => {
      const { auth, clock, signedIn } = openServer({ store: await make() });
      const ann = await signedIn();
      const [before, refreshBefore] = [ann.cookie("access"), ann.cookie("refresh")];
      clock.advance(601);
      const found = await auth.validate(ann.request("/page"));
      expect(found).toMatchObject({ ok: true, refreshed: true, transport: "cookie" });
      expect(found.headers.getSetCookie().length).toBe(2);
      expect(found.headers.get("cache-control")).toBe("private, no-store");
      ann.take(found.headers);
      expect(ann.cookie("access")).not.toBe(before);
      expect(ann.cookie("refresh")).not.toBe(refreshBefore);
      expect(await auth.validate(ann.request("/page"))).toMatchObject({ ok: true, refreshed: false });
    });

    test("S2 an access token near its end is refreshed before it expires, and a fresh one is not", async () => {
      const { auth, clock, signedIn } = openServer({ store: await make() });
      const ann = await signedIn();
      clock.advance(539);
      const fresh = await auth.validate(ann.request("/page"));
      expect(fresh).toMatchObject({ ok: true, refreshed: false });
      expect(fresh.headers.getSetCookie()).toEqual([]);
      clock.advance(1);
      const near = await auth.validate(ann.request("/page"));
      expect(near).toMatchObject({ ok: true, refreshed: true });
      expect(near.ok && near.cookies.get("latchkey.access.3000")).toMatch(/^ey/);
    });

    test("S2 the routes refresh as validate does", async () => {
      const { clock, signedIn } = openServer({ store: await make() });
      const ann = await signedIn();
      clock.advance(601);
      const answer = await ann.get("/auth/me");
      expect({ status: answer.status, cookies: answer.headers.getSetCookie().length }).toEqual({
        status: 200,
        cookies: 2,
      });
      expect((await ann.get("/auth/me")).headers.getSetCookie()).toEqual([]);
    });

    test("T7 a live access token costs no call to the store, and one call with revocation: store", async () => {
      const { store, calls } = counted(await make());
      const { auth, signedIn, clock } = openServer({ store });
      const ann = await signedIn();
      await auth.validate(ann.request("/page"));
      calls.length = 0;
      for (let n = 0; n < 10; n++) expect((await auth.validate(ann.request("/page"))).ok).toBe(true);
      expect(calls).toEqual([]);
      const strict = openServer({ store, clock, revocation: "store" });
      await strict.auth.validate(ann.request("/page"));
      calls.length = 0;
      expect((await strict.auth.validate(ann.request("/page"))).ok).toBe(true);
      expect(calls).toEqual(["sessions.get"]);
      await ann.copy().post("/auth/logout");
      expect(await strict.auth.validate(ann.request("/page"))).toMatchObject({ code: "session_revoked" });
      expect((await auth.validate(ann.request("/page"))).ok).toBe(true);
    });
  });
}

test("J1 a request without a session or with another scheme gets an answer, and validate does not throw", async () => {
  const { auth, browser } = openServer();
  const anonymous = browser();
  const foreign = { authorization: "Basic YW5uOnB3" };
  for (const request of [anonymous.request("/page"), anonymous.request("/page", { headers: foreign })]) {
    const found = await auth.validate(request);
    expect(found).toMatchObject({ ok: false, code: "unauthenticated", status: 401 });
    expect(found.headers.getSetCookie()).toEqual([]);
    if (!found.ok) await expectError(found.response(), 401, "unauthenticated");
  }
});

test("J1 another scheme of authentication can be used beside the cookies", async () => {
  const { auth, signedIn } = openServer();
  const ann = await signedIn();
  const request = ann.request("/page", { headers: { authorization: "Basic YW5uOnB3" } });
  expect(await auth.validate(request)).toMatchObject({ ok: true, transport: "cookie" });
});
