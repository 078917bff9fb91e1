import { type JsonObject, minutes, type StandardSchema } from "@latchkey/core";
import { password } from "@latchkey/core/password";
import { describe, expect, it } from "vitest";
import { bodyOf, expectError, memberOf } from "../fixtures/answers.ts";
import { countingHasher } from "../fixtures/counting-hasher.ts";
import {
  ANN,
  cheapPassword,
  countOf,
  openSecureServer,
  openServer,
  type TestServer,
} from "../fixtures/server.ts";
import { stores } from "../fixtures/stores.ts";
import { claimsOf, sidOf } from "../fixtures/tokens.ts";
import { wrapped } from "../fixtures/wrapped-store.ts";

/** A schema that takes every context. */
const ANY: StandardSchema<JsonObject> = {
  "~standard": { version: 1, vendor: "test", validate: (value) => ({ value: value as JsonObject }) },
};
const PATH = "/auth/reauthenticate";
const RIGHT = { password: ANN.password };
const WRONG = { password: "wrong wrong wrong" };
const FRESH = { maxAge: minutes(15), amr: ["pwd"] };

const liveOf = async ({ auth }: TestServer): Promise<readonly string[]> => {
  const { id = "" } = (await auth.users.find(ANN)) ?? {};
  return (await auth.sessions.list(id)).map((session) => session.id);
};

for (const { name, make } of stores) {
  describe(`POST /reauthenticate, ${name}`, () => {
    it("replaces the session of a browser, and keeps its context", async () => {
      const server = openServer({
        store: await make(),
        sessions: { context: { schema: ANY, from: () => ({ made: "at sign-in" }) } },
      });
      const ann = await server.signedIn();
      const old = sidOf(ann.cookie("access"));
      await server.auth.sessions.update(old, { context: { made: "by hand" } });
      server.clock.advance(901);
      const thief = ann.copy();
      expect(await server.auth.validate(ann.copy().request("/"), FRESH)).toMatchObject({ ok: false });
      const answer = await ann.post(PATH, RIGHT);
      expect(answer.status).toBe(200);
      const body = await bodyOf(answer);
      expect(Object.keys(body).sort()).toEqual(["expires_in", "session", "user"]);
      const { iat } = claimsOf(ann.cookie("access"));
      expect(memberOf(body, "session")).toMatchObject({
        context: { made: "by hand" },
        amr: ["pwd"],
        authTime: iat,
      });
      expect(memberOf(body, "session")["id"]).not.toBe(old);
      expect(await server.auth.validate(ann.request("/"), FRESH)).toMatchObject({
        ok: true,
        refreshed: false,
      });
      expect(await server.auth.sessions.get(old)).toMatchObject({ endReason: "replaced" });
      await expectError(await thief.post("/auth/refresh"), 401, "session_revoked");
      expect((await ann.post("/auth/refresh")).status).toBe(200);
      expect(await liveOf(server)).toEqual([sidOf(ann.cookie("access"))]);
    });

    it("replaces the session of a bearer client", async () => {
      const server = openServer({ store: await make() });
      const join = { ...ANN, transport: "bearer" };
      const first = await bodyOf(await server.send("/auth/signup", { method: "POST", body: join }));
      const headers = { authorization: `Bearer ${first["access_token"]}` };
      const answer = await server.send(PATH, { method: "POST", headers, body: RIGHT });
      expect({ status: answer.status, cookies: answer.headers.getSetCookie() }).toEqual({
        status: 200,
        cookies: [],
      });
      const body = await bodyOf(answer);
      expect(Object.keys(body).sort()).toEqual(
        ["access_token", "expires_in", "refresh_token", "session", "token_type", "user"].sort(),
      );
      const refresh = (refresh_token: unknown): Promise<Response> =>
        server.send("/auth/refresh", { method: "POST", body: { refresh_token } });
      await expectError(await refresh(first["refresh_token"]), 401, "session_revoked");
      expect((await refresh(body["refresh_token"])).status).toBe(200);
    });

    it("starts one session for two requests at a time", async () => {
      const server = openServer({ store: await make() });
      const ann = await server.signedIn();
      const answers = await Promise.all([ann.copy().post(PATH, RIGHT), ann.copy().post(PATH, RIGHT)]);
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 401]);
      expect(await liveOf(server)).toHaveLength(1);
    });
  });
}

