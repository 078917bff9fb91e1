import { createAuth, minutes } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import { describe, expect, test } from "vitest";
import { bodyOf, clearedIn, expectError, memberOf } from "./answers.ts";
import { stores } from "./stores.ts";
import { ANN, cheapPassword, makeWorld, SECRET, typesOf } from "./world.ts";

const PRODUCTION = { baseURL: "https://app.example.com", secret: SECRET } as const;
const SPA = "https://spa.example.com";

test("S1 the tokens arrive in HttpOnly, Secure, SameSite cookies and nowhere else", async () => {
  const { browser } = makeWorld(PRODUCTION);
  const answer = await browser().post("/auth/signup", ANN);
  const lines = answer.headers.getSetCookie();
  expect(lines).toEqual([
    expect.stringMatching(
      /^__Host-Http-latchkey\.access=[\w-]+\.[\w-]+\.[\w-]+; Max-Age=600; Path=\/; Secure; HttpOnly; SameSite=Lax$/,
    ),
    expect.stringMatching(
      /^__Host-Http-latchkey\.refresh=lkr_[\w-]{92}; Max-Age=1209600; Path=\/; Secure; HttpOnly; SameSite=Lax$/,
    ),
  ]);
  const text = await answer.text();
  for (const line of lines) expect(text).not.toContain(line.slice(line.indexOf("=") + 1, line.indexOf(";")));
});

test("S1 a mobile app gets the tokens in the body, and no cookie", async () => {
  const { browser } = makeWorld(PRODUCTION);
  const answer = await browser().post("/auth/signup", { ...ANN, transport: "bearer" });
  expect(answer.headers.getSetCookie()).toEqual([]);
  expect(await bodyOf(answer)).toMatchObject({
    access_token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
    token_type: "Bearer",
    expires_in: 600,
    refresh_token: expect.stringMatching(/^lkr_/),
  });
});

