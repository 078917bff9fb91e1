import { generateKeyPairSync, type JsonWebKey } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { begin, comeBack } from "../fixtures/oauth-flow.ts";
import { type Algorithm, makeSigningKey, type SigningKey } from "../fixtures/providers/forged-token.ts";
import {
  bytes,
  cut,
  gzipBomb,
  html,
  huge,
  json,
  type Reply,
  redirect,
} from "../fixtures/providers/replies.ts";
import { discoveryDocument } from "../fixtures/providers/rigged-endpoints.ts";
import { type RiggedProvider, startRiggedProvider } from "../fixtures/providers/rigged-provider.ts";
import {
  type Attempt,
  attempt,
  CLIENT,
  expectNothing,
  expectSignedIn,
  issue,
  openRiggedServer,
  restore,
  riggedOidc,
} from "../fixtures/rigged-sign-in.ts";

const SIGNATURE = "the ID token's signature is not the provider's";
const STATUS = "the provider answers with an unexpected status";
const NO_JSON = "the provider's answer is no JSON";
const TOO_LARGE = "the provider's answer is too large";

let rig: RiggedProvider;

beforeAll(async () => {
  rig = await startRiggedProvider();
});
afterEach(() => restore(rig));
afterAll(() => rig.close());

/** A server that stays, and browsers that sign in one after the other. */
function openSignIns(): { signIn(): Promise<Attempt>; advance(seconds: number): void } {
  const opened = openRiggedServer(rig, [riggedOidc(rig)]);
  return {
    advance: opened.server.clock.advance,
    signIn: async () => {
      const browser = opened.server.browser();
      const start = await begin(browser, "oidc");
      return { ...opened, browser, response: await comeBack(browser, rig.authorize(start)) };
    },
  };
}

function keyCalls(): number {
  return rig.requestsTo("jwks").length;
}

describe("KEY-11 keys that cannot be loaded", () => {
  const TYPE = { "content-type": "application/json" };
  it.each<[string, Reply, string]>([
    ["404", json({}, 404), STATUS],
    ["500", json({}, 500), STATUS],
    ["201 with the keys", json({ keys: [] }, 201), STATUS],
    ["a page", html(), NO_JSON],
    ["a page that calls itself JSON", bytes(200, TYPE, "<!DOCTYPE html>"), NO_JSON],
    ["the wrong type", bytes(200, { "content-type": "text/plain" }, '{"keys":[]}'), NO_JSON],
    ["a redirect", redirect("https://evil.example/jwks"), "the provider redirects where an answer belongs"],
    ["10 MB", huge({ keys: [] }), TOO_LARGE],
    ["10 MB in a few kilobytes", gzipBomb({ keys: [] }), TOO_LARGE],
    ["half of them", cut({ keys: [] }), "the provider cannot be reached"],
    ["a broken connection", (response) => void response.destroy(), "the provider cannot be reached"],
    ["no keys", json({ keys: [] }), SIGNATURE],
    ["no set", json({}), SIGNATURE],
    ["a list", json([]), SIGNATURE],
    ["null", json(null), SIGNATURE],
    ["keys that are an object", json({ keys: {} }), SIGNATURE],
    ["keys that are texts", json({ keys: ["rsa-1"] }), SIGNATURE],
    ["a key that is null", json({ keys: [null] }), SIGNATURE],
    ["a key without its members", json({ keys: [{ kid: "rsa-1", kty: "RSA", alg: "RS256" }] }), SIGNATURE],
  ])("sign no user in with %s", async (_, reply, error) => {
    rig.answers.jwks = () => reply;
    const made = await attempt(rig);
    await expectNothing(made, error);
    expect(made.net.refused).toEqual([]);
  });

  it("sign users in as soon as they can be loaded again", async () => {
    const server = openSignIns();
    rig.answers.jwks = () => json({}, 500);
    await expectNothing(await server.signIn(), STATUS);
    restore(rig);
    const made = await server.signIn();
    expect(made.response.headers.get("location")).toMatch(/\/welcome$/);
  });
});

describe("KEY-11 keys that cannot verify", () => {
  const weak = weakKey("rsa-1024");
  it.each<[string, () => unknown, SigningKey | null]>([
    ["a private one", () => ({ ...rig.key.privateKey.export({ format: "jwk" }), kid: "rsa-1" }), null],
    ["one of 1024 bits", () => weak.jwk, weak],
    ["one for encryption", () => ({ ...rig.key.jwk, use: "enc" }), null],
    ["one to sign with", () => ({ ...rig.key.jwk, key_ops: ["sign"] }), null],
    ["one of another algorithm", () => ({ ...rig.key.jwk, alg: "PS256" }), null],
    ["one of another type", () => ({ ...rig.keys.ES256.jwk, kid: "rsa-1", alg: undefined }), null],
    ["one under __proto__", () => JSON.parse(`{"__proto__":${JSON.stringify(rig.key.jwk)}}`), null],
  ])("are refused: %s", async (_, jwk, key) => {
    rig.jwks = [jwk()];
    issue(rig, { key: key ?? rig.key });
    await expectNothing(await attempt(rig), SIGNATURE);
  });

  it("do not prevent the use of a valid key beside them", async () => {
    const secret = Buffer.from(CLIENT.clientSecret).toString("base64url");
    const others = [
      { kty: "oct", k: secret, kid: "shared", alg: "HS256", use: "sig" },
      { ...rig.keys.ES256.privateKey.export({ format: "jwk" }), kid: "private", alg: "ES256" },
      weak.jwk,
      { kty: "future", kid: "future" },
      { ...rig.key.jwk, kid: "rsa-1", use: "enc" },
    ];
    rig.jwks = [...others, rig.key.jwk];
    await expectSignedIn(await attempt(rig), { email: "ann@example.com" });
  });
});

