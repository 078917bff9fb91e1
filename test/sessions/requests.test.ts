import { days, minutes } from "@latchkey/core";
import { password, scryptHasher } from "@latchkey/core/password";
import { describe, expect, test } from "vitest";
import { bodyOf, clearedIn, expectError, memberOf, textOf } from "../fixtures/answers.ts";
import { ANN, cheapPassword, openServer, SECRET } from "../fixtures/server.ts";
import { stores } from "../fixtures/stores.ts";
import { headerOf } from "../fixtures/tokens.ts";

const PRODUCTION = { baseURL: "https://app.example.com", secret: SECRET } as const;

test("J1 an anonymous request, or one of another scheme, is an answer and never a throw", async () => {
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

test("J1 another scheme of authentication may stay beside the cookies", async () => {
  const { auth, signedIn } = openServer();
  const ann = await signedIn();
  const request = ann.request("/page", { headers: { authorization: "Basic YW5uOnB3" } });
  expect(await auth.validate(request)).toMatchObject({ ok: true, transport: "cookie" });
});

for (const { name, make } of stores) {
  test(`J2 each handler by itself, mounted on any path, does what its route does, on ${name}`, async () => {
    const { auth, browser } = openServer({ store: await make() });
    const { handlers } = auth;
    const mounted = new Map([
      ["/account/join", handlers.signup],
      ["/account/enter", handlers.login],
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

test("J3 sign-in by user name", async () => {
  const { browser } = openServer({ providers: [cheapPassword("username")] });
  const joined = await browser().post("/auth/signup", { username: "Ann", password: ANN.password });
  expect(joined.status).toBe(201);
  expect(memberOf(await bodyOf(joined), "user")).toEqual({
    id: expect.any(String),
    username: "ann",
    name: null,
  });
  expect((await browser().post("/auth/login", { username: "ANN", password: ANN.password })).status).toBe(200);
  await expectError(await browser().post("/auth/login", ANN), 400, "invalid_request");
});

test("J3 a hash of lower cost is renewed at sign-in, once, and the password stays", async () => {
  const before = openServer();
  await before.auth.users.create(ANN);
  const hash = async (): Promise<unknown> => (await before.auth.users.find(ANN))?.passwordHash;
  const old = await hash();
  const risen = password({ hasher: scryptHasher({ cost: { ln: 5, r: 8, p: 1 } }) });
  const { browser, events } = openServer({ store: before.store, providers: [risen] });
  for (let n = 0; n < 3; n++) expect((await browser().post("/auth/login", ANN)).status).toBe(200);
  expect(await hash()).toMatch(/^\$scrypt\$ln=5,r=8,p=1\$/);
  expect(await hash()).not.toBe(old);
  expect(events.filter(({ type }) => type === "user.password_rehashed").length).toBe(1);
});

test("J4 a bearer token in the configured header and scheme, and in no other", async () => {
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
  expect([answer.status, answer.headers.get("vary")]).toEqual([200, expect.stringMatching(/x-session/i)]);
});

test("J5 with refreshPath the refresh cookie goes to the routes only, and validate cannot refresh", async () => {
  const { auth, clock, signedIn } = openServer({ ...PRODUCTION, cookies: { refreshPath: "/auth" } });
  const ann = await signedIn();
  expect(ann.names("/page")).toEqual(["__Host-Http-latchkey.access"]);
  expect(ann.names("/authors")).toEqual(["__Host-Http-latchkey.access"]);
  expect(ann.names("/auth/refresh")).toContain("__Secure-latchkey.refresh");
  clock.advance(601);
  expect(await auth.validate(ann.request("/page"))).toMatchObject({ ok: false, code: "unauthenticated" });
  expect((await ann.post("/auth/refresh")).status).toBe(200);
  expect((await auth.validate(ann.request("/page"))).ok).toBe(true);
  expect(clearedIn((await ann.post("/auth/logout")).headers)).toEqual([
    "__Host-Http-latchkey.access=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax",
    "__Secure-latchkey.refresh=; Max-Age=0; Path=/auth; Secure; HttpOnly; SameSite=Lax",
  ]);
});

describe("J6 the algorithm is the application's choice, never the token's", () => {
  for (const algorithm of ["EdDSA", "ES256", "RS256", "PS256", "HS256"] as const) {
    test(algorithm, async () => {
      const { auth, signedIn } = openServer({ secret: SECRET, accessToken: { algorithm } });
      const ann = await signedIn();
      expect(headerOf(ann.cookie("access"))).toMatchObject({ alg: algorithm, typ: "at+jwt" });
      expect((await auth.validate(ann.request("/page"))).ok).toBe(true);
      const { keys } = await auth.keys.jwks();
      expect(keys.map(({ alg }) => alg)).toEqual(algorithm === "HS256" ? [] : [algorithm, algorithm]);
      expect(JSON.stringify(keys)).not.toMatch(/"(d|p|q|dp|dq|qi|k)":/);
    });
  }

  test("a token that names another one is refused", async () => {
    const { auth, signedIn, browser } = openServer();
    const [, payload, signature] = (await signedIn()).cookie("access").split(".");
    const { kid } = (await auth.keys.jwks()).keys[0] ?? {};
    for (const alg of ["none", "HS256", "ES256"]) {
      const header = Buffer.from(JSON.stringify({ alg, typ: "at+jwt", kid })).toString("base64url");
      const cookie = `latchkey.access.3000=${header}.${payload}.${signature}`;
      const found = await auth.validate(browser().request("/page", { headers: { cookie } }));
      expect(found).toMatchObject({ ok: false, code: "unauthenticated" });
    }
  });
});

test("J7 secure by default: prefix and Secure everywhere but on http://localhost, where the name has the port", async () => {
  const far = openServer(PRODUCTION);
  expect((await far.signedIn()).names()).toEqual([
    "__Host-Http-latchkey.access",
    "__Host-Http-latchkey.refresh",
  ]);
  const near = openServer();
  const lines = async (origin: string): Promise<readonly string[]> =>
    (await near.browser(origin).post("/auth/login", ANN)).headers.getSetCookie();
  await near.auth.users.create(ANN);
  const plain = await lines("http://localhost:3000");
  expect(
    plain.every((line) => /^latchkey\.(access|refresh)\.3000=.*; HttpOnly; SameSite=Lax$/.test(line)),
  ).toBe(true);
  expect(plain.join()).not.toContain("Secure");
  const tls = await lines("https://localhost:3000");
  expect(tls.every((line) => /^__Host-Http-latchkey\..*; Secure; HttpOnly; SameSite=Lax$/.test(line))).toBe(
    true,
  );
});

test("J8 both lifetimes are options in seconds, with words for them", async () => {
  const { auth, clock, signedIn } = openServer({
    accessToken: { lifetime: minutes(5) },
    refreshToken: { lifetime: days(14) },
  });
  const ann = await signedIn();
  const found = await auth.validate(ann.request("/page"));
  expect(found.ok && found.claims.exp - found.claims.iat).toBe(300);
  expect(found.ok && found.session.expiresAt).toBe(clock.now() / 1_000 + 14 * 86_400);
  const idle = ann.copy();
  clock.advance(days(14) - 1);
  expect((await ann.post("/auth/refresh")).status).toBe(200);
  clock.advance(days(14));
  expect(ann.names()).toEqual([]);
  await expectError(await idle.post("/auth/refresh"), 401, "unauthenticated");
});

test("J8 a session is over at the second of its idle end, whatever the cookie says", async () => {
  const { auth, clock, signedIn } = openServer();
  const ann = await signedIn();
  const token = ann.cookie("refresh");
  clock.advance(days(14));
  expect(await auth.sessions.refresh(token)).toEqual({ ok: false, code: "session_expired" });
});

test("J9 logout may leave the access token until it expires", async () => {
  const { auth, clock, signedIn } = openServer({ logout: { keepAccessToken: true } });
  const ann = await signedIn();
  const answer = await ann.post("/auth/logout");
  expect(clearedIn(answer.headers).map((line) => line.split("=")[0])).toEqual(["latchkey.refresh.3000"]);
  expect((await auth.validate(ann.request("/page"))).ok).toBe(true);
  expect(await auth.validate(ann.request("/page"), { fresh: true })).toMatchObject({
    code: "session_revoked",
  });
  clock.advance(600);
  expect(await auth.validate(ann.request("/page"))).toMatchObject({ ok: false, code: "unauthenticated" });
});

test("J10 a bad login, no refresh token and no session are told apart", async () => {
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
  await expectError(await browser().get("/auth/session"), 401, "unauthenticated");
});
