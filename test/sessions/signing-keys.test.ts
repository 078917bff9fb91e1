import { describe, expect, test } from "vitest";
import { expectError } from "../fixtures/answers.ts";
import { ANN, BOB, openSecureServer, openServer, SECRET, typesOf } from "../fixtures/server.ts";
import { stores } from "../fixtures/stores.ts";
import { headerOf, kidOf } from "../fixtures/tokens.ts";

for (const { name, make } of stores) {
  describe(name, () => {
    test("T9 a stolen signing key verifies no token after it is revoked, and no user has to sign in again", async () => {
      const { auth, signedIn } = openSecureServer({ store: await make() });
      const ann = await signedIn();
      const kid = kidOf(ann.cookie("access"));
      await auth.keys.revoke(kid);
      expect((await auth.keys.jwks()).keys.map((key) => key.kid)).not.toContain(kid);
      expect(await auth.sessions.verify(ann.cookie("access"))).toMatchObject({ code: "unauthenticated" });
      expect((await ann.get("/auth/me")).status).toBe(200);
      expect(kidOf(ann.cookie("access"))).not.toBe(kid);
    });

    test("T4 keys are created, published, rotated and retired automatically, and no session ends", async () => {
      const { auth, clock, signedIn } = openServer({ store: await make() });
      const ann = await signedIn();
      const first = kidOf(ann.cookie("access"));
      const announced = (await auth.keys.jwks()).keys.map(({ kid }) => kid);
      expect(announced).toEqual([first, expect.any(String)]);
      for (let turn = 0; turn < 3; turn++) {
        clock.advance(10 * 86_400);
        expect((await ann.post("/auth/refresh")).status).toBe(200);
      }
      expect(kidOf(ann.cookie("access"))).toBe(announced[1]);
      clock.advance(2 * 86_400);
      const kept = (await auth.keys.jwks()).keys.map(({ kid }) => kid);
      expect(kept).toEqual([announced[1], expect.any(String)]);
      expect((await auth.validate(ann.request("/page"))).ok).toBe(true);
    });

    test("T4 an application can call rotate() and revoke()", async () => {
      const { auth, signedIn, events } = openServer({ store: await make() });
      const ann = await signedIn();
      const first = kidOf(ann.cookie("access"));
      await auth.keys.rotate();
      expect((await auth.validate(ann.request("/page"))).ok).toBe(true);
      expect(kidOf((await signedIn()).cookie("access"))).not.toBe(first);
      await auth.keys.revoke(first);
      const page = ann.request("/page");
      expect(await auth.validate(page, { refresh: "never" })).toMatchObject({ ok: true, refreshed: false });
      expect(await auth.sessions.verify(ann.cookie("access"))).toMatchObject({ code: "unauthenticated" });
      expect(await auth.validate(page)).toMatchObject({ ok: true, refreshed: true });
      expect(typesOf(events)).toEqual(expect.arrayContaining(["key.created", "key.rotated", "key.revoked"]));
    });

    test("T5 processes share keys without configuration, and each accepts the tokens of the others at once", async () => {
      const store = await make();
      const one = openServer({ store });
      const [ann, two] = [await one.signedIn(), openServer({ store, clock: one.clock })];
      expect((await two.auth.validate(ann.request("/page"))).ok).toBe(true);
      await two.auth.keys.rotate();
      await two.auth.keys.rotate();
      const bob = await two.signedIn();
      expect((await one.auth.validate(bob.request("/page"))).ok).toBe(true);
    });

    test("T5 many processes that start at once agree on one key ring", async () => {
      const store = await make();
      const worlds = Array.from({ length: 8 }, () => openServer({ store }));
      const sets = await Promise.all(worlds.map(({ auth }) => auth.keys.jwks()));
      expect(new Set(sets.map((set) => JSON.stringify(set))).size).toBe(1);
    });
  });
}

