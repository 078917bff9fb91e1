import { createAuth } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import { password, scryptHasher } from "@latchkey/core/password";
import { describe, expect, test } from "vitest";
import { bodyOf, expectError, memberOf } from "../fixtures/answers.ts";
import { ANN, cheapPassword, openSecureServer, openServer } from "../fixtures/server.ts";
import { stores } from "../fixtures/stores.ts";

const SPA = "https://spa.example.com";

for (const { name, make } of stores) {
  test(`J2 each handler, mounted on any path, answers as its route does, on ${name}`, async () => {
    const { auth, browser } = openServer({ store: await make() });
    const { handlers } = auth;
    const mounted = new Map([
      ["/account/join", handlers.signup],
      ["/account/enter", handlers.login],
      ["/account/again", handlers.reauthenticate],
      ["/account/renew", handlers.refresh],
      ["/account/leave", handlers.logout],
      ["/whoami", handlers.me],
      ["/now", handlers.session],
      ["/devices", handlers.sessions],
      ["/keys.json", handlers.jwks],
    ]);
    const ann = browser();
    const send = async (method: string, path: string, body?: unknown): Promise<Response> => {
      const handler = mounted.get(path) ?? handlers.revokeSession;
      const answer = await handler(ann.request(path, { method, ...(body === undefined ? {} : { body }) }));
      ann.take(answer.headers);
      return answer;
    };
    expect((await send("POST", "/account/join", ANN)).status).toBe(201);
    expect((await send("POST", "/account/enter", ANN)).status).toBe(200);
    expect((await send("POST", "/account/again", { password: ANN.password })).status).toBe(200);
    expect((await send("POST", "/account/renew")).status).toBe(200);
    expect(await bodyOf(await send("GET", "/whoami"))).toMatchObject({ email: ANN.email });
    const { id } = memberOf(await bodyOf(await send("GET", "/now")), "session");
    expect(await bodyOf(await send("GET", "/devices"))).toMatchObject({ sessions: [{ id, current: true }] });
    expect(await bodyOf(await send("GET", "/keys.json"))).toHaveProperty("keys");
    expect((await send("DELETE", `/device/${id}`)).status).toBe(204);
    expect(ann.names()).toEqual([]);
    expect((await send("POST", "/account/leave")).status).toBe(200);
    await expectError(await send("GET", "/account/leave"), 405, "method_not_allowed");
  });
}

test("J3 a user can sign in with a user name", async () => {
  const { browser } = openServer({ providers: [cheapPassword("username")] });
  const joined = await browser().post("/auth/signup", { username: "Ann", password: ANN.password });
  expect(joined.status).toBe(201);
  expect(memberOf(await bodyOf(joined), "user")).toEqual({
    id: expect.any(String),
    username: "ann",
    name: null,
    picture: null,
  });
  expect((await browser().post("/auth/login", { username: "ANN", password: ANN.password })).status).toBe(200);
  await expectError(await browser().post("/auth/login", ANN), 400, "invalid_request");
});

test("J3 a hash of lower cost is renewed once at sign-in, and the password stays valid", async () => {
  const before = openServer();
  await before.auth.users.create(ANN);
  const hash = async (): Promise<unknown> =>
    (await before.store.users.find({ email: ANN.email }))?.passwordHash;
  const old = await hash();
  const risen = password({ hasher: scryptHasher({ cost: { ln: 5, r: 8, p: 1 } }) });
  const { browser, events } = openServer({ store: before.store, providers: [risen] });
  for (let n = 0; n < 3; n++) expect((await browser().post("/auth/login", ANN)).status).toBe(200);
  expect(await hash()).toMatch(/^\$scrypt\$ln=5,r=8,p=1\$/);
  expect(await hash()).not.toBe(old);
  expect(events.filter(({ type }) => type === "user.password_rehashed").length).toBe(1);
});

