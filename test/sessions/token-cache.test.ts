import type { Auth, Validation } from "@latchkey/core";
import { createAuth } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import { createValidator, type ValidatorOptions } from "@latchkey/core/validator";
import { afterEach, describe, expect, it, vi } from "vitest";
import { settableClock } from "../fixtures/clock.ts";
import { ACCESS, cheapPassword, ORIGIN, openSecureServer, REFRESH, SECRET } from "../fixtures/server.ts";
import { counted, wrapped } from "../fixtures/wrapped-store.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

const codeOf = (found: Validation): string => (found.ok ? "ok" : found.code);

/** Counts the checks of signatures that the platform makes. */
function countChecks(): () => number {
  const spy = vi.spyOn(crypto.subtle, "verify");
  return () => spy.mock.calls.length;
}

/** A server on https, with a session of each transport. The list of ended sessions is read. */
async function open(options: Parameters<typeof openSecureServer>[0] = {}) {
  const server = openSecureServer(options);
  const { auth } = server;
  const user = await auth.users.create({ email: "eve@example.com" });
  const issue = async (transport: "cookie" | "bearer") => {
    const issued = await auth.sessions.create(user.id, { transport });
    return { id: issued.session.id, access: issued.accessToken, refresh: String(issued.refreshToken) };
  };
  await auth.validate(withCookies("theme=dark"));
  await auth.validate(withCookies(`${ACCESS}=${(await issue("cookie")).access}`));
  return { ...server, user, issue };
}

const withCookies = (cookie: string, init: RequestInit = {}): Request =>
  new Request(`${ORIGIN}/page`, { ...init, headers: { cookie, ...(init.headers as object) } });
const withBearer = (token: string): Request =>
  new Request(`${ORIGIN}/page`, { headers: { authorization: `Bearer ${token}` } });

