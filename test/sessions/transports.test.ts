import { createAuth } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import { describe, expect, test } from "vitest";
import { bodyOf, expectError, textOf } from "../fixtures/answers.ts";
import { ANN, BOB, openSecureServer, openServer, SECRET } from "../fixtures/server.ts";
import { stores } from "../fixtures/stores.ts";

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

    test("A4 restrictTransport: false allows a token of the other transport", async () => {
      const { auth, browser, signedIn } = openServer({ store: await make(), restrictTransport: false });
      const ann = await signedIn();
      const request = browser().request("/page", { headers: bearer(ann.cookie("access")) });
      expect(await auth.validate(request)).toMatchObject({ ok: true, transport: "bearer" });
      const answer = await browser().post("/auth/refresh", { refresh_token: ann.cookie("refresh") });
      expect(Object.keys(await bodyOf(answer))).toContain("access_token");
    });

    test("A9 sessions.verify checks a token for a transport", async () => {
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
  });
}

test("A4 a bad bearer header is refused, although the cookie is valid", async () => {
  const { auth, signedIn } = openServer();
  const ann = await signedIn();
  for (const value of ["Bearer x", "Bearer ", "Bearer", "bearer a b"]) {
    const found = await auth.validate(ann.request("/page", { headers: { authorization: value } }));
    expect(found).toMatchObject({ ok: false, code: "unauthenticated", status: 401 });
    expect(found.headers.get("www-authenticate")).toMatch(/^Bearer/);
  }
});

test("A5 several schemes are accepted, in upper and lower case", async () => {
  const { auth, browser } = openServer({ bearer: { schemes: ["Bearer", "Token"] } });
  const { id } = await auth.users.create(BOB);
  const { accessToken } = await auth.sessions.create(id, { transport: "bearer" });
  for (const scheme of ["Bearer", "bearer", "TOKEN"]) {
    const headers = { authorization: `${scheme} ${accessToken}` };
    expect((await auth.validate(browser().request("/page", { headers }))).ok).toBe(true);
  }
});

test("A6 sessions.create returns the cookies of its transport", async () => {
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

test("J4 a bearer token is accepted in the configured header and scheme only", async () => {
  const { auth, browser } = openServer({ bearer: { header: "x-session", schemes: ["Token", "JWT"] } });
  const app = browser();
  const joined = await bodyOf(await app.post("/auth/signup", { ...ANN, transport: "bearer" }));
  const token = textOf(joined, "access_token");
  const valid = async (headers: Record<string, string>): Promise<boolean> =>
    (await auth.validate(app.request("/page", { headers }))).ok;
  expect(await valid({ "x-session": `Token ${token}` })).toBe(true);
  expect(await valid({ "x-session": `jwt ${token}` })).toBe(true);
  expect(await valid({ "x-session": `Bearer ${token}` })).toBe(false);
  expect(await valid({ "x-session": token })).toBe(false);
  expect(await valid({ authorization: `Token ${token}` })).toBe(false);
  const answer = await app.get("/auth/me", { "x-session": `Token ${token}` });
  expect({ status: answer.status, vary: answer.headers.get("vary") }).toEqual({
    status: 200,
    vary: expect.stringMatching(/x-session/i),
  });
});

test("S1 a mobile app gets the tokens in the body, and no cookie", async () => {
  const { browser } = openSecureServer();
  const answer = await browser().post("/auth/signup", { ...ANN, transport: "bearer" });
  expect(answer.headers.getSetCookie()).toEqual([]);
  expect(await bodyOf(answer)).toMatchObject({
    access_token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
    token_type: "Bearer",
    expires_in: 600,
    refresh_token: expect.stringMatching(/^lkr_/),
  });
});
