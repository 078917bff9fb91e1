import type { Store } from "@latchkey/core/store";
import { describe, expect, it } from "vitest";
import { newStore } from "../fixtures/environment-store.ts";
import { requestTo } from "../fixtures/requests.ts";
import { openForgery } from "./forger.ts";
import { openAttackedServer, PASSWORD } from "./server.ts";
import { read, signUp, withAccess } from "./session.ts";

const CREDENTIALS = { email: "ann@example.com", password: PASSWORD };
const JSON_TYPE = { "content-type": "application/json" };
const FORM_TYPE = { "content-type": "application/x-www-form-urlencoded" };

/** Runs with a polluted prototype, and cleans it whatever happens. */
async function polluted(members: Readonly<Record<string, unknown>>, run: () => Promise<void>): Promise<void> {
  for (const [name, value] of Object.entries(members)) {
    Object.defineProperty(Object.prototype, name, { value, configurable: true, writable: true });
  }
  try {
    await run();
  } finally {
    for (const name of Object.keys(members)) Reflect.deleteProperty(Object.prototype, name);
  }
}

function expectClean(): void {
  expect(Object.keys(Object.prototype)).toEqual([]);
  expect(Object.getPrototypeOf({})).toBe(Object.prototype);
  expect("polluted" in {}).toBe(false);
}