function weakKey(kid: string): SigningKey {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 1_024 });
  const jwk: JsonWebKey = { ...publicKey.export({ format: "jwk" }), kid, alg: "RS256", use: "sig" };
  return { kid, alg: "RS256", privateKey, publicKey, jwk };
}

describe("KEY-12 a provider that rotates its keys", () => {
  it("gets one request for many sign-ins, and one more for a new key", async () => {
    const server = openSignIns();
    const before = keyCalls();
    for (const _ of [1, 2, 3]) await server.signIn();
    expect(keyCalls()).toBe(before + 1);
    const key = makeSigningKey("RS256", "rsa-2");
    rig.jwks = [key.jwk];
    issue(rig, { key });
    const made = await server.signIn();
    expect(made.response.headers.get("location")).toMatch(/\/welcome$/);
    expect(keyCalls()).toBe(before + 2);
    await server.signIn();
    expect(keyCalls()).toBe(before + 2);
  });

  it("gets one more request for each token with an unknown key", async () => {
    const server = openSignIns();
    await server.signIn();
    const before = keyCalls();
    issue(rig, { key: makeSigningKey("RS256", "unknown") });
    await server.signIn();
    expect(keyCalls()).toBe(before + 1);
    restore(rig);
    const made = await server.signIn();
    expect(made.response.headers.get("location")).toMatch(/\/welcome$/);
    expect(keyCalls()).toBe(before + 1);
  });

  it("gets one request for ten simultaneous sign-ins, and one more for ten with a new key", async () => {
    const server = openSignIns();
    const before = keyCalls();
    const atOnce = (): Promise<Attempt[]> => Promise.all(Array.from({ length: 10 }, () => server.signIn()));
    const key = makeSigningKey("RS256", "rsa-2");
    for (const [calls, change] of [
      [1, {}],
      [2, { key }],
    ] as const) {
      rig.jwks = [rig.key.jwk, ...("key" in change ? [key.jwk] : [])];
      issue(rig, change);
      for (const { response } of await atOnce())
        expect(response.headers.get("location")).toMatch(/\/welcome$/);
      expect(keyCalls() - before).toBeLessThanOrEqual(calls + 1);
    }
  });

  it("gets another request for a sign-in that joined a load from before the rotation", async () => {
    const server = openSignIns();
    const [before, redeemed] = [keyCalls(), rig.requestsTo("token").length];
    const [looked, answer] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    rig.answers.jwks = async () => {
      const reply = json({ keys: rig.jwks });
      looked.resolve();
      await answer.promise;
      return reply;
    };
    const first = server.signIn();
    await looked.promise;
    const key = makeSigningKey("RS256", "rsa-2");
    rig.jwks = [key.jwk];
    issue(rig, { key });
    const second = server.signIn();
    await vi.waitFor(() => expect(rig.requestsTo("token").length).toBe(redeemed + 2));
    await new Promise((resolve) => setTimeout(resolve, 50));
    answer.resolve();
    for (const { response } of await Promise.all([first, second]))
      expect(response.headers.get("location")).toMatch(/\/welcome$/);
    expect(keyCalls()).toBe(before + 2);
  });

  it.each([undefined, "same"])("gets one more request where its new key has the kid %s too", async (kid) => {
    const server = openSignIns();
    rig.jwks = [{ ...rig.key.jwk, kid }];
    issue(rig, { header: { kid } });
    await server.signIn();
    const before = keyCalls();
    const key = makeSigningKey("RS256", "rsa-2");
    rig.jwks = [{ ...key.jwk, kid }];
    issue(rig, { key, header: { kid } });
    for (const _ of [1, 2]) {
      expect((await server.signIn()).response.headers.get("location")).toMatch(/\/welcome$/);
      expect(keyCalls()).toBe(before + 1);
    }
  });

  it("JWT-05 gets one request in ten seconds for forged tokens with a known kid", async () => {
    const server = openSignIns();
    await server.signIn();
    const before = keyCalls();
    issue(rig, { key: makeSigningKey("RS256", "rsa-1") });
    for (const _ of [1, 2, 3]) {
      const refused = await server.signIn();
      expect(refused.server.events.at(-1)).toMatchObject({ type: "oauth.failed", error: SIGNATURE });
    }
    expect(keyCalls()).toBe(before + 1);
    server.advance(11);
    await server.signIn();
    expect(keyCalls()).toBe(before + 2);
    restore(rig);
    expect((await server.signIn()).response.headers.get("location")).toMatch(/\/welcome$/);
    expect(keyCalls()).toBe(before + 2);
  });

  it("is not asked for a kid that is no text, and the token is refused (RFC 7515 4.1.4)", async () => {
    const server = openSignIns();
    issue(rig, { header: { kid: 1 } });
    rig.jwks = [{ ...rig.key.jwk, kid: 1 }];
    await expectNothing(await server.signIn(), SIGNATURE);
  });

  it("has its keys cached for ten minutes, after which a withdrawn key is refused", async () => {
    const server = openSignIns();
    await server.signIn();
    const before = keyCalls();
    rig.jwks = [rig.keys.ES256.jwk];
    server.advance(540);
    issue(rig, { claims: timely(540) });
    const kept = await server.signIn();
    expect(kept.response.headers.get("location")).toMatch(/\/welcome$/);
    expect(keyCalls()).toBe(before);
    server.advance(61);
    issue(rig, { claims: timely(601) });
    const gone = await server.signIn();
    expect(gone.response.headers.get("location")).toMatch(/error=oauth_failed$/);
    expect(gone.server.events.at(-1)).toMatchObject({ type: "oauth.failed", error: SIGNATURE });
    expect(keyCalls()).toBeGreaterThan(before);
  });

  it("gets its request at the new address where its keys moved, though the old keys are fresh", async () => {
    const server = openSignIns();
    await server.signIn();
    server.advance(3_540);
    issue(rig, { claims: timely(3_540) });
    await server.signIn();
    const moved = { ...discoveryDocument(rig.issuer), jwks_uri: `${rig.issuer}/moved/jwks` };
    rig.answers.discovery = () => json(moved);
    server.advance(61);
    issue(rig, { claims: timely(3_601) });
    const made = await server.signIn();
    expect(made.response.headers.get("location")).toMatch(/\/welcome$/);
    expect(rig.requestsTo("jwks").at(-1)?.path).toBe("/moved/jwks");
  });

  it("signs no user in with expired keys while new ones cannot be loaded", async () => {
    const server = openSignIns();
    await server.signIn();
    rig.answers.jwks = () => json({}, 500);
    server.advance(601);
    issue(rig, { claims: timely(601) });
    const made = await server.signIn();
    expect(made.server.events.at(-1)).toMatchObject({ type: "oauth.failed", error: STATUS });
  });
});