describe("POST /reauthenticate refuses", () => {
  it("a wrong password, counts it as a failed sign-in, and keeps the session", async () => {
    const server = openServer({ rateLimit: {} });
    const ann = await server.signedIn();
    const before = ann.cookie("refresh");
    for (let n = 0; n < 5; n++) {
      const answer = await ann.post(PATH, WRONG);
      // RFC 6750 3.1: the token beside the password is valid.
      expect(answer.headers.get("www-authenticate")).toBe("Bearer");
      expect(answer.headers.getSetCookie()).toEqual([]);
      await expectError(answer, 401, "invalid_credentials");
    }
    for (let n = 0; n < 5; n++) await ann.post("/auth/login", { ...ANN, ...WRONG });
    await expectError(await ann.post(PATH, RIGHT), 429, "rate_limited");
    await expectError(await ann.post("/auth/login", ANN), 429, "rate_limited");
    // Another browser is no device of the user, and has attempts of its own.
    expect((await server.browser().post("/auth/login", ANN)).status).toBe(200);
    server.clock.advance(900);
    expect(ann.cookie("refresh")).toBe(before);
    expect((await ann.post(PATH, RIGHT)).status).toBe(200);
    expect(countOf(server, "sign_in.failed")).toBe(10);
  });

  it("a guess of a bearer client once the account has had all failures, those of sign-ins included", async () => {
    const server = openServer({ rateLimit: { accountTotal: { limit: 3, window: minutes(15) } } });
    const { id } = await server.auth.users.create(ANN);
    const { accessToken } = await server.auth.sessions.create(id, { transport: "bearer" });
    const headers = { authorization: `Bearer ${accessToken}` };
    const reauthenticate = (body: object): Promise<Response> =>
      server.send(PATH, { method: "POST", headers, body });
    await server.send("/auth/login", { method: "POST", body: { ...ANN, ...WRONG } });
    for (let n = 0; n < 2; n++) await expectError(await reauthenticate(WRONG), 401, "invalid_credentials");
    await expectError(await reauthenticate(RIGHT), 429, "rate_limited");
  });

  it("a guess of a bearer client once the username has had all failures, those of sign-ins included", async () => {
    const server = openServer({
      providers: [cheapPassword("username")],
      rateLimit: { accountTotal: { limit: 2, window: minutes(15) } },
    });
    const named = { username: "ann", password: ANN.password };
    const { id } = await server.auth.users.create(named);
    const { accessToken } = await server.auth.sessions.create(id, { transport: "bearer" });
    const headers = { authorization: `Bearer ${accessToken}` };
    await server.send("/auth/login", { method: "POST", body: { ...named, ...WRONG } });
    const post = (body: object): Promise<Response> => server.send(PATH, { method: "POST", headers, body });
    await expectError(await post(WRONG), 401, "invalid_credentials");
    await expectError(await post(RIGHT), 429, "rate_limited");
  });

  it("a user without a password, after the same work", async () => {
    const { hasher, hashed } = countingHasher();
    const server = openServer({ providers: [password({ hasher })] });
    const { id } = await server.auth.users.create({ email: ANN.email });
    const ann = server.browser();
    ann.take((await server.auth.sessions.create(id)).headers);
    await expectError(await ann.post(PATH, RIGHT), 401, "invalid_credentials");
    expect(hashed()).toBe(1);
    expect((await ann.get("/auth/me")).status).toBe(200);
  });

  it.each<[body: unknown, status: number, code: string]>([
    [undefined, 400, "invalid_request"],
    ["", 400, "invalid_request"],
    [[], 400, "invalid_request"],
    [{}, 400, "invalid_request"],
    [{ password: 1 }, 400, "invalid_request"],
    [{ password: null }, 400, "invalid_request"],
    [{ password: ["a"] }, 400, "invalid_request"],
    [{ password: "x".repeat(1_025) }, 400, "invalid_request"],
    [{ password: "\ud800" }, 400, "invalid_request"],
    ['{"__proto__":{"password":"correct horse battery"}}', 400, "invalid_request"],
    [{ password: "x".repeat(20_000) }, 413, "payload_too_large"],
    [{ password: "" }, 401, "invalid_credentials"],
  ])("the body %j", async (body, status, code) => {
    const server = openServer();
    const ann = await server.signedIn();
    const sid = sidOf(ann.cookie("access"));
    await expectError(await ann.post(PATH, body), status, code);
    expect(await liveOf(server)).toEqual([sid]);
  });

  it("a client without a live session, before it reads the password", async () => {
    const { hasher, hashed } = countingHasher();
    const server = openServer({ providers: [password({ hasher })] });
    const ann = await server.signedIn();
    const before = hashed();
    await expectError(await server.browser().post(PATH, RIGHT), 401, "unauthenticated");
    await server.auth.sessions.revoke(sidOf(ann.cookie("access")));
    await expectError(await ann.post(PATH, RIGHT), 401, "session_revoked");
    expect(hashed()).toBe(before);
  });

  it("other methods, a page of another site, and every request without the provider", async () => {
    const server = openSecureServer();
    const ann = await server.signedIn();
    await expectError(await ann.get(PATH), 405, "method_not_allowed");
    for (const site of ["cross-site", "same-site"]) {
      const headers = { "sec-fetch-site": site, origin: "https://evil.example" };
      await expectError(await ann.post(PATH, RIGHT, headers), 403, "csrf_rejected");
    }
    expect(await liveOf(server)).toEqual([sidOf(ann.cookie("access"))]);
    const other = openServer({ providers: [], store: server.store });
    await expectError(await other.browser().post(PATH, RIGHT), 404, "not_found");
  });

  it("a user that hooks.signedIn refuses, and keeps the session", async () => {
    let isRefused = false;
    const server = openServer({ hooks: { signedIn: () => (isRefused ? false : undefined) } });
    const ann = await server.signedIn();
    isRefused = true;
    await expectError(await ann.post(PATH, RIGHT), 401, "invalid_credentials");
    expect((await ann.post("/auth/refresh")).status).toBe(200);
    isRefused = false;
    expect((await ann.post(PATH, RIGHT)).status).toBe(200);
  });

  it("a session that ends, and credentials that change, while the password is checked", async () => {
    const first = openServer();
    const ann = await first.signedIn();
    const { id: userId } = (await first.auth.users.find(ANN)) ?? { id: "" };
    const run = (between: () => Promise<unknown>): Promise<Response> => {
      const store = wrapped(first.store, async (operation, call) => {
        if (operation === "sessions.create") await between();
        return call();
      });
      const browser = ann.copy(openServer({ store, clock: first.clock }).auth);
      return browser.post(PATH, RIGHT);
    };
    const ended = await run(() => first.auth.sessions.revoke(sidOf(ann.cookie("access"))));
    await expectError(ended, 401, "invalid_credentials");
    expect(await liveOf(first)).toEqual([]);
    await ann.post("/auth/login", ANN);
    const changed = await run(() => first.auth.users.setPassword(userId, "a new and longer one"));
    await expectError(changed, 401, "invalid_credentials");
    expect(await liveOf(first)).toEqual([]);
  });
});