describe("prototype pollution", () => {
  it.each([
    '{"__proto__":{"email":"ann@example.com","password":"correct horse battery","polluted":1}}',
    '{"constructor":{"prototype":{"polluted":1}},"email":"a"}',
    '{"prototype":{"polluted":1}}',
    '{"__proto__":null}',
    '{"a":{"__proto__":{"polluted":1}}}',
    '[{"__proto__":{"polluted":1}}]',
    '{"\\u005f_proto__":{"polluted":1}}',
  ])("BOD-06 %s finds no user", async (body) => {
    const server = openAttackedServer();
    await signUp(server, "cookie");
    for (const path of ["/auth/login", "/auth/signup"]) {
      const answer = await read(await server.send(path, { method: "POST", headers: JSON_TYPE, body }));
      expect({ path, status: answer.status, code: answer.code }).toEqual({
        path,
        status: 400,
        code: "invalid_request",
      });
    }
    expectClean();
  });

  it("BOD-06 members such as __proto__ have no effect beside valid ones", async () => {
    const server = openAttackedServer();
    const text = JSON.stringify(CREDENTIALS).replace(
      "{",
      '{"__proto__":{"transport":"bearer","polluted":1},"constructor":{"prototype":{"polluted":1}},',
    );
    const answer = await read(
      await server.send("/auth/signup", { method: "POST", headers: JSON_TYPE, body: text }),
    );
    expect({ status: answer.status, cookies: answer.headers.getSetCookie().length }).toEqual({
      status: 201,
      cookies: 2,
    });
    const form =
      "__proto__=x&constructor=y&email=ann%40example.com&password=correct+horse+battery&__proto__[polluted]=1";
    expect(
      (await read(await server.send("/auth/login", { method: "POST", headers: FORM_TYPE, body: form })))
        .status,
    ).toBe(200);
    expectClean();
  });

  it("BOD-06 inherited members are ignored as input", async () => {
    await polluted(
      { email: "ann@example.com", password: PASSWORD, refresh_token: "x", scope: "all", transport: "bearer" },
      async () => {
        const server = openAttackedServer();
        for (const path of ["/auth/login", "/auth/signup"]) {
          expect(
            (await read(await server.send(path, { method: "POST", headers: JSON_TYPE, body: "{}" }))).code,
          ).toBe("invalid_request");
        }
        expect(
          (await read(await server.send("/auth/refresh", { method: "POST", headers: JSON_TYPE, body: "{}" })))
            .code,
        ).toBe("unauthenticated");
        expect(
          (await read(await server.send("/auth/logout", { method: "POST", headers: JSON_TYPE, body: "{}" })))
            .status,
        ).toBe(200);
      },
    );
    expectClean();
  });

  it("BOD-06 inherited members are no arguments of the calls of the application", async () => {
    const server = openAttackedServer();
    const { users, sessions } = server.auth;
    const { id } = await users.create({ username: "ann" });
    const members = { emailVerified: true, username: "eve", name: "Eve", transport: "bearer", after: "x" };
    await polluted({ ...members, disabledAt: 1, except: "x", remember: false }, async () => {
      const first = await users.create({ email: "first@example.com" });
      expect(first).toMatchObject({ emailVerified: false, username: null, name: null });
      const changed = await users.update(id, { email: "ann@example.com" });
      expect(changed).toMatchObject({ emailVerified: false, name: null });
      expect(await users.import([{ email: "second@example.com" }])).toMatchObject([
        { user: { emailVerified: false, username: null, disabledAt: null } },
      ]);
      expect((await users.list({ limit: 5 })).users).toHaveLength(3);
      expect((await sessions.create(id, { device: {} })).headers.getSetCookie()).toHaveLength(2);
    });
    expectClean();
  });

  it("STO-07 inherited members do not complete the answer of a store", async () => {
    const { sessions, ...others } = newStore();
    const get: Store["sessions"]["get"] = async (id, now) => {
      const found = await sessions.get(id, now);
      if (found === null) return null;
      const { endedAt: _, ...row } = found.row;
      return { ...found, row } as typeof found;
    };
    const server = openAttackedServer({ store: { ...others, sessions: { ...sessions, get } } });
    const ann = await signUp(server, "bearer");
    const request = requestTo("/", { headers: withAccess("bearer", ann.access) });
    await polluted({ endedAt: null }, async () => {
      const found = await server.auth.validate(request, { fresh: true });
      expect(found).toMatchObject({ ok: false, code: "internal_error" });
    });
    expectClean();
  });

  it("JWT-22 members of a payload reach no prototype, and appear as no claim", async () => {
    const { server, seal, claims, kid } = openForgery();
    const header = JSON.stringify({ alg: "EdDSA", typ: "at+jwt", kid });
    const text = JSON.stringify(claims);
    const sneaky = `${text.slice(0, -1)},"__proto__":{"role":"admin"},"constructor":{"prototype":{"polluted":1}}}`;
    const found = await server.auth.sessions.verify(seal(header, sneaky));
    if (!found.ok) throw new Error(found.code);
    expect({ role: found.claims["role"], hasProto: Object.hasOwn(found.claims, "__proto__") }).toEqual({
      role: undefined,
      hasProto: false,
    });
    const nested = text.replace('"context":{}', '"context":{"__proto__":{"role":"admin"}}');
    const inner = await server.auth.sessions.verify(seal(header, nested));
    if (!inner.ok) throw new Error(inner.code);
    expect({ role: inner.session.context["role"], members: Object.keys(inner.session.context) }).toEqual({
      role: undefined,
      members: [],
    });
    expectClean();
  });

  it("JWT-22 inherited members are ignored as claims", async () => {
    const { server, claims, seal, kid } = openForgery();
    const { sub: _, ...without } = claims;
    const token = seal(JSON.stringify({ alg: "EdDSA", typ: "at+jwt", kid }), JSON.stringify(without));
    const headless = seal(JSON.stringify({ alg: "EdDSA", kid }), JSON.stringify(claims));
    await polluted({ sub: "eve", typ: "at+jwt", crit: undefined }, async () => {
      for (const each of [token, headless]) {
        const found = await server.auth.validate(requestTo("/", { headers: withAccess("bearer", each) }));
        expect(found.ok).toBe(false);
      }
    });
    expectClean();
  });

  it.each([
    { secure: false, httpOnly: false, sameSite: "none", domain: "evil.example" },
    { restrictTransport: false, revocation: "none", requireFetchMetadata: false },
    { trustedOrigins: ["https://evil.example"], baseURL: "https://evil.example" },
    { issuer: "evil", audience: "evil", lifetime: 7_200, maxLifetime: 7_200 },
    { sessions: {}, load: () => undefined, lifetime: 7_200, sameSite: "none", schemes: ["Evil"] },
    { provided: [], claims: () => ({ role: "admin" }), serialize: () => ({ role: "admin" }) },
    { names: { access: "evil" }, previous: [{ name: "evil" }], refreshPath: "/evil" },
  ])("SEC-08 inherited options are ignored: %j", async (members) => {
    const clean = await shape();
    await polluted(members, async () => {
      expect(await shape()).toEqual(clean);
    });
    expectClean();
  });
});

/** What a server with few options of its own does. */
async function shape(): Promise<unknown> {
  const server = openAttackedServer({ accessToken: {}, cookies: {}, bearer: {}, keys: {}, user: {} });
  const answer = await read(await server.send("/auth/signup", { method: "POST", body: CREDENTIALS }));
  const lines = answer.headers.getSetCookie().map((line) => line.replace(/=[^;]*/, ""));
  const header = JSON.parse(Buffer.from((answer.access ?? "").split(".")[0] ?? "", "base64url").toString());
  const crossing = { origin: "https://evil.example", "sec-fetch-site": "cross-site" };
  const forged = await read(
    await server.send("/auth/login", { method: "POST", headers: crossing, body: CREDENTIALS }),
  );
  const other = await server.auth.validate(
    requestTo("/", { headers: withAccess("bearer", answer.access ?? "") }),
  );
  const user: unknown = answer.body["user"];
  return [
    answer.status,
    lines,
    header.alg,
    forged.code,
    other.ok || other.code,
    Object.keys({ ...(user as object) }),
  ];
}
