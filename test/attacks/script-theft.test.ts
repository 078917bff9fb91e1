import { describe, expect, it } from "vitest";
import type { Call } from "../fixtures/requests.ts";
import { ACCESS, REFRESH } from "../fixtures/server.ts";
import { openAttackedServer, PASSWORD } from "./server.ts";
import { present, read, signUp, withAccess } from "./session.ts";

const TOKEN = /lkr_[\w-]{20}|eyJ[\w-]+\.[\w-]+\.[\w-]+/;
const CREDENTIALS = { email: "ann@example.com", password: PASSWORD };

describe("T9 theft of tokens by a script in the page", () => {
  it("S1 BRR-07 no script can read a token: every cookie is HttpOnly, and no body, header or error holds one", async () => {
    const server = openAttackedServer();
    const ann = await signUp(server, "cookie");
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
      const response = await server.send(path, call);
      const others = [...response.headers].filter(([name]) => name !== "set-cookie");
      expect({
        path,
        inBody: TOKEN.test(await response.text()),
        inHeaders: TOKEN.test(JSON.stringify(others)),
      }).toEqual({ path, inBody: false, inHeaders: false });
      for (const line of response.headers.getSetCookie()) expect(line).toMatch(/; HttpOnly(;|$)/);
    }
  });

  it("A4 a script cannot exchange the session of its page for tokens of its own", async () => {
    const server = openAttackedServer();
    const ann = await signUp(server, "cookie");
    const headers = {
      cookie: `${ACCESS}=${ann.access}; ${REFRESH}=${ann.refresh}`,
      "sec-fetch-site": "same-origin",
    };
    for (const body of [
      { transport: "bearer" },
      { transport: "bearer", refresh_token: ann.refresh },
      { grant_type: "refresh_token" },
    ]) {
      const answer = await read(await server.send("/auth/refresh", { method: "POST", headers, body }));
      expect({ access: "access_token" in answer.body, refresh: "refresh_token" in answer.body }).toEqual({
        access: false,
        refresh: false,
      });
    }
  });

  it("A4 a cookie token is refused in a header, and a bearer token in a cookie", async () => {
    const server = openAttackedServer();
    const [ann, bob] = [await signUp(server, "cookie"), await signUp(server, "bearer", "bob@example.com")];
    const ask = async (headers: Readonly<Record<string, string>>): Promise<string | null> =>
      (await read(await server.send("/auth/me", { headers }))).code;
    expect(await ask(withAccess("bearer", ann.access))).toBe("transport_mismatch");
    expect(await ask(withAccess("cookie", bob.access))).toBe("transport_mismatch");
    expect((await present(server, "bearer", ann.refresh)).code).toBe("transport_mismatch");
    expect((await present(server, "cookie", bob.refresh)).code).toBe("transport_mismatch");
  });

  it("T9 a thief's copy of a session is useless after minutes of access and the owner's next two refreshes", async () => {
    const server = openAttackedServer();
    const ann = await signUp(server, "cookie");
    const stolen = await present(server, "cookie", ann.refresh);
    server.clock.advance(600);
    expect(
      (await read(await server.send("/auth/me", { headers: withAccess("cookie", ann.access) }))).code,
    ).toBe("unauthenticated");
    // The owner never got the answer that the thief made; their next refresh replaces it, and the one after proves it.
    const first = await present(server, "cookie", ann.refresh);
    expect(first.refresh).not.toBeNull();
    server.clock.advance(60);
    expect((await present(server, "cookie", first.refresh ?? "")).refresh).not.toBeNull();
    const thief = await present(server, "cookie", stolen.refresh ?? "");
    expect({ code: thief.code, refresh: thief.refresh, access: thief.access }).toEqual({
      code: "refresh_token_reused",
      refresh: null,
      access: null,
    });
  });

  it("A15 a session that moves to another device causes an event", async () => {
    const server = openAttackedServer({ clientAddress: (request) => request.headers.get("x-real-ip") });
    const ann = await signUp(server, "cookie");
    const device = { userAgent: "ann/1.0", address: "192.0.2.1" };
    const { session, refreshToken } = await server.auth.sessions.create(ann.userId, { device });
    const headers = {
      cookie: `${REFRESH}=${refreshToken}`,
      "user-agent": "thief/1.0",
      "x-real-ip": "198.51.100.7",
    };
    expect((await server.send("/auth/refresh", { method: "POST", headers })).status).toBe(200);
    expect(server.events.find(({ type }) => type === "session.device_changed")).toMatchObject({
      sessionId: session.id,
      before: device,
      after: { userAgent: "thief/1.0", address: "198.51.100.7" },
    });
  });
});
