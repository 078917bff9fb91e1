import { describe, expect, it } from "vitest";
import { newStore } from "../fixtures/environment-store.ts";
import { type Call, requestTo } from "../fixtures/requests.ts";
import { ACCESS, REFRESH, type TestServer } from "../fixtures/server.ts";
import { faulty } from "../fixtures/wrapped-store.ts";
import { openAttackedServer, PASSWORD } from "./server.ts";
import { type Holder, modes, read, signUp, withAccess } from "./session.ts";

/** A shared cache in front of a server: by URL, by what Vary names, and as long as the answer allows (RFC 9111). */
function openCache(server: TestServer): {
  readonly get: (path: string, headers: Readonly<Record<string, string>>) => Promise<Response>;
  readonly stored: () => number;
} {
  const kept: {
    readonly path: string;
    readonly vary: readonly (readonly [string, string | null])[];
    readonly response: Response;
  }[] = [];
  const get = async (path: string, headers: Readonly<Record<string, string>>): Promise<Response> => {
    const sent = new Headers(headers);
    const hit = kept.find(
      (entry) => entry.path === path && entry.vary.every(([name, value]) => sent.get(name) === value),
    );
    if (hit !== undefined) return hit.response.clone();
    const response = await server.send(path, { headers });
    const control = response.headers.get("cache-control") ?? "max-age=60";
    if (!/no-store|private/.test(control)) {
      const names = (response.headers.get("vary") ?? "").split(", ");
      kept.push({
        path,
        vary: names.map((name) => [name, sent.get(name)] as const),
        response: response.clone(),
      });
    }
    return response;
  };
  return { get, stored: () => kept.length };
}

function carried(holder: Holder): Record<string, string> {
  return holder.mode === "bearer"
    ? withAccess("bearer", holder.access)
    : { cookie: `${ACCESS}=${holder.access}; ${REFRESH}=${holder.refresh}` };
}

describe.each(modes)("shared caches (%s)", (mode) => {
  it("CAC-03 give no client the answer or the cookies of another client", async () => {
    const server = openAttackedServer();
    const [ann, bob] = [await signUp(server, mode), await signUp(server, mode, "bob@example.com")];
    const cache = openCache(server);
    for (const age of [0, 550, 700]) {
      server.clock.advance(age);
      for (const path of ["/auth/me", "/auth/session", "/auth/sessions"]) {
        const first = await cache.get(path, carried(ann));
        const second = await cache.get(path, carried(bob));
        const anonymous = await cache.get(path, {});
        const texts = [await first.text(), await second.text(), await anonymous.text()];
        expect(texts[1]).not.toContain(ann.userId);
        expect({
          status: anonymous.status,
          namesAnn: texts[2]?.includes(ann.userId),
          cookies: anonymous.headers.getSetCookie(),
        }).toEqual({ status: path === "/auth/session" ? 200 : 401, namesAnn: false, cookies: [] });
      }
    }
    expect(cache.stored()).toBe(0);
  });

  it("CAC-01 do not store answers that touched a session, nor errors", async () => {
    const server = openAttackedServer();
    const ann = await signUp(server, mode);
    const headers = carried(ann);
    const calls: readonly (readonly [path: string, call: Call])[] = [
      [
        "/auth/login",
        { method: "POST", body: { email: "ann@example.com", password: PASSWORD, transport: mode } },
      ],
      ["/auth/login", { method: "POST", body: { email: "ann@example.com", password: "wrong password" } }],
      ["/auth/signup", { method: "POST", body: { email: "c@example.com", password: PASSWORD } }],
      ["/auth/signup", { method: "POST", body: { email: "c@example.com", password: PASSWORD } }],
      ["/auth/reauthenticate", { method: "POST", headers, body: { password: "wrong password" } }],
      ["/auth/refresh", { method: "POST", headers }],
      ["/auth/refresh", { method: "POST", body: { refresh_token: "x" } }],
      ["/auth/me", { headers }],
      ["/auth/me", {}],
      ["/auth/session", { headers }],
      ["/auth/session", { method: "HEAD", headers }],
      ["/auth/sessions", { headers }],
      ["/auth/sessions/x", { method: "DELETE", headers }],
      ["/auth/me", { method: "POST", headers }],
      ["/auth/me", { method: "OPTIONS", headers }],
      ["/auth/nowhere", { headers }],
      ["/auth/logout", { method: "POST", headers: { ...headers, "sec-fetch-site": "cross-site" } }],
      ["/auth/logout", { method: "POST", headers }],
    ];
    for (const [path, call] of calls) {
      const response = await server.send(path, call);
      expect({ path, status: response.status, cacheControl: response.headers.get("cache-control") }).toEqual({
        path,
        status: response.status,
        cacheControl: expect.stringMatching(/(^|, )no-store$/),
      });
    }
  });

  it("CAC-02 CAC-04 the headers that validate adds are private, and vary on what it read", async () => {
    const server = openAttackedServer();
    const ann = await signUp(server, mode);
    for (const headers of [carried(ann), {}, { cookie: `${ACCESS}=x` }, { authorization: "Bearer x" }]) {
      const found = await server.auth.validate(requestTo("/", { headers }));
      expect({ cacheControl: found.headers.get("cache-control"), vary: found.headers.get("vary") }).toEqual({
        cacheControl: "private, no-store",
        vary: "Cookie, Authorization",
      });
    }
  });
});

describe("the answer with the key set", () => {
  it("CAC-07 KEY-10 CKS-14 is public with a bounded age, and sets no cookie", async () => {
    const server = openAttackedServer();
    const ann = await signUp(server, "cookie");
    server.clock.advance(700);
    for (const path of ["/auth/jwks", "/auth/.well-known/jwks.json"]) {
      const response = await server.send(path, { headers: carried(ann) });
      expect(response.headers.get("cache-control")).toBe("public, max-age=300");
      expect({ status: response.status, cookies: response.headers.getSetCookie() }).toEqual({
        status: 200,
        cookies: [],
      });
    }
  });

  it("CAC-07 is not public when it fails", async () => {
    const store = faulty(newStore(), (call) =>
      call === "keys.load" ? Promise.reject(new Error("down")) : null,
    );
    const response = await openAttackedServer({ store }).send("/auth/jwks");
    const answer = await read(response);
    expect({
      status: answer.status,
      code: answer.code,
      cacheControl: answer.headers.get("cache-control"),
    }).toEqual({ status: 503, code: "store_unavailable", cacheControl: expect.stringContaining("no-store") });
  });
});
