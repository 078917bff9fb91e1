import { describe, expect, it } from "vitest";
import { requestTo } from "../fixtures/requests.ts";
import { ACCESS, openServer, REFRESH } from "../fixtures/server.ts";
import { openForgery } from "./forger.ts";
import { openAttackedServer, PASSWORD } from "./server.ts";
import { modes, read, signUp, whoAmI, withAccess } from "./session.ts";
import { codeOf } from "./verdicts.ts";

const { server, token } = openForgery();
const good = token();
const cookie = `${ACCESS}=${token({ transport: "cookie" })}`;

async function judge(authorization: string, more: Readonly<Record<string, string>> = {}): Promise<string> {
  return codeOf(await server.auth.validate(requestTo("/", { headers: { authorization, ...more } })));
}

describe("the Authorization header", () => {
  it.each(["Bearer", "bearer", "BEARER", "bEaReR"])("BRR-01 accepts the scheme %s", async (scheme) => {
    expect(await judge(`${scheme} ${good}`)).toBe("ok");
  });

  it.each([
    ["no token", "Bearer"],
    ["an empty token", "Bearer "],
    ["two tokens", `Bearer ${good} ${good}`],
    ["two blanks", `Bearer  ${good}`],
    ["BRR-02 two headers in one", `Bearer ${good}, Bearer ${good}`],
    ["BRR-02 two headers in one, the first bad", `Bearer x, Bearer ${good}`],
    ["quotes", `Bearer "${good}"`],
    ["a parameter", `Bearer token=${good}`],
    ["BRR-03 a bare percent sign", "Bearer %"],
    ["BRR-03 a broken escape", "Bearer %E0"],
    ["BRR-03 percent encoding", `Bearer ${good.replaceAll(".", "%2E")}`],
    ["base64 of credentials", "Bearer YW5uOnBhc3N3b3Jk"],
  ])("BRR-01 BRR-04 refuses %s, and does not use the cookie instead", async (_, header) => {
    expect(await judge(header)).toBe("unauthenticated");
    expect(await judge(header, { cookie })).toBe("unauthenticated");
  });

  it.each([
    `Basic ${good}`,
    `DPoP ${good}`,
    `Bearer${good}`,
    `Bearer\t${good}`,
    `Token ${good}`,
    `x Bearer ${good}`,
    `Bearer:${good}`,
    good,
  ])("BRR-01 ignores %s as a scheme, so the cookie still counts", async (header) => {
    expect(await judge(header)).toBe("unauthenticated");
    expect(await judge(header, { cookie })).toBe("ok");
  });

  it("BRR-04 a valid header takes precedence over a valid cookie", async () => {
    const found = await server.auth.validate(
      requestTo("/", { headers: { authorization: `Bearer ${token({ sub: "bob" })}`, cookie } }),
    );
    expect(found.ok && [found.userId, found.transport]).toEqual(["bob", "bearer"]);
  });

  it("BRR-05 BOD-11 reads no token and no password from a query or a body", async () => {
    const own = openAttackedServer();
    const ann = await signUp(own, "bearer");
    const query = `?access_token=${ann.access}&token=${ann.access}&authorization=Bearer%20${ann.access}`;
    expect((await read(await own.send(`/auth/me${query}`))).code).toBe("unauthenticated");
    const form = { "content-type": "application/x-www-form-urlencoded" };
    const posted = requestTo("/", { method: "POST", headers: form, body: `access_token=${ann.access}` });
    expect(codeOf(await own.auth.validate(posted))).toBe("unauthenticated");
    const login = `/auth/login?email=ann@example.com&password=${encodeURIComponent(PASSWORD)}`;
    expect((await read(await own.send(login, { method: "POST", body: {} }))).code).toBe("invalid_request");
    expect(
      (await read(await own.send(`/auth/refresh?refresh_token=${ann.refresh}`, { method: "POST" }))).code,
    ).toBe("unauthenticated");
  });

  it.each([
    ["BRR-06 no credentials", {}, "Bearer"],
    ["BRR-06 a cookie without a token", { cookie: `${ACCESS}=` }, "Bearer"],
    ["BRR-06 a bad cookie", { cookie: `${ACCESS}=x` }, 'Bearer error="invalid_token"'],
    ["BRR-06 a bad refresh cookie", { cookie: `${REFRESH}=x` }, "Bearer"],
    ["BRR-06 a scheme without a token", { authorization: "Bearer" }, "Bearer"],
    ["BRR-06 a bad token", { authorization: "Bearer x" }, 'Bearer error="invalid_token"'],
  ])("gets for %s the challenge %s", async (_, headers, challenge) => {
    const found = await server.auth.validate(requestTo("/", { headers: { ...headers } }));
    if (found.ok) throw new Error("signed in");
    expect({ status: found.status, wwwAuthenticate: found.headers.get("www-authenticate") }).toEqual({
      status: 401,
      wwwAuthenticate: challenge,
    });
    expect(found.response().headers.get("www-authenticate")).toBe(challenge);
    expect(found.response().headers.getSetCookie()).toEqual([]);
  });

  it("BRR-06 every 401 to a bearer client has a challenge, on each route", async () => {
    const own = openAttackedServer();
    const ann = await signUp(own, "bearer");
    await own.auth.users.delete(ann.userId);
    const headers = { authorization: `Bearer ${ann.access}` };
    const calls = [
      own.send("/auth/me", { headers }),
      own.send("/auth/session", { headers }),
      own.send("/auth/refresh", { method: "POST", headers }),
      own.send("/auth/refresh", { method: "POST", headers, body: { refresh_token: ann.refresh } }),
      own.send("/auth/logout", {
        method: "POST",
        headers: { authorization: "Bearer x" },
        body: { scope: "all" },
      }),
    ];
    for (const response of await Promise.all(calls)) {
      expect({
        url: response.url,
        status: response.status,
        wwwAuthenticate: response.headers.get("www-authenticate"),
      }).toEqual({ url: "", status: 401, wwwAuthenticate: 'Bearer error="invalid_token"' });
    }
  });

  it("BRR-06 every 401 without a token has a challenge without an error (RFC 9110 15.5.2), on each route", async () => {
    const own = openAttackedServer();
    const calls = [
      own.send("/auth/me"),
      own.send("/auth/sessions"),
      own.send("/auth/sessions/AAAAAAAAAAAAAAAAAAAAAA", { method: "DELETE" }),
      own.send("/auth/reauthenticate", { method: "POST", body: { password: PASSWORD } }),
      own.send("/auth/refresh", { method: "POST" }),
      own.send("/auth/refresh", { method: "POST", body: { refresh_token: "lkr_x" } }),
      own.send("/auth/logout", { method: "POST", body: { scope: "all" } }),
      own.send("/auth/login", { method: "POST", body: { email: "ann@example.com", password: PASSWORD } }),
      own.auth.handlers.me(requestTo("/anywhere")),
    ];
    for (const response of await Promise.all(calls)) {
      const { status, headers } = response;
      const wwwAuthenticate = headers.get("www-authenticate");
      expect({ status, wwwAuthenticate }).toEqual({ status: 401, wwwAuthenticate: "Bearer" });
    }
    const verified = await own.auth.sessions.verify("x");
    expect(verified.headers.get("www-authenticate")).toBe('Bearer error="invalid_token"');
    const local = await openServer().auth.validate(requestTo("/"));
    expect({ ok: local.ok, challenge: local.headers.get("www-authenticate") }).toEqual({
      ok: false,
      challenge: "Bearer",
    });
    const other = openAttackedServer({ bearer: { schemes: ["token", "Bearer"] } });
    expect((await other.send("/auth/me")).headers.get("www-authenticate")).toBe("Token");
  });

  it.each(modes)("BRR-06 a wrong password is no fault of the token beside it, %s", async (mode) => {
    const own = openAttackedServer();
    const ann = await signUp(own, mode);
    const headers = withAccess(mode, ann.access);
    const body = { email: "ann@example.com", password: `${PASSWORD}!` };
    const refused = await own.send("/auth/login", { method: "POST", headers, body });
    expect({ status: refused.status, wwwAuthenticate: refused.headers.get("www-authenticate") }).toEqual({
      status: 401,
      wwwAuthenticate: "Bearer",
    });
  });

  it("J4 A5 can be replaced by another header with other schemes, and then the usual ones do not count", async () => {
    const own = openForgery("ed25519", { bearer: { header: "X-Token", schemes: ["Bearer", "JWT"] } });
    const ask = async (headers: Record<string, string>): Promise<string> =>
      codeOf(await own.server.auth.validate(requestTo("/", { headers })));
    expect(await ask({ "x-token": `jwt ${own.token()}` })).toBe("ok");
    expect(await ask({ "x-token": `Bearer ${own.token()}` })).toBe("ok");
    expect(await ask({ "x-token": own.token() })).toBe("unauthenticated");
    expect(await ask({ authorization: `Bearer ${own.token()}` })).toBe("unauthenticated");
  });

  it("BRR-07 no route sets a cookie for a bearer client, or puts a token into a body for a browser", async () => {
    for (const mode of modes) {
      const own = openAttackedServer();
      const ann = await signUp(own, mode);
      const headers: Record<string, string> =
        mode === "bearer"
          ? { authorization: `Bearer ${ann.access}` }
          : { cookie: `${ACCESS}=${ann.access}; ${REFRESH}=${ann.refresh}` };
      for (const path of ["/auth/me", "/auth/session", "/auth/sessions"]) {
        const response = await own.send(path, { headers });
        expect({ path, status: response.status, cookies: response.headers.getSetCookie() }).toEqual({
          path,
          status: 200,
          cookies: [],
        });
        expect(await response.text()).not.toMatch(/lkr_|eyJ/);
      }
      expect((await whoAmI(own, mode, ann.access)).body).toMatchObject({ id: ann.userId });
      const out = await own.send("/auth/logout", { method: "POST", headers });
      expect(out.headers.getSetCookie().length).toBe(mode === "bearer" ? 0 : 2);
    }
  });
});