/** The times of a token that is issued so many seconds from now. */
function timely(later: number): { readonly iat: number; readonly exp: number } {
  const iat = Math.floor(Date.now() / 1_000) + later;
  return { iat, exp: iat + 300 };
}

describe("KEY-13 a token without kid", () => {
  const many = (count: number, alg: Algorithm = "ES256"): SigningKey[] =>
    Array.from({ length: count }, (_, index) => makeSigningKey(alg, `ec-${index}`));

  it("is verified by the only key", async () => {
    rig.jwks = [rig.key.jwk];
    issue(rig, { header: { kid: undefined } });
    await expectSignedIn(await attempt(rig), { email: "ann@example.com" });
  });

  it.each([0, 1, 7])(
    "is verified by key %d of those that fit, and by no key of another provider",
    async (index) => {
      const keys = many(8);
      rig.jwks = [...Object.values(rig.keys).filter(({ alg }) => alg !== "ES256"), ...keys].map(
        ({ jwk }) => jwk,
      );
      const key = keys[index];
      if (key === undefined) throw new Error("there is no such key");
      issue(rig, { key, header: { kid: undefined } });
      const before = keyCalls();
      await expectSignedIn(await attempt(rig), { email: "ann@example.com" });
      expect(keyCalls()).toBe(before + 1);
      issue(rig, { key: makeSigningKey("ES256", "unknown"), header: { kid: undefined } });
      await expectNothing(await attempt(rig), SIGNATURE);
    },
  );

  it("is tried with the first eight keys only", async () => {
    const keys = many(9);
    rig.jwks = keys.map(({ jwk }) => jwk);
    issue(rig, { key: keys.at(-1) ?? null, header: { kid: undefined } });
    await expectNothing(await attempt(rig), SIGNATURE);
  });

  it("is verified where the keys have no kid, or all the same one", async () => {
    const [first, second] = many(2);
    if (first === undefined || second === undefined) throw new Error("there are no keys");
    for (const kid of [undefined, "same"]) {
      rig.jwks = [first, second].map(({ jwk }) => ({ ...jwk, kid }));
      issue(rig, { key: second, header: { kid } });
      await expectSignedIn(await attempt(rig), { email: "ann@example.com" });
    }
  });
});