describe("POST /reauthenticate after the access token has expired", () => {
  it("sends only the cookies of the new session", async () => {
    const server = openServer();
    const ann = await server.signedIn();
    const old = sidOf(ann.cookie("access"));
    server.clock.advance(3_600);
    const answer = await ann.post(PATH, RIGHT);
    const names = answer.headers.getSetCookie().map((line) => line.split("=", 1)[0]);
    expect(new Set(names).size).toBe(names.length);
    expect(sidOf(ann.cookie("access"))).not.toBe(old);
    expect((await ann.post("/auth/refresh")).status).toBe(200);
    expect(await liveOf(server)).toHaveLength(1);
  });

  it("sends the cookies of the refresh with a wrong password", async () => {
    const server = openServer();
    const ann = await server.signedIn();
    const before = ann.cookie("refresh");
    server.clock.advance(3_600);
    await expectError(await ann.post(PATH, WRONG), 401, "invalid_credentials");
    expect(ann.cookie("refresh")).not.toBe(before);
    expect((await ann.get("/auth/me")).status).toBe(200);
  });

  it("accepts a form, and a user name", async () => {
    const server = openServer({ providers: [password({ identifier: "username" })] });
    const ann = server.browser();
    await ann.post("/auth/signup", { username: "ann", password: ANN.password });
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const answer = await ann.post(PATH, new URLSearchParams(RIGHT).toString(), headers);
    expect(answer.status).toBe(200);
  });
});