for (const { name, make } of stores) {
  describe(name, () => {
    test("S2 an expired access token is refreshed on the way, and the new cookies are handed over", async () => {
      const { auth, clock, signedIn } = makeWorld({ store: await make() });
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

    test("S2 an access token near its end is refreshed before it expires, one that is fresh is not", async () => {
      const { auth, clock, signedIn } = makeWorld({ store: await make() });
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
      const { clock, signedIn } = makeWorld({ store: await make() });
      const ann = await signedIn();
      clock.advance(601);
      const answer = await ann.get("/auth/me");
      expect([answer.status, answer.headers.getSetCookie().length]).toEqual([200, 2]);
      expect((await ann.get("/auth/me")).headers.getSetCookie()).toEqual([]);
    });

    test("S3 logout ends the session in the store and clears both cookies", async () => {
      const { auth, clock, events, signedIn } = makeWorld({ store: await make() });
      const ann = await signedIn();
      const thief = ann.copy();
      const id = String(memberOf(await bodyOf(await ann.get("/auth/session")), "session")["id"]);
      const answer = await ann.post("/auth/logout");
      expect([answer.status, clearedIn(answer.headers).length, ann.names()]).toEqual([200, 2, []]);
      expect(await auth.sessions.get(id)).toMatchObject({
        endReason: "logout",
        endedAt: clock.now() / 1_000,
      });
      await expectError(await thief.post("/auth/refresh"), 401, "session_revoked");
      expect(typesOf(events)).toContain("session.ended");
      expect((await ann.post("/auth/logout")).status).toBe(200);
    });
  });
}

test("S3 logout clears the cookies of a request that has nothing to end", async () => {
  const { browser } = makeWorld();
  const answer = await browser().post("/auth/logout");
  expect([answer.status, clearedIn(answer.headers).length]).toEqual([200, 2]);
});

test("S5 the application says what /auth/me shows of a user", async () => {
  const { auth, signedIn, browser } = makeWorld({
    user: { serialize: ({ id, email }) => ({ id, mail: email, role: "reader" }) },
  });
  const ann = await signedIn();
  const user = await auth.users.find({ email: ANN.email });
  const shown = { id: user?.id, mail: ANN.email, role: "reader" };
  expect(await bodyOf(await ann.get("/auth/me"))).toEqual(shown);
  expect(memberOf(await bodyOf(await ann.get("/auth/session")), "user")).toEqual(shown);
  expect(memberOf(await bodyOf(await browser().post("/auth/login", ANN)), "user")).toEqual(shown);
});

test("S5 without that, /auth/me shows an allow-list", async () => {
  const { signedIn } = makeWorld();
  const body = await bodyOf(await (await signedIn()).get("/auth/me"));
  expect(body).toEqual({ id: expect.any(String), email: ANN.email, name: null });
});

test("S6 a store and a provider are enough on localhost, and only there", async () => {
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

test("S7 login takes JSON, answers 200 with cookies, and a trailing slash is the same route", async () => {
  const { auth, browser } = makeWorld();
  await auth.users.create(ANN);
  for (const path of ["/auth/login", "/auth/login/"]) {
    const answer = await browser().post(path, ANN);
    expect([answer.status, answer.headers.getSetCookie().length]).toEqual([200, 2]);
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

test("S8 lifetimes, names and SameSite are options", async () => {
  const { browser } = makeWorld({
    ...PRODUCTION,
    accessToken: { lifetime: minutes(5) },
    refreshToken: { lifetime: 7_200 },
    cookies: { names: { access: "a", refresh: "r" }, sameSite: "strict", domain: "example.com" },
  });
  const lines = (await browser().post("/auth/signup", ANN)).headers.getSetCookie();
  expect(lines.map((line) => line.replace(/=[^;]+/, ""))).toEqual([
    "__Secure-a; Max-Age=300; Domain=example.com; Path=/; Secure; HttpOnly; SameSite=Strict",
    "__Secure-r; Max-Age=7200; Domain=example.com; Path=/; Secure; HttpOnly; SameSite=Strict",
  ]);
});

test("S8 unsafe combinations are refused by the name of the option", () => {
  const make = (options: object) => () => createAuth({ store: memory(), ...options });
  expect(make({ cookies: { httpOnly: false } })).toThrow(/^cookies\.httpOnly is not an option/);
  expect(make({ cookies: { secure: false } })).toThrow(/^cookies\.secure is not an option/);
  expect(make({ accessToken: { lifetime: 119 } })).toThrow(
    /^accessToken\.lifetime is 119, .*at least 2 × lease \(120 seconds\)/,
  );
  expect(make({ refreshToken: { lease: 4 } })).toThrow(/^refreshToken\.lease is 4, .*from 5 to 300/);
  expect(make({ refreshToken: { refreshBefore: 481 } })).toThrow(
    /^refreshToken\.refreshBefore is 481, .*480/,
  );
  expect(make({ refreshToken: { lifetime: 719 } })).toThrow(/^refreshToken\.lifetime is 719, .*720/);
  expect(make({ baseURL: "http://app.example.com", secret: SECRET })).toThrow(/^baseURL is .*Secure/);
  expect(make({ baseURL: "https://app.example.com" })).toThrow(/^secret is missing/);
  expect(make({ trustedOrigins: ["*"] })).toThrow(/^trustedOrigins is "\*"/);
});

test("S10 trusted origins may call with credentials, by their exact name and never by *", async () => {
  const { browser } = makeWorld({ ...PRODUCTION, trustedOrigins: [SPA] });
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

test("S10 a preflight lets a page send the configured bearer header", async () => {
  const { browser } = makeWorld({ ...PRODUCTION, trustedOrigins: [SPA], bearer: { header: "x-token" } });
  const headers = { origin: SPA, "access-control-request-method": "GET" };
  const answer = await browser().send("/auth/me", { method: "OPTIONS", headers });
  expect(answer.headers.get("access-control-allow-headers")?.toLowerCase()).toContain("x-token");
});

test("S11 an unsafe request from elsewhere is refused, by the routes and by validate, and changes nothing", async () => {
  const { auth, clock, events, signedIn } = makeWorld(PRODUCTION);
  const ann = await signedIn();
  clock.advance(601);
  const before = [ann.cookie("refresh"), events.length];
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
  expect([ann.cookie("refresh"), events.length]).toEqual(before);
  expect((await auth.validate(ann.request("/transfer", { method: "POST" }))).ok).toBe(true);
});
