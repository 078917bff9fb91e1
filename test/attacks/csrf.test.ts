import { createAuth } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import { describe, expect, it } from "vitest";
import { requestTo } from "../fixtures/requests.ts";
import { ACCESS, ORIGIN, REFRESH, type TestServer } from "../fixtures/server.ts";
import { openAttackedServer, PASSWORD } from "./server.ts";
import { type Holder, modes, present, read, signUp, withAccess } from "./session.ts";
import { codeOf } from "./verdicts.ts";

const EVIL = "https://evil.example";
const SPA = "https://spa.example.com";

type Provenance = Readonly<Record<string, string>>;

/** Where a request may come from, and whether that place may ask for anything. */
const places: readonly (readonly [title: string, provenance: Provenance, allowed: boolean])[] = [
  ["CSRF-01 cross-site", { "sec-fetch-site": "cross-site" }, false],
  ["CSRF-01 cross-site with its origin", { "sec-fetch-site": "cross-site", origin: EVIL }, false],
  ["CSRF-02 same-site", { "sec-fetch-site": "same-site", origin: "https://blog.example.com" }, false],
  ["CSRF-02 same-site without an origin", { "sec-fetch-site": "same-site" }, false],
  ["CSRF-02 same-site, listed", { "sec-fetch-site": "same-site", origin: SPA }, true],
  ["CSRF-03 same-origin", { "sec-fetch-site": "same-origin", origin: ORIGIN }, true],
  ["CSRF-04 the user", { "sec-fetch-site": "none" }, true],
  ["CSRF-05 own Origin", { origin: ORIGIN }, true],
  ["CSRF-05 foreign Origin", { origin: EVIL }, false],
  ["CSRF-05 Origin null", { origin: "null" }, false],
  ["CSRF-05 nothing at all", {}, true],
  ["CSRF-06 same-origin with a foreign Origin", { "sec-fetch-site": "same-origin", origin: EVIL }, false],
  ["CSRF-06 none with a foreign Origin", { "sec-fetch-site": "none", origin: EVIL }, false],
  ["CSRF-07 another case", { "sec-fetch-site": "Same-Origin" }, false],
  ["CSRF-07 a list", { "sec-fetch-site": "same-origin, cross-site" }, false],
  ["CSRF-07 twice", { "sec-fetch-site": "same-origin, same-origin" }, false],
  ["CSRF-07 nonsense", { "sec-fetch-site": "x" }, false],
  ["CSRF-07 empty", { "sec-fetch-site": "" }, false],
  ["CSRF-08 a suffix", { origin: `${SPA}.evil` }, false],
  ["CSRF-08 a prefix", { origin: "https://evil-spa.example.com" }, false],
  ["CSRF-08 a port", { origin: `${SPA}:8443` }, false],
  ["CSRF-08 a scheme", { origin: "http://spa.example.com" }, false],
  ["CSRF-08 a trailing dot", { origin: "https://spa.example.com." }, false],
  ["CSRF-08 upper case", { origin: "https://SPA.example.com" }, false],
  ["CSRF-08 user information", { origin: "https://spa.example.com@evil.example" }, false],
  ["CSRF-08 a path", { origin: `${SPA}/` }, false],
  ["CSRF-08 two origins", { origin: `${ORIGIN}, ${EVIL}` }, false],
  ["CSRF-08 listed, but cross-site", { "sec-fetch-site": "cross-site", origin: SPA }, true],
  ["CSRF-10 own Referer", { referer: `${ORIGIN}/page` }, true],
  ["CSRF-10 foreign Referer", { referer: `${EVIL}/?${ORIGIN}` }, false],
  ["CSRF-10 user information in the Referer", { referer: `${ORIGIN}@evil.example/` }, false],
  ["CSRF-10 our origin in its path", { referer: `${EVIL}/${ORIGIN}/` }, false],
  ["CSRF-10 a Referer that is no URL", { referer: "app.example.com" }, false],
  ["CSRF-10 own Referer beside a foreign Origin", { referer: `${ORIGIN}/`, origin: EVIL }, false],
  ["CSRF-06 none with Origin null", { "sec-fetch-site": "none", origin: "null" }, false],
  ["CSRF-06 same-site with Origin null", { "sec-fetch-site": "same-site", origin: "null" }, false],
  [
    "CSRF-03 same-origin from a page without referrer",
    { "sec-fetch-site": "same-origin", origin: "null" },
    true,
  ],
  ["CSRF-19 a sandboxed frame", { "sec-fetch-site": "cross-site", origin: "null" }, false],
];