describe("J6 the algorithm of a token", () => {
  for (const algorithm of ["EdDSA", "ES256", "RS256", "PS256", "HS256"] as const) {
    test(algorithm, async () => {
      const { auth, signedIn } = openServer({ secret: SECRET, accessToken: { algorithm } });
      const ann = await signedIn();
      expect(headerOf(ann.cookie("access"))).toMatchObject({ alg: algorithm, typ: "at+jwt" });
      expect((await auth.validate(ann.request("/page"))).ok).toBe(true);
      const { keys } = await auth.keys.jwks();
      expect(keys.map(({ alg }) => alg)).toEqual(algorithm === "HS256" ? [] : [algorithm, algorithm]);
      expect(JSON.stringify(keys)).not.toMatch(/"(d|p|q|dp|dq|qi|k)":/);
    });
  }

  test("is the application's choice: a token with another one is refused", async () => {
    const { auth, signedIn, browser } = openServer();
    const [, payload, signature] = (await signedIn()).cookie("access").split(".");
    const { kid } = (await auth.keys.jwks()).keys[0] ?? {};
    for (const alg of ["none", "HS256", "ES256"]) {
      const header = Buffer.from(JSON.stringify({ alg, typ: "at+jwt", kid })).toString("base64url");
      const cookie = `latchkey.access.3000=${header}.${payload}.${signature}`;
      const found = await auth.validate(browser().request("/page", { headers: { cookie } }));
      expect(found).toMatchObject({ ok: false, code: "unauthenticated" });
    }
  });
});

test("T4 the first provided key signs, all of them verify, and no key is created", async () => {
  const jwks = await Promise.all(
    ["new", "old"].map(async (kid) => {
      const { privateKey } = await crypto.subtle.generateKey({ name: "Ed25519" }, true, ["sign", "verify"]);
      const { kty = "", crv = "", x = "", d = "" } = await crypto.subtle.exportKey("jwk", privateKey);
      return { kty, crv, x, d, kid };
    }),
  );
  const before = openServer({ keys: { provided: jwks.slice(1) } });
  const ann = await before.signedIn();
  const { store, clock } = before;
  const { auth, signedIn } = openServer({ store, clock, keys: { provided: jwks } });
  expect((await auth.validate(ann.request("/page"))).ok).toBe(true);
  expect(kidOf((await signedIn()).cookie("access"))).toBe("new");
  expect((await auth.keys.jwks()).keys.map(({ kid }) => kid)).toEqual(["new", "old"]);
  expect(await store.keys.load()).toBeNull();
  await expect(auth.keys.rotate()).rejects.toThrow(/keys\.provided/);
});

describe("a provided key whose private part belongs to another key", () => {
  const keyOf = async (algorithm: "Ed25519" | "ECDSA"): Promise<JsonWebKey> => {
    const name = { name: algorithm, namedCurve: "P-256" };
    const pair = (await crypto.subtle.generateKey(name, true, ["sign", "verify"])) as CryptoKeyPair;
    return crypto.subtle.exportKey("jwk", pair.privateKey);
  };

  test.each([
    ["EdDSA", "Ed25519"],
    ["ES256", "ECDSA"],
  ] as const)("KEY-08 signs nothing, and the error names its kid (%s)", async (algorithm, name) => {
    const [one, other] = [await keyOf(name), await keyOf(name)];
    const { kty = "", crv = "", x = "", y, d = "" } = { ...one, d: other.d ?? "" };
    const jwk = { kty, crv, x, d, ...(y === undefined ? {} : { y }), kid: "mixed" };
    const { auth, browser, events } = openServer({ keys: { provided: [jwk] }, accessToken: { algorithm } });
    const refused = {
      name: "AuthError",
      code: "internal_error",
      message: expect.stringContaining('"mixed"'),
    };
    await expect(auth.keys.jwks()).rejects.toMatchObject(refused);
    const { id } = await auth.users.create(BOB);
    await expect(auth.sessions.create(id)).rejects.toMatchObject(refused);
    await expectError(await browser().post("/auth/signup", ANN), 500, "internal_error");
    expect(events.find(({ type }) => type === "internal_error")).toMatchObject({ error: refused.message });
    const told = JSON.stringify(events);
    for (const secret of [one.d, other.d]) expect(told).not.toContain(secret);
  });
});