describe("a token that was validated before", () => {
  it.each(["cookie", "bearer"] as const)("is not checked a second time, as a %s", async (transport) => {
    const { auth, issue } = await open();
    const { access, refresh } = await issue(transport);
    const request = () =>
      transport === "bearer"
        ? withBearer(access)
        : withCookies(`a=b; ${ACCESS}=${access}; ${REFRESH}=${refresh}`);
    const checks = countChecks();
    const first = await auth.validate(request());
    const before = checks();
    for (let n = 0; n < 20; n++) {
      const found = await auth.validate(request());
      expect(found).toMatchObject({ ok: true, transport, refreshed: false });
      if (!found.ok || !first.ok) throw new Error("the token is live");
      expect([found.claims, found.session]).toEqual([first.claims, first.session]);
      expect([...found.headers]).toEqual([...first.headers]);
      expect([...found.cookies]).toEqual([...first.cookies]);
    }
    expect([before, checks()]).toEqual([1, 1]);
  });

  it("is checked each time with tokenCache: false", async () => {
    const { auth, issue } = await open({ tokenCache: false });
    const { access } = await issue("bearer");
    const checks = countChecks();
    for (let n = 0; n < 5; n++) expect(codeOf(await auth.validate(withBearer(access)))).toBe("ok");
    expect(checks()).toBe(5);
  });

  it.each(["none", undefined] as const)(
    "is refused in the second in which it expires, with revocation: %s",
    async (revocation) => {
      const { auth, clock, issue } = await open(revocation === undefined ? {} : { revocation });
      const { access } = await issue("bearer");
      const validate = async () => codeOf(await auth.validate(withBearer(access)));
      expect(await validate()).toBe("ok");
      clock.advance(599);
      // The keys are loaded, so that they need not be again.
      await auth.keys.jwks();
      expect(await validate()).toBe("ok");
      clock.advance(1);
      expect(await validate()).toBe("unauthenticated");
    },
  );

  it("is refused before its time after the clock was set back", async () => {
    const { auth, clock, issue } = await open({ revocation: "none" });
    const { access } = await issue("bearer");
    expect(codeOf(await auth.validate(withBearer(access)))).toBe("ok");
    clock.advance(-61);
    expect(codeOf(await auth.validate(withBearer(access)))).toBe("unauthenticated");
  });

  it("is refused at once when its key is revoked here, and after the next load when it is revoked elsewhere", async () => {
    const store = memory();
    const clock = settableClock();
    const [one, other] = [await open({ store, clock }), openSecureServer({ store, clock })];
    const { access } = await one.issue("bearer");
    const kid = String(JSON.parse(atob(access.split(".")[0] ?? ""))["kid"]);
    for (const { auth } of [one, other]) expect(codeOf(await auth.validate(withBearer(access)))).toBe("ok");
    await one.auth.keys.revoke(kid);
    expect(codeOf(await one.auth.validate(withBearer(access)))).toBe("unauthenticated");
    clock.advance(2);
    await other.auth.keys.jwks();
    clock.advance(61);
    await other.auth.keys.jwks();
    expect(codeOf(await other.auth.validate(withBearer(access)))).toBe("unauthenticated");
  });

  it("is not checked again after the keys were loaded again without a change", async () => {
    const { auth, clock, issue } = await open();
    const { access } = await issue("bearer");
    expect(codeOf(await auth.validate(withBearer(access)))).toBe("ok");
    clock.advance(120);
    await auth.keys.jwks();
    const checks = countChecks();
    await auth.validate(withBearer(access));
    expect([codeOf(await auth.validate(withBearer(access))), checks()]).toEqual(["ok", 0]);
  });

  it("is refused when its session is in the list of ended sessions", async () => {
    const { auth, clock, issue } = await open();
    const { id, access } = await issue("bearer");
    const other = await issue("bearer");
    const validate = async (token: string) => codeOf(await auth.validate(withBearer(token)));
    expect([await validate(access), await validate(other.access)]).toEqual(["ok", "ok"]);
    await auth.sessions.revoke(id);
    clock.advance(12);
    // The second time, the list needs no read.
    for (let n = 0; n < 2; n++)
      expect([await validate(access), await validate(other.access)]).toEqual(["session_revoked", "ok"]);
  });

  it('asks the store with fresh, and with revocation: "store"', async () => {
    for (const revocation of [undefined, "store"] as const) {
      const seen = counted(memory());
      const { auth, issue } = await open({ store: seen.store, ...(revocation ? { revocation } : {}) });
      const { id, access } = await issue("bearer");
      const validate = async () =>
        codeOf(await auth.validate(withBearer(access), revocation ? {} : { fresh: true }));
      expect(await validate()).toBe("ok");
      seen.calls.length = 0;
      expect(await validate()).toBe("ok");
      expect(seen.calls).toEqual(["sessions.get"]);
      await auth.sessions.revoke(id);
      expect(await validate()).toBe("session_revoked");
    }
  });

  it("is refused by the other transport", async () => {
    const { auth, issue } = await open();
    const [cookie, bearer] = [await issue("cookie"), await issue("bearer")];
    expect(codeOf(await auth.validate(withCookies(`${ACCESS}=${cookie.access}`)))).toBe("ok");
    expect(codeOf(await auth.validate(withBearer(bearer.access)))).toBe("ok");
    expect(codeOf(await auth.validate(withBearer(cookie.access)))).toBe("transport_mismatch");
    expect(codeOf(await auth.validate(withCookies(`${ACCESS}=${bearer.access}`)))).toBe("transport_mismatch");
  });

  it("is refused from another site where the request changes something", async () => {
    const { auth, issue } = await open();
    const { access } = await issue("cookie");
    const send = async (method: string, headers: object) =>
      codeOf(await auth.validate(withCookies(`${ACCESS}=${access}`, { method, headers: { ...headers } })));
    const elsewhere = { "sec-fetch-site": "cross-site", origin: "https://evil.example" };
    expect(await send("GET", {})).toBe("ok");
    expect(await send("GET", elsewhere)).toBe("ok");
    expect(await send("POST", elsewhere)).toBe("csrf_rejected");
    expect(await send("GET", { ...elsewhere, upgrade: "websocket" })).toBe("csrf_rejected");
    expect(await send("POST", { "sec-fetch-site": "same-origin", origin: ORIGIN })).toBe("ok");
  });

  it("does not hide a second token, or a bearer token that is wrong", async () => {
    const { auth, issue } = await open();
    const [one, two] = [await issue("cookie"), await issue("cookie")];
    const validate = async (cookie: string, headers: object = {}) =>
      codeOf(await auth.validate(withCookies(cookie, { headers: { ...headers } })));
    expect(await validate(`${ACCESS}=${one.access}`)).toBe("ok");
    expect(await validate(`${ACCESS}=${two.access}`)).toBe("ok");
    expect(await validate(`${ACCESS}=${one.access}; ${ACCESS}=${two.access}`)).toBe("unauthenticated");
    expect(await validate(`${ACCESS}=${one.access}; ${ACCESS} =${two.access}`)).toBe("unauthenticated");
    expect(await validate(`${ACCESS}=${one.access}`, { authorization: "Bearer" })).toBe("unauthenticated");
    expect(await validate(`${ACCESS}=${one.access}`, { authorization: "Bearer x" })).toBe("unauthenticated");
    expect(await validate(`${ACCESS}=${one.access}`, { authorization: "Basic x" })).toBe("ok");
  });

  it("is accepted with blanks around it, as it is without a cache", async () => {
    for (const tokenCache of [false, 16] as const) {
      const { auth, issue } = await open({ tokenCache });
      const { access } = await issue("cookie");
      for (let n = 0; n < 2; n++)
        for (const cookie of [
          `${ACCESS}=${access} ; a=b`,
          `${ACCESS}= ${access}`,
          `${ACCESS}=${access}\t; a=b`,
        ])
          expect(codeOf(await auth.validate(withCookies(cookie))), cookie).toBe("ok");
      const empty = await auth.validate(withCookies(`${ACCESS}= ; a=b`));
      expect(empty.headers.get("www-authenticate")).toBe("Bearer");
    }
  });

  it("is refreshed when that is due", async () => {
    const { auth, clock, issue } = await open({ revocation: "none" });
    const { access, refresh } = await issue("cookie");
    const request = () => withCookies(`${ACCESS}=${access}; ${REFRESH}=${refresh}`);
    expect(await auth.validate(request())).toMatchObject({ ok: true, refreshed: false });
    clock.advance(560);
    expect(await auth.validate(request())).toMatchObject({ ok: true, refreshed: true });
  });

  it("confirms its refresh token after the lease, with sessions.confirm: early", async () => {
    const seen = counted(memory());
    const { auth, clock, issue } = await open({
      ...{ store: seen.store, sessions: { confirm: "early" }, revocation: "none" },
    });
    const { access } = await issue("cookie");
    const validate = async () => codeOf(await auth.validate(withCookies(`${ACCESS}=${access}`)));
    expect(await validate()).toBe("ok");
    seen.calls.length = 0;
    clock.advance(61);
    expect([await validate(), await validate()]).toEqual(["ok", "ok"]);
    expect(seen.calls.filter((call) => call === "sessions.confirm")).toHaveLength(1);
  });

  it("runs hooks.validated each time", async () => {
    let runs = 0;
    const validated = () => (++runs < 3 ? undefined : (false as const));
    const { auth, issue } = await open({ hooks: { validated } });
    runs = 0;
    const { access } = await issue("bearer");
    const codes = [];
    for (let n = 0; n < 3; n++) codes.push(codeOf(await auth.validate(withBearer(access))));
    expect(codes).toEqual(["ok", "ok", "unauthenticated"]);
  });

  it("meets the bounds of a step-up each time", async () => {
    const { auth, clock, issue } = await open();
    const { access } = await issue("bearer");
    const bounded = async () => codeOf(await auth.validate(withBearer(access), { maxAge: 60 }));
    expect([await bounded(), await bounded()]).toEqual(["ok", "ok"]);
    clock.advance(61);
    expect(await bounded()).toBe("insufficient_user_authentication");
    expect(codeOf(await auth.validate(withBearer(access)))).toBe("ok");
  });

  it("gives each request the same frozen claims, which none can change for another", async () => {
    const { auth, issue } = await open();
    const { access } = await issue("bearer");
    const found = await auth.validate(withBearer(access));
    if (!found.ok) throw new Error("the token is live");
    expect(() => Object.assign(found.claims, { sub: "another" })).toThrow(TypeError);
    expect(() => Object.assign(found.claims.context, { role: "admin" })).toThrow(TypeError);
    Object.assign(found.session, { userId: "another" });
    const again = await auth.validate(withBearer(access));
    expect(again.ok && [again.userId, again.session.userId]).toEqual([found.claims.sub, found.claims.sub]);
  });
});