async function open(): Promise<{
  readonly server: TestServer;
  readonly ann: Holder;
  readonly cookie: string;
}> {
  const server = openAttackedServer({ trustedOrigins: [SPA] });
  const ann = await signUp(server, "cookie");
  return { server, ann, cookie: `${ACCESS}=${ann.access}; ${REFRESH}=${ann.refresh}` };
}

describe("T9 cross-site request forgery", () => {
  it.each(places)(
    "unsafe requests with cookies are judged by their origin: %s",
    async (_, provenance, allowed) => {
      const { server, cookie } = await open();
      for (const method of ["POST", "PUT", "PATCH", "DELETE"]) {
        const found = await server.auth.validate(
          requestTo("/", { method, headers: { ...provenance, cookie } }),
        );
        expect({ method, code: codeOf(found) }).toEqual({ method, code: allowed ? "ok" : "csrf_rejected" });
        if (found.ok) continue;
        expect(found.status).toBe(403);
        expect(found.response().status).toBe(403);
      }
    },
  );

  it.each(places)(
    "CSRF-13 sign-up, sign-in, refresh, logout and DELETE are judged by their origin: %s",
    async (_, provenance, allowed) => {
      const { server, ann, cookie } = await open();
      const credentials = { email: "new@example.com", password: PASSWORD };
      const post = async (path: string, headers: Provenance, body?: unknown): Promise<string | null> =>
        (
          await read(
            await server.send(path, { method: "POST", headers: { ...provenance, ...headers }, body }),
          )
        ).code;
      const expected = allowed ? null : "csrf_rejected";
      expect(await post("/auth/signup", {}, credentials)).toBe(expected);
      expect(await post("/auth/login", {}, { ...credentials, email: "ann@example.com" })).toBe(expected);
      expect(await post("/auth/refresh", { cookie })).toBe(expected);
      expect(await post("/auth/reauthenticate", { cookie }, { password: "wrong" })).toBe(
        allowed ? "invalid_credentials" : "csrf_rejected",
      );
      const id = `/auth/sessions/${ann.sessionId}`;
      const remote = await read(
        await server.send(id, { method: "DELETE", headers: { ...provenance, cookie } }),
      );
      expect(remote.code).toBe(expected);
      expect(await post("/auth/logout", { cookie })).toBe(expected);
      const kept = await server.auth.sessions.get(ann.sessionId);
      expect(kept?.endedAt === null).toBe(!allowed);
      expect((await server.auth.users.find({ email: "new@example.com" })) === null).toBe(!allowed);
    },
  );

  it("CSRF-17 CSRF-18 safe requests from any site change nothing, and a WebSocket handshake is not safe", async () => {
    const { server, cookie } = await open();
    const from = { "sec-fetch-site": "cross-site", origin: EVIL, cookie };
    for (const path of ["/auth/me", "/auth/session", "/auth/sessions", "/auth/jwks"]) {
      const answer = await read(await server.send(path, { headers: from }));
      expect({
        path,
        status: answer.status,
        accessControlAllowOrigin: answer.headers.get("access-control-allow-origin"),
      }).toEqual({ path, status: 200, accessControlAllowOrigin: null });
    }
    const handshake = requestTo("/", { headers: { ...from, upgrade: "websocket" } });
    expect(codeOf(await server.auth.validate(handshake))).toBe("csrf_rejected");
    const own = { ...from, origin: ORIGIN, "sec-fetch-site": "same-origin", upgrade: "websocket" };
    expect(codeOf(await server.auth.validate(requestTo("/", { headers: own })))).toBe("ok");
  });

  it.each([
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "APPLICATION/JSON",
    "application/json",
    "application/json; charset=x",
    "",
  ])("CSRF-11 the content type %j changes no decision", async (type) => {
    const { server } = await open();
    const headers = { "sec-fetch-site": "cross-site", "content-type": type };
    const call = { method: "POST", headers, body: `{"email":"ann@example.com","password":"${PASSWORD}"}` };
    expect((await read(await server.send("/auth/login", call))).code).toBe("csrf_rejected");
  });

  it("CSRF-12 a header that overrides the method has no effect", async () => {
    const { server, cookie } = await open();
    const headers = { cookie, "sec-fetch-site": "cross-site", "x-http-method-override": "GET" };
    for (const method of ["post", "POST", "PATCH", "delete", "PROPFIND", "get-it"]) {
      const found = await server.auth.validate(requestTo("/?_method=GET", { method, headers }));
      expect({ method, code: codeOf(found) }).toEqual({ method, code: "csrf_rejected" });
    }
    const hidden = { cookie, "x-http-method-override": "POST", "sec-fetch-site": "cross-site" };
    expect((await read(await server.send("/auth/logout?_method=POST", { headers: hidden }))).status).toBe(
      405,
    );
  });

  it.each(modes)("CSRF-14 the bearer header decides alone, valid or not (%s session)", async (mode) => {
    const { server, cookie } = await open();
    const bob = await signUp(server, mode, "bob@example.com");
    const crossing = { "sec-fetch-site": "cross-site", origin: EVIL };
    const bad = requestTo("/", { headers: { cookie, authorization: "Bearer nonsense" } });
    expect(codeOf(await server.auth.validate(bad))).toBe("unauthenticated");
    const posted = requestTo("/", {
      method: "POST",
      headers: { ...crossing, ...withAccess(mode, bob.access) },
    });
    expect(codeOf(await server.auth.validate(posted))).toBe(mode === "bearer" ? "ok" : "csrf_rejected");
  });

  it("CSRF-20 with requireFetchMetadata, a request without any origin is refused", async () => {
    const { server, cookie } = await open();
    const strict = openAttackedServer({ requireFetchMetadata: true, store: server.store });
    const silent = requestTo("/", { method: "POST", headers: { cookie } });
    expect(codeOf(await strict.auth.validate(silent))).toBe("csrf_rejected");
    const body = { email: "ann@example.com", password: PASSWORD };
    expect((await read(await strict.send("/auth/login", { method: "POST", body }))).code).toBe(
      "csrf_rejected",
    );
    const spoken = { method: "POST", body, headers: { origin: ORIGIN } };
    expect((await read(await strict.send("/auth/login", spoken))).status).toBe(200);
  });

  it("CSRF-21 answers vary on the headers that they depend on", async () => {
    const { server, cookie } = await open();
    for (const headers of [
      { cookie },
      { cookie, origin: EVIL },
      { cookie, "sec-fetch-site": "cross-site" },
    ]) {
      for (const method of ["GET", "POST", "OPTIONS"]) {
        const vary = (await server.send("/auth/logout", { method, headers })).headers.get("vary") ?? "";
        expect(vary.toLowerCase().split(", ")).toEqual(expect.arrayContaining(["origin", "sec-fetch-site"]));
      }
    }
  });

  it("CSRF-14 a refused request consumes no refresh token", async () => {
    const { server, ann, cookie } = await open();
    server.clock.advance(700);
    const crossing = requestTo("/", { method: "POST", headers: { cookie, "sec-fetch-site": "cross-site" } });
    expect(codeOf(await server.auth.validate(crossing))).toBe("csrf_rejected");
    expect((await present(server, "cookie", ann.refresh)).refresh).not.toBeNull();
  });

  it.each([
    "https://*.example.com",
    "*",
    "null",
    "",
    "spa.example.com",
    `${SPA}/`,
    `${SPA}/path`,
    `${SPA}?q`,
    "https://SPA.example.com",
    "https://spa.example.com:443",
    "https://u@spa.example.com",
    "file:///x",
    "https://münchen.example",
  ])("CSRF-08 CSRF-09 a trusted origin of the form %j is refused", (origin) => {
    const make = (): unknown => createAuth({ store: memory(), trustedOrigins: [origin] });
    expect(make).toThrow(TypeError);
    expect(make).toThrow(/trustedOrigins/);
  });
});
