import { describe, expect, it } from "vitest";
import { requestTo } from "../fixtures/requests.ts";
import { ACCESS, ORIGIN, REFRESH } from "../fixtures/server.ts";
import { openAttackedServer, PASSWORD } from "./server.ts";
import { modes, read, signUp, whoAmI, withAccess } from "./session.ts";

const BREAKS = [
  "\r\nset-cookie: evil=1",
  "\nx: y",
  "\r",
  "\0",
  "\u2028",
  "é",
  "\u{1f600}",
  '"',
  "\\",
  ";",
  ",",
];

/** Everything that an answer says in its head. */
function head(response: { readonly headers: Headers }): string {
  return [...response.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
}

describe("header injection", () => {
  it.each(BREAKS)("HDR-01 HDR-05 %j in data from a user reaches no header", async (bad) => {
    const server = openAttackedServer();
    const calls = [
      { email: `ann${bad}@example.com`, password: PASSWORD },
      { email: "ann@example.com", password: `${PASSWORD}${bad}` },
      { email: "bob@example.com", password: PASSWORD, transport: `cookie${bad}` },
    ];
    for (const body of calls) {
      for (const path of ["/auth/signup", "/auth/login"]) {
        const response = await server.send(path, { method: "POST", body });
        expect([200, 201, 400, 401, 409]).toContain(response.status);
        expect(head(response)).not.toMatch(/evil|x: y|[^\n\x20-\x7e]/);
      }
    }
  });

  it.each(BREAKS)(
    "HDR-01 %j in claims and in a context stays data, and is no part of a cookie",
    async (bad) => {
      const server = openAttackedServer({ accessToken: { claims: () => ({ note: bad }) } });
      const { id } = await server.auth.users.create({ email: "ann@example.com" });
      const { headers, accessToken } = await server.auth.sessions.create(id, { context: { note: bad } });
      expect(headers.getSetCookie().length).toBe(2);
      expect(head({ headers })).not.toMatch(/evil|x: y|[^\n\x20-\x7e]/);
      const found = await server.auth.sessions.verify(accessToken);
      expect(found.ok && [found.claims["note"], found.session.context["note"]]).toEqual([bad, bad]);
    },
  );

  it("HDR-01 LOG-02 the user agent and address of a request are stored as data, and truncated", async () => {
    const server = openAttackedServer({ clientAddress: (request) => request.headers.get("x-real-ip") });
    const headers = {
      "user-agent": `\x1b[31m"};alert(1)//${"x".repeat(100_000)}`,
      "x-real-ip": "192.0.2.1\t; DROP TABLE",
    };
    const body = { email: "ann@example.com", password: PASSWORD, transport: "bearer" };
    const answer = await read(await server.send("/auth/signup", { method: "POST", headers, body }));
    expect(answer.status).toBe(201);
    const listed = await read(
      await server.send("/auth/sessions", { headers: withAccess("bearer", answer.access ?? "") }),
    );
    const [session] = Array.isArray(listed.body["sessions"]) ? listed.body["sessions"] : [];
    expect(session.device.userAgent.length).toBe(256);
    expect(JSON.stringify(server.events)).not.toContain("\x1b");
  });

  it.each(modes)(
    "HDR-03 HDR-04 headers that name a user or an internal step of a framework have no effect (%s)",
    async (mode) => {
      const server = openAttackedServer();
      const ann = await signUp(server, mode);
      const bob = await signUp(server, mode, "bob@example.com");
      const forged = {
        "x-user-id": bob.userId,
        "x-forwarded-user": bob.userId,
        "remote-user": bob.userId,
        "cf-access-authenticated-user-email": "bob@example.com",
        "x-middleware-subrequest": "middleware:middleware:middleware",
        "x-middleware-next": "1",
        "x-session-id": bob.sessionId,
        "x-forwarded-proto": "http",
        "x-original-url": "/auth/jwks",
        "x-rewrite-url": "/auth/jwks",
      };
      const anonymous = await server.auth.validate(requestTo("/", { headers: forged }));
      expect(anonymous.ok).toBe(false);
      const found = await server.auth.validate(
        requestTo("/", { headers: { ...forged, ...withAccess(mode, ann.access) } }),
      );
      expect(found.ok && found.userId).toBe(ann.userId);
      expect((await server.send("/auth/me", { headers: forged })).status).toBe(401);
    },
  );

  it("HDR-02 the challenge repeats no part of the request", async () => {
    const server = openAttackedServer();
    for (const token of ['"', '\\"', 'x", error="none', "é", "x".repeat(50_000)]) {
      const response = await server.send("/auth/me", { headers: { authorization: `Bearer ${token}` } });
      expect(response.headers.get("www-authenticate")).toMatch(/^Bearer( error="invalid_token")?$/);
    }
  });

  it("HDR-06 a hundred kilobytes in any header are handled", async () => {
    const server = openAttackedServer({ trustedOrigins: ["https://spa.example.com"] });
    const long = "x".repeat(100_000);
    const begin = performance.now();
    for (const name of [
      "cookie",
      "authorization",
      "origin",
      "referer",
      "sec-fetch-site",
      "user-agent",
      "content-type",
      "if-none-match",
      "content-encoding",
      "x-forwarded-for",
    ]) {
      for (const value of [long, "=;".repeat(50_000), " ,".repeat(50_000), "/".repeat(100_000)]) {
        const response = await server.send("/auth/refresh", {
          method: "POST",
          headers: { [name]: value },
          body: name === "content-encoding" ? {} : undefined,
        });
        expect({ name, isRefused: [400, 401, 403, 415].includes(response.status) }).toEqual({
          name,
          isRefused: true,
        });
      }
    }
    expect(performance.now() - begin).toBeLessThan(3_000);
  });

  it("HDR-01 an answer to a valid client has only the expected headers", async () => {
    const server = openAttackedServer();
    const ann = await signUp(server, "cookie");
    expect((await whoAmI(server, "cookie", ann.access)).status).toBe(200);
    const response = await server.send("/auth/refresh", {
      method: "POST",
      headers: { cookie: `${ACCESS}=x; ${REFRESH}=${ann.refresh}`, origin: ORIGIN },
    });
    expect([...new Set(response.headers.keys())].sort()).toEqual([
      "cache-control",
      "content-type",
      "referrer-policy",
      "set-cookie",
      "vary",
      "x-content-type-options",
    ]);
  });
});