describe("the signature of one token", () => {
  it.each([
    ["that is live", 0, "ok"],
    ["that is near its expiry, beside a refresh token", 560, "ok"],
    ["that has expired, beside a refresh token", 601, "ok"],
  ])("%s is checked once in a request", async (_, seconds, code) => {
    for (const tokenCache of [false, 16] as const) {
      const { auth, clock, issue } = await open({ tokenCache });
      const { access, refresh } = await issue("cookie");
      clock.advance(seconds);
      await auth.keys.jwks();
      const checks = countChecks();
      expect(codeOf(await auth.validate(withCookies(`${ACCESS}=${access}; ${REFRESH}=${refresh}`)))).toBe(
        code,
      );
      expect(checks()).toBe(1);
      vi.restoreAllMocks();
    }
  });

  it.each(["cookie", "bearer"] as const)("is checked once where it is wrong, as a %s", async (transport) => {
    const { auth, issue } = await open();
    const { access, refresh } = await issue(transport);
    const wrong = `${access.slice(0, -4)}${access.endsWith("AAAA") ? "BBBB" : "AAAA"}`;
    const requests =
      transport === "bearer"
        ? [withBearer(wrong)]
        : [withCookies(`${ACCESS}=${wrong}`), withCookies(`${ACCESS}=${wrong}; ${REFRESH}=lkr_x`)];
    const checks = countChecks();
    for (const request of requests) {
      const found = await auth.validate(request);
      expect(found.ok).toBe(false);
      expect(found.headers.get("www-authenticate")).toBe('Bearer error="invalid_token"');
    }
    expect(checks()).toBe(requests.length);
    if (transport === "cookie")
      expect(codeOf(await auth.validate(withCookies(`${ACCESS}=${wrong}; ${REFRESH}=${refresh}`)))).toBe(
        "ok",
      );
  });
});

