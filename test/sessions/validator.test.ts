import { createServer, type Server } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { createAuth, type Transport } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import { createValidator, type ValidatorOptions } from "@latchkey/core/validator";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type Clock, settableClock } from "../fixtures/clock.ts";
import { SECRET } from "../fixtures/server.ts";

const ORIGIN = "https://app.example.com";
const servers: Server[] = [];
/** For what happens in the background, on a busy machine. */
const PATIENT = { timeout: 60_000 };

afterEach(() => {
  vi.unstubAllGlobals();
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

/** A server that signs, its keys on a real port, and a validator that knows nothing but where they are. */
interface Edge {
  readonly auth: ReturnType<typeof makeAuth>;
  readonly clock: Clock;
  /** How often the keys were asked for. */
  readonly looks: () => number;
  /** What the port answers from now on; null is the key set. */
  answer: (response: (() => Response | Promise<Response>) | null) => void;
  validator: (changes?: Partial<ValidatorOptions>) => ReturnType<typeof createValidator>;
}

function makeAuth(clock: Clock) {
  return createAuth({ store: memory(), baseURL: ORIGIN, secret: SECRET, env: { clock: clock.now } });
}

async function openEdge(): Promise<Edge> {
  const clock = settableClock();
  const auth = makeAuth(clock);
  let looks = 0;
  let instead: (() => Response | Promise<Response>) | null = null;
  const server = createServer(
    getRequestListener((request) => {
      looks++;
      return instead === null ? auth.handle(request) : instead();
    }),
  );
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" ? address?.port : 0;
  return {
    auth,
    clock,
    looks: () => looks,
    answer: (response) => {
      instead = response;
    },
    validator: (changes = {}) =>
      createValidator({
        jwksUrl: `http://127.0.0.1:${port}/auth/jwks`,
        issuer: ORIGIN,
        env: { clock: clock.now },
        ...changes,
      }),
  };
}

async function tokenOf({ auth }: Edge, transport: Transport = "bearer"): Promise<string> {
  const user = await auth.users.create({ email: `${crypto.randomUUID()}@example.com` });
  return (await auth.sessions.create(user.id, { transport, context: { role: "admin" } })).accessToken;
}

function bearer(token: string): Request {
  return new Request(`${ORIGIN}/`, { headers: { authorization: `Bearer ${token}` } });
}

function cookie(token: string, init: RequestInit = {}, origin = ORIGIN): Request {
  const headers = new Headers(init.headers);
  headers.set("cookie", `theme=dark; __Host-Http-latchkey.access=${token}`);
  return new Request(`${origin}/`, { ...init, headers });
}

async function codeOf(validation: ReturnType<ReturnType<typeof createValidator>["validate"]>) {
  const found = await validation;
  return found.ok ? "ok" : found.code;
}

describe("B7: a validator without a store", () => {
  it("reads the session from its token alone, and fetches the keys once", async () => {
    const edge = await openEdge();
    const { validate } = edge.validator();
    const token = await tokenOf(edge);
    const found = await Promise.all(Array.from({ length: 20 }, () => validate(bearer(token))));
    expect(found.every(({ ok }) => ok)).toBe(true);
    expect(edge.looks()).toBe(1);
    expect(found[0]).toMatchObject({
      session: { context: { role: "admin" } },
      transport: "bearer",
      refreshed: false,
    });
    expect(found[0]?.headers.get("cache-control")).toBe("private, no-store");
  });

  it("reads the cookie, and checks the origin of an unsafe request", async () => {
    const edge = await openEdge();
    const { validate } = edge.validator({ trustedOrigins: ["https://spa.example.com"] });
    const token = await tokenOf(edge, "cookie");
    const found = await validate(cookie(token));
    expect(found).toMatchObject({ ok: true, transport: "cookie" });
    expect(found.ok && [...found.cookies.keys()]).toEqual(["theme", "__Host-Http-latchkey.access"]);
    const post = (headers: Record<string, string>) => cookie(token, { method: "POST", headers });
    expect(await codeOf(validate(post({ "sec-fetch-site": "cross-site" })))).toBe("csrf_rejected");
    expect(await codeOf(validate(post({ origin: "https://evil.example" })))).toBe("csrf_rejected");
    expect(await codeOf(validate(post({ origin: ORIGIN })))).toBe("ok");
    expect(await codeOf(validate(post({ origin: "https://spa.example.com" })))).toBe("ok");
  });

  it("refuses the cookies of two sessions, and takes the newest of two tokens of one session", async () => {
    const edge = await openEdge();
    const { validate } = edge.validator({ cookies: { domain: "example.com" } });
    const user = await edge.auth.users.create({ email: "ann@example.com" });
    const [one, two] = [await edge.auth.sessions.create(user.id), await edge.auth.sessions.create(user.id)];
    edge.clock.advance(60);
    const later = await edge.auth.sessions.refresh(one.refreshToken ?? "");
    const sent = (...tokens: readonly string[]): Request => {
      const pairs = tokens.map((token) => `__Secure-latchkey.access=${token}`);
      return new Request(`${ORIGIN}/`, { headers: { cookie: pairs.join("; ") } });
    };
    expect(await codeOf(validate(sent(one.accessToken, two.accessToken)))).toBe("unauthenticated");
    const newest = later.ok ? later.accessToken : "";
    const found = await validate(sent(one.accessToken, newest));
    expect(found).toMatchObject({ ok: true, claims: { iat: one.session.createdAt + 60 } });
  });

  it("accepts a token by its own transport only, unless restrictTransport is false", async () => {
    const edge = await openEdge();
    const [byBearer, byCookie] = [await tokenOf(edge), await tokenOf(edge, "cookie")];
    expect(await codeOf(edge.validator().validate(bearer(byCookie)))).toBe("transport_mismatch");
    expect(await codeOf(edge.validator().validate(cookie(byBearer)))).toBe("transport_mismatch");
    expect(await codeOf(edge.validator({ restrictTransport: false }).validate(bearer(byCookie)))).toBe("ok");
  });

  it("finds the cookie of localhost by the port of baseURL", async () => {
    const edge = await openEdge();
    const { validate } = edge.validator({ baseURL: "http://localhost:3000" });
    const token = await tokenOf(edge, "cookie");
    const request = new Request("http://localhost:8787/", {
      headers: { cookie: `latchkey.access.3000=${token}` },
    });
    expect(await codeOf(validate(request))).toBe("ok");
  });

  it("refuses an expired token, another audience, another issuer, and a request without a token", async () => {
    const edge = await openEdge();
    const token = await tokenOf(edge);
    expect(await codeOf(edge.validator({ audience: "https://other.example" }).validate(bearer(token)))).toBe(
      "unauthenticated",
    );
    expect(await codeOf(edge.validator({ issuer: "https://other.example" }).validate(bearer(token)))).toBe(
      "unauthenticated",
    );
    const without = await edge.validator().validate(new Request(ORIGIN));
    expect(without).toMatchObject({ ok: false, code: "unauthenticated", status: 401 });
    expect(without.headers.get("www-authenticate")).toBe("Bearer");
    edge.clock.advance(600);
    const late = await edge.validator().validate(bearer(token));
    expect(late).toMatchObject({ ok: false, code: "unauthenticated", status: 401 });
    expect(late.headers.get("www-authenticate")).toBe('Bearer error="invalid_token"');
  });

  it("follows a rotation of the keys with one load", async () => {
    const edge = await openEdge();
    const { validate } = edge.validator();
    expect(await codeOf(validate(bearer(await tokenOf(edge))))).toBe("ok");
    // Twice: the announced key is known already, the one after it is not.
    for (let turn = 0; turn < 2; turn++) await edge.auth.keys.rotate();
    edge.clock.advance(31);
    const token = await tokenOf(edge);
    const codes = await Promise.all(Array.from({ length: 10 }, () => codeOf(validate(bearer(token)))));
    expect(new Set(codes)).toEqual(new Set(["ok"]));
    expect(edge.looks()).toBe(2);
  });

  it("JWT-05: loads the keys at most once in 30 seconds for unknown key ids", async () => {
    const edge = await openEdge();
    const { validate } = edge.validator();
    const [, payload = "", signature = ""] = (await tokenOf(edge)).split(".");
    const forged = Array.from({ length: 500 }, (_, n) => {
      const header = JSON.stringify({ alg: "EdDSA", typ: "at+jwt", kid: `unknown-${n}` });
      return `${Buffer.from(header).toString("base64url")}.${payload}.${signature}`;
    });
    for (const token of forged) expect(await codeOf(validate(bearer(token)))).toBe("unauthenticated");
    expect(edge.looks()).toBe(1);
  });

  const broken: readonly (readonly [string, () => Response | Promise<Response>])[] = [
    ["an error", () => new Response("no", { status: 500 })],
    ["HTML", () => new Response("<html>", { headers: { "content-type": "text/html" } })],
    ["no keys", () => Response.json({ keys: [] })],
    ["a redirect", () => Response.redirect("http://127.0.0.1:1/")],
    ["a flood", () => Response.json({ keys: [], more: "x".repeat(1_000_000) })],
    [
      "keys that are none",
      () => Response.json({ keys: [null, 1, {}, { kid: "a", alg: "EdDSA", kty: "OKP" }] }),
    ],
  ];
  it.each(broken)("keeps its last keys while the key server answers %s", async (_, response) => {
    const edge = await openEdge();
    const { validate } = edge.validator();
    const token = await tokenOf(edge);
    expect(await codeOf(validate(bearer(token)))).toBe("ok");
    edge.answer(response);
    edge.clock.advance(599);
    expect(await codeOf(validate(bearer(token)))).toBe("ok");
    edge.clock.advance(60);
    expect(await codeOf(validate(bearer(await tokenOf(edge))))).toBe("ok");
    // No request waits for the load.
    await expect.poll(() => edge.looks(), PATIENT).toBe(2);
    edge.answer(null);
    edge.clock.advance(31);
    // The next one begins once this one is over.
    const again = async (): Promise<number> => {
      expect(await codeOf(validate(bearer(await tokenOf(edge))))).toBe("ok");
      return edge.looks();
    };
    await expect.poll(again, PATIENT).toBe(3);
  });

  it.each(broken)(
    "answers store_unavailable where it never had keys and the key server answers %s",
    async (_, response) => {
      const edge = await openEdge();
      edge.answer(response);
      const { validate } = edge.validator();
      const token = await tokenOf(edge);
      expect(await codeOf(validate(bearer(token)))).toBe("store_unavailable");
      edge.answer(null);
      // The next look waits a second: a server that is down is not asked by every token.
      expect(await codeOf(validate(bearer(token)))).toBe("store_unavailable");
      expect(edge.looks()).toBe(1);
      edge.clock.advance(1);
      expect(await codeOf(validate(bearer(token)))).toBe("ok");
    },
  );

  it("verifies with a known key while the key server hangs", async () => {
    const edge = await openEdge();
    const { validate } = edge.validator();
    expect(await codeOf(validate(bearer(await tokenOf(edge))))).toBe("ok");
    let asked = false;
    edge.answer(() => {
      asked = true;
      return new Promise<never>(() => undefined);
    });
    edge.clock.advance(601);
    expect(await codeOf(validate(bearer(await tokenOf(edge))))).toBe("ok");
    await expect.poll(() => asked, PATIENT).toBe(true);
    // The load is pending, and holds no request up.
    expect(await codeOf(validate(bearer(await tokenOf(edge))))).toBe("ok");
  });

  it("JWT-05: loads the keys once for many unknown ids at once, also where requests share no load", async () => {
    const edge = await openEdge();
    const { validate } = edge.validator();
    const [, payload = "", signature = ""] = (await tokenOf(edge)).split(".");
    expect(await codeOf(validate(bearer(await tokenOf(edge))))).toBe("ok");
    edge.clock.advance(31);
    vi.stubGlobal("navigator", { userAgent: "Cloudflare-Workers" });
    const forged = Array.from({ length: 200 }, (_, n) => {
      const header = JSON.stringify({ alg: "EdDSA", typ: "at+jwt", kid: `unknown-${n}` });
      return `${Buffer.from(header).toString("base64url")}.${payload}.${signature}`;
    });
    const codes = await Promise.all(forged.map((token) => codeOf(validate(bearer(token)))));
    expect(new Set(codes)).toEqual(new Set(["unauthenticated"]));
    expect(edge.looks()).toBe(2);
  });

  it("accepts the keys themselves, by their id and algorithm", async () => {
    const edge = await openEdge();
    const { keys } = await edge.auth.keys.jwks();
    const token = await tokenOf(edge);
    const validatorOf = (changed: object): ReturnType<typeof createValidator> => {
      const jwks = { keys: keys.map((key) => ({ ...key, ...changed })) };
      return createValidator({ jwks, issuer: ORIGIN, env: { clock: edge.clock.now } });
    };
    expect(await codeOf(validatorOf({}).validate(bearer(token)))).toBe("ok");
    for (const changed of [
      { alg: "ES256" },
      { alg: "none" },
      { alg: undefined },
      { kid: "" },
      { kty: "oct" },
      { use: "enc" },
      { crv: "X25519" },
      { x: "AA" },
      { d: "AA" },
    ])
      expect(() => validatorOf(changed)).toThrow(/^createValidator: jwks\.keys\[0\]/);
  });

  it.each([
    ["no issuer", { jwksUrl: "https://a.example/jwks" }, /issuer is missing/],
    ["no keys", { issuer: ORIGIN }, /jwksUrl or jwks/],
    ["both", { issuer: ORIGIN, jwksUrl: "https://a.example/jwks", jwks: { keys: [] } }, /jwksUrl or jwks/],
    ["an empty key set", { issuer: ORIGIN, jwks: { keys: [] } }, /jwks has no keys/],
    ["an empty audience", { issuer: ORIGIN, audience: "", jwksUrl: "https://a.example/jwks" }, /audience/],
    ["no scheme", { issuer: ORIGIN, bearer: { schemes: [] }, jwksUrl: "https://a.example/jwks" }, /schemes/],
    ["a path", { issuer: ORIGIN, baseURL: `${ORIGIN}/x`, jwksUrl: "https://a.example/jwks" }, /baseURL/],
    [
      "null",
      { issuer: ORIGIN, trustedOrigins: ["null"], jwksUrl: "https://a.example/jwks" },
      /trustedOrigins/,
    ],
    ["*", { issuer: ORIGIN, trustedOrigins: ["*"], jwksUrl: "https://a.example/jwks" }, /trustedOrigins/],
    ["credentials", { issuer: ORIGIN, jwksUrl: "https://a:b@a.example/jwks" }, /without credentials/],
    ["http", { issuer: ORIGIN, jwksUrl: "http://a.example/jwks" }, /keys come by https/],
  ])("refuses a configuration with %s", (_, options, message) => {
    expect(() => createValidator(options as ValidatorOptions)).toThrow(message);
  });
});