test("J10 a wrong password, a missing refresh token and a missing session have different codes", async () => {
  const { auth, browser } = openServer();
  await auth.users.create(ANN);
  const wrong = { ...ANN, password: "not the right one" };
  await expectError(await browser().post("/auth/login", wrong), 401, "invalid_credentials");
  const unknown = { ...ANN, email: "nobody@example.com" };
  await expectError(await browser().post("/auth/login", unknown), 401, "invalid_credentials");
  await expectError(await browser().post("/auth/signup", ANN), 409, "identifier_taken");
  await expectError(
    await browser().post("/auth/signup", { ...unknown, password: "short" }),
    422,
    "weak_password",
  );
  await expectError(await browser().post("/auth/refresh"), 401, "unauthenticated");
  const bad = { refresh_token: "lkr_nonsense" };
  await expectError(await browser().post("/auth/refresh", bad), 401, "refresh_token_invalid");
  await expectError(await browser().get("/auth/me"), 401, "unauthenticated");
});

test("S5 user.serialize decides what /auth/me shows of a user", async () => {
  const { auth, signedIn, browser } = openServer({
    user: { serialize: ({ id, email }) => ({ id, mail: email, role: "reader" }) },
  });
  const ann = await signedIn();
  const user = await auth.users.find({ email: ANN.email });
  const shown = { id: user?.id, mail: ANN.email, role: "reader" };
  expect(await bodyOf(await ann.get("/auth/me"))).toEqual(shown);
  expect(memberOf(await bodyOf(await ann.get("/auth/session")), "user")).toEqual(shown);
  expect(memberOf(await bodyOf(await browser().post("/auth/login", ANN)), "user")).toEqual(shown);
});

test("S5 without user.serialize, /auth/me shows a fixed list of members", async () => {
  const { signedIn } = openServer();
  const body = await bodyOf(await (await signedIn()).get("/auth/me"));
  expect(body).toEqual({ id: expect.any(String), email: ANN.email, name: null, picture: null });
});

test("S6 a store and a provider are enough on localhost, but not elsewhere", async () => {
  const auth = createAuth({ store: memory(), providers: [cheapPassword()] });
  const post = (origin: string): Request =>
    new Request(`${origin}/auth/signup`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(ANN),
    });
  const elsewhere = await auth.handle(post("https://app.example.com"));
  expect(String((await bodyOf(elsewhere.clone()))["message"])).toContain("baseURL");
  await expectError(elsewhere, 400, "invalid_request");
  for (const host of [
    "http://localhost:3000",
    "http://app.localhost",
    "http://127.0.0.1:8080",
    "http://[::1]",
  ]) {
    const answer = await auth.handle(new Request(`${host}/auth/me`));
    await expectError(answer, 401, "unauthenticated");
  }
  expect((await auth.handle(post("http://localhost:3000"))).status).toBe(201);
});

test("S7 login accepts JSON and answers 200 with cookies, and a slash at the end leads to the same route", async () => {
  const { auth, browser } = openServer();
  await auth.users.create(ANN);
  for (const path of ["/auth/login", "/auth/login/"]) {
    const answer = await browser().post(path, ANN);
    expect({ status: answer.status, cookies: answer.headers.getSetCookie().length }).toEqual({
      status: 200,
      cookies: 2,
    });
    const body = await bodyOf(answer);
    expect(Object.keys(body)).toEqual(expect.arrayContaining(["session", "user"]));
    expect(Object.keys(body).join()).not.toContain("token");
  }
  for (const path of [
    "/auth//login",
    "/auth/login//",
    "/auth/%6cogin",
    "/auth/Login",
    "/auth/x/../login%2f",
  ]) {
    await expectError(await browser().post(path, ANN), 404, "not_found");
  }
});

test("S10 a trusted origin can send requests with credentials; CORS headers name it exactly, never *", async () => {
  const { browser } = openSecureServer({ trustedOrigins: [SPA] });
  const cors = { origin: SPA, "sec-fetch-site": "cross-site" };
  const answer = await browser().post("/auth/signup", ANN, cors);
  expect(answer.status).toBe(201);
  expect(answer.headers.get("access-control-allow-origin")).toBe(SPA);
  expect(answer.headers.get("access-control-allow-credentials")).toBe("true");
  expect(answer.headers.get("vary")).toContain("Origin");
  const asked = { ...cors, "access-control-request-method": "DELETE" };
  const preflight = await browser().send("/auth/sessions/x", { method: "OPTIONS", headers: asked });
  expect(preflight.status).toBe(204);
  expect(preflight.headers.get("access-control-allow-methods")).toContain("DELETE");
  expect(preflight.headers.get("access-control-allow-headers")).toMatch(/content-type/i);
  for (const origin of [`${SPA}.evil`, "https://evil-spa.example.com", `${SPA}:444`, "null"]) {
    const refused = await browser().get("/auth/me", { origin, "sec-fetch-site": "cross-site" });
    expect(refused.headers.has("access-control-allow-origin")).toBe(false);
    expect(refused.headers.get("vary")).toContain("Origin");
  }
});