describe("keys that are loaded slowly", () => {
  it.each(["accept", "refuse"] as const)(
    "do not hide that the list of ended sessions is due, with whenBehind: %s",
    async (whenBehind) => {
      const [clock, real] = [settableClock(), memory()];
      let during: (() => Promise<unknown>) | null = null;
      const store = wrapped(real, async (operation, call) => {
        const slow = operation === "keys.load" ? during : null;
        if (slow !== null) during = null;
        await slow?.();
        return call();
      });
      const revocation = { pollEvery: 10, whenBehind };
      const { auth } = openSecureServer({ store, clock, revocation });
      const other = openSecureServer({ store: real, clock }).auth;
      const { id: userId } = await other.users.create({ email: "eve@example.com" });
      const issue = () => other.sessions.create(userId, { transport: "bearer" });
      let busy = await issue();
      // This process loads its keys once, and its list every ten seconds.
      for (let n = 0; n <= 120; n++) {
        if (n % 60 === 0) busy = await issue();
        await auth.validate(withBearer(busy.accessToken));
        await new Promise((resolve) => setTimeout(resolve, 1));
        if (n < 120) clock.advance(5);
      }
      const late = await issue();
      clock.advance(4);
      during = async () => {
        clock.advance(40);
        await other.sessions.revoke(late.session.id);
      };
      expect(codeOf(await auth.validate(withBearer(late.accessToken)))).toBe("session_revoked");
      expect(during).toBeNull();
    },
  );
});

