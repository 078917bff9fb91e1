import { describe, expect, it } from "vitest";
import { present, read, signUp, withAccess } from "./session.ts";
import { ACCESS, type Call, openStage, PASSWORD, REFRESH } from "./stage.ts";

const TOKEN = /lkr_[\w-]{20}|eyJ[\w-]+\.[\w-]+\.[\w-]+/;
const CREDENTIALS = { email: "ann@example.com", password: PASSWORD };

describe("T9 theft of tokens by a script in the page", () => {
  it("S1 BRR-07 no script can read a token: every cookie is HttpOnly, and no body, header or error holds one", async () => {
    const stage = openStage();
    const ann = await signUp(stage, "cookie");
    const headers = { cookie: `${ACCESS}=${ann.access}; ${REFRESH}=${ann.refresh}` };
    const calls: readonly (readonly [string, Call])[] = [
      ["/auth/signup", { method: "POST", body: { ...CREDENTIALS, email: "new@example.com" } }],
      ["/auth/login", { method: "POST", headers, body: CREDENTIALS }],
      ["/auth/login", { method: "POST", body: { ...CREDENTIALS, transport: "cookie" } }],
      ["/auth/me", { headers }],
      ["/auth/session", { headers }],
      ["/auth/sessions", { headers }],
      ["/auth/sessions/x", { method: "DELETE", headers }],
      ["/auth/refresh", { method: "POST", headers }],
      ["/auth/logout", { method: "POST", headers }],
      ["/auth/jwks", { headers }],
    ];
    for (const [path, call] of calls) {
      const response = await stage.send(path, call);
      const others = [...response.headers].filter(([name]) => name !== "set-cookie");
      expect([path, TOKEN.test(await response.text()), TOKEN.test(JSON.stringify(others))]).toEqual([
        path,
        false,
        false,
      ]);
      for (const line of response.headers.getSetCookie()) expect(line).toMatch(/; HttpOnly(;|$)/);
    }
  });

  it("A4 a script cannot turn the session of its page into tokens of its own", async () => {
    const stage = openStage();
    const ann = await signUp(stage, "cookie");
    const headers = {
      cookie: `${ACCESS}=${ann.access}; ${REFRESH}=${ann.refresh}`,
      "sec-fetch-site": "same-origin",
    };
    for (const body of [
      { transport: "bearer" },
      { transport: "bearer", refresh_token: ann.refresh },
      { grant_type: "refresh_token" },
    ]) {
      const answer = await read(await stage.send("/auth/refresh", { method: "POST", headers, body }));
      expect(["access_token" in answer.body, "refresh_token" in answer.body]).toEqual([false, false]);
    }
  });

  it("A4 a cookie token that leaked is of no use in a header, nor the other way round", async () => {
    const stage = openStage();
    const [ann, bob] = [await signUp(stage, "cookie"), await signUp(stage, "bearer", "bob@example.com")];
    const ask = async (headers: Readonly<Record<string, string>>): Promise<string | null> =>
      (await read(await stage.send("/auth/me", { headers }))).code;
    expect(await ask(withAccess("bearer", ann.access))).toBe("transport_mismatch");
    expect(await ask(withAccess("cookie", bob.access))).toBe("transport_mismatch");
    expect((await present(stage, "bearer", ann.refresh)).code).toBe("transport_mismatch");
    expect((await present(stage, "cookie", bob.refresh)).code).toBe("transport_mismatch");
  });

  it("T9 what a thief holds of a hijacked session is short: minutes of access, and no refresh token after the owner's next two", async () => {
    const stage = openStage();
    const ann = await signUp(stage, "cookie");
    const stolen = await present(stage, "cookie", ann.refresh);
    stage.pass(600);
    expect(
      (await read(await stage.send("/auth/me", { headers: withAccess("cookie", ann.access) }))).code,
    ).toBe("unauthenticated");
    // The owner never got the answer that the thief made; their next refresh replaces it, and the one after proves it.
    const first = await present(stage, "cookie", ann.refresh);
    expect(first.refresh).not.toBeNull();
    stage.pass(60);
    expect((await present(stage, "cookie", first.refresh ?? "")).refresh).not.toBeNull();
    const thief = await present(stage, "cookie", stolen.refresh ?? "");
    expect([thief.code, thief.refresh, thief.access]).toEqual(["refresh_token_reused", null, null]);
  });

  it("A15 a session that moves to another device is told", async () => {
    const stage = openStage({ clientAddress: (request) => request.headers.get("x-real-ip") });
    const ann = await signUp(stage, "cookie");
    const headers = {
      cookie: `${REFRESH}=${ann.refresh}`,
      "user-agent": "thief/1.0",
      "x-real-ip": "198.51.100.7",
    };
    expect((await stage.send("/auth/refresh", { method: "POST", headers })).status).toBe(200);
    expect(stage.events.find(({ type }) => type === "session.device_changed")).toMatchObject({
      sessionId: ann.sessionId,
      after: { userAgent: "thief/1.0", address: "198.51.100.7" },
    });
  });
});