test("S10 a preflight allows the configured bearer header", async () => {
  const { browser } = openSecureServer({ trustedOrigins: [SPA], bearer: { header: "x-token" } });
  const headers = { origin: SPA, "access-control-request-method": "GET" };
  const answer = await browser().send("/auth/me", { method: "OPTIONS", headers });
  expect(answer.headers.get("access-control-allow-headers")?.toLowerCase()).toContain("x-token");
});

test("S11 an unsafe request from another site is refused, by the routes and by validate, and changes nothing", async () => {
  const { auth, clock, events, signedIn } = openSecureServer();
  const ann = await signedIn();
  clock.advance(601);
  const before = { refresh: ann.cookie("refresh"), events: events.length };
  const strangers = [
    { "sec-fetch-site": "cross-site", origin: "https://evil.example" },
    { "sec-fetch-site": "same-site", origin: "https://other.example.com" },
    { "sec-fetch-site": "same-origin", origin: "https://evil.example" },
    { "sec-fetch-site": "Same-Origin" },
    { "sec-fetch-site": "cross-site", origin: "null" },
  ];
  for (const headers of strangers) {
    for (const path of ["/auth/refresh", "/auth/logout", "/auth/login", "/auth/signup"]) {
      await expectError(await ann.post(path, ANN, headers), 403, "csrf_rejected");
    }
    const found = await auth.validate(ann.request("/transfer", { method: "POST", headers }));
    expect(found).toMatchObject({ ok: false, code: "csrf_rejected", status: 403 });
    expect(found.headers.getSetCookie()).toEqual([]);
  }
  expect({ refresh: ann.cookie("refresh"), events: events.length }).toEqual(before);
  expect((await auth.validate(ann.request("/transfer", { method: "POST" }))).ok).toBe(true);
});

describe("GET /session without a session", () => {
  const ANONYMOUS = { session: null, user: null };

  test("answers a visitor who never signed in with 200 and nulls", async () => {
    const answer = await openServer().browser().get("/auth/session");
    expect({ status: answer.status, body: await bodyOf(answer) }).toEqual({ status: 200, body: ANONYMOUS });
    expect(answer.headers.get("www-authenticate")).toBeNull();
    expect(answer.headers.get("cache-control")).toContain("no-store");
    expect(answer.headers.getSetCookie()).toEqual([]);
  });

  test("answers a browser whose session ended elsewhere with nulls, then deletes its cookies", async () => {
    const { auth, clock, signedIn } = openServer({ revocation: "store" });
    const ann = await signedIn();
    const { id } = memberOf(await bodyOf(await ann.get("/auth/session")), "session");
    await auth.sessions.revoke(String(id));
    const soon = await ann.get("/auth/session");
    expect({ body: await bodyOf(soon), cookies: ann.names().length }).toEqual({
      body: ANONYMOUS,
      cookies: 2,
    });
    clock.advance(601);
    const later = await ann.get("/auth/session");
    expect({ status: later.status, body: await bodyOf(later), cookies: ann.names() }).toEqual({
      status: 200,
      body: { ...ANONYMOUS, error: "session_revoked" },
      cookies: [],
    });
  });

  test("refreshes an expired access token as before", async () => {
    const { clock, signedIn } = openServer();
    const ann = await signedIn();
    clock.advance(601);
    expect(await bodyOf(await ann.get("/auth/session"))).toMatchObject({ user: { email: ANN.email } });
  });

  test("answers a bearer client whose token is not valid with 401", async () => {
    const answer = await openServer().browser().get("/auth/session", { authorization: "Bearer x" });
    expect(answer.headers.get("www-authenticate")).toBe('Bearer error="invalid_token"');
    await expectError(answer, 401, "unauthenticated");
  });
});