describe("two instances", () => {
  it("never share tokens, also with one secret", async () => {
    const make = (): Auth =>
      createAuth({
        ...{ store: memory(), providers: [cheapPassword()], baseURL: ORIGIN, secret: SECRET },
        ...{ accessToken: { algorithm: "EdDSA" as const } },
      });
    const [one, other] = [make(), make()];
    const user = await one.users.create({ email: "eve@example.com" });
    const { accessToken } = await one.sessions.create(user.id, { transport: "bearer" });
    expect(codeOf(await one.validate(withBearer(accessToken)))).toBe("ok");
    expect(codeOf(await other.validate(withBearer(accessToken)))).toBe("unauthenticated");
  });

  it("compare audience and issuer with their own", async () => {
    const store = memory();
    const one = await open({ store });
    const { access } = await one.issue("bearer");
    const jwks = await one.auth.keys.jwks();
    const validator = (options: Partial<ValidatorOptions>) =>
      createValidator({ jwks, issuer: ORIGIN, env: { clock: one.clock.now }, ...options });
    const own = validator({});
    for (let n = 0; n < 2; n++) {
      expect(codeOf(await own.validate(withBearer(access)))).toBe("ok");
      expect(codeOf(await validator({ audience: "api" }).validate(withBearer(access)))).toBe(
        "unauthenticated",
      );
      expect(codeOf(await validator({ issuer: "https://other.example" }).validate(withBearer(access)))).toBe(
        "unauthenticated",
      );
    }
    const api = openSecureServer({ store, clock: one.clock, accessToken: { audience: "api" } });
    expect(codeOf(await api.auth.validate(withBearer(access)))).toBe("unauthenticated");
  });
});

describe("a validator without a store", () => {
  async function edge(options: Partial<ValidatorOptions> = {}) {
    const server = await open();
    const jwks = await server.auth.keys.jwks();
    return {
      ...server,
      validator: createValidator({ jwks, issuer: ORIGIN, env: { clock: server.clock.now }, ...options }),
    };
  }

  it("checks the signature of a token once, and its expiry each time", async () => {
    const { validator, clock, issue } = await edge();
    const { access } = await issue("cookie");
    const validate = async () => codeOf(await validator.validate(withCookies(`a=b; ${ACCESS}=${access}`)));
    const checks = countChecks();
    for (let n = 0; n < 10; n++) expect(await validate()).toBe("ok");
    expect(checks()).toBe(1);
    clock.advance(600);
    expect(await validate()).toBe("unauthenticated");
  });

  it("checks it each time with tokenCache: false, and refuses another size", async () => {
    const { validator, issue, auth } = await edge({ tokenCache: false });
    const { access } = await issue("bearer");
    const checks = countChecks();
    for (let n = 0; n < 3; n++) expect(codeOf(await validator.validate(withBearer(access)))).toBe("ok");
    expect(checks()).toBe(3);
    const jwks = await auth.keys.jwks();
    expect(() => createValidator({ jwks, issuer: ORIGIN, tokenCache: 0 })).toThrow(
      "createValidator: tokenCache is 0, but it must be a whole number from 1 to 1000000, or false",
    );
  });

  it("keeps the other transport, another site and other tokens apart", async () => {
    const { validator, issue } = await edge();
    const [one, two] = [await issue("cookie"), await issue("cookie")];
    const validate = async (request: Request) => codeOf(await validator.validate(request));
    const cookie = `${ACCESS}=${one.access}`;
    expect(await validate(withCookies(cookie))).toBe("ok");
    expect(await validate(withBearer(one.access))).toBe("transport_mismatch");
    const headers = { "sec-fetch-site": "cross-site" };
    expect(await validate(withCookies(cookie, { method: "POST", headers }))).toBe("csrf_rejected");
    expect(await validate(withCookies(`${cookie}; ${ACCESS}=${two.access}`))).toBe("unauthenticated");
  });
});

describe("tokens that are not valid", () => {
  it("are never kept, so that they push no honest token out", async () => {
    const { auth, clock, issue } = await open({ tokenCache: 1 });
    const expired = [await issue("bearer"), await issue("bearer"), await issue("bearer")];
    clock.advance(601);
    const { access } = await issue("bearer");
    expect(codeOf(await auth.validate(withBearer(access)))).toBe("ok");
    const [header = "", payload = "", signature = ""] = access.split(".");
    for (let n = 0; n < 100; n++) {
      const forged = `${signature.slice(0, 20)}${String(n).padStart(3, "A")}${signature.slice(23)}`;
      for (const token of [`${header}.${payload}.${forged}`, ...expired.map((one) => one.access), "x", ""])
        expect(codeOf(await auth.validate(withBearer(token)))).toBe("unauthenticated");
    }
    const checks = countChecks();
    expect(codeOf(await auth.validate(withBearer(access)))).toBe("ok");
    expect(checks()).toBe(0);
  });
});
