import { generateKeyPairSync } from "node:crypto";
import {
  apple,
  discord,
  facebook,
  github,
  gitlab,
  google,
  keycloak,
  linkedin,
  microsoft,
  oidc,
  slack,
  twitch,
  x,
} from "@latchkey/core/oauth";
import { describe, expect, it } from "vitest";
import { openServerWith } from "../fixtures/oauth-server.ts";
import type { OAuthProvider } from "../fixtures/rigged-sign-in.ts";

type Options = Readonly<Record<string, unknown>>;
/** A factory as JavaScript sees it. */
type Factory = (options: Options) => OAuthProvider;

function untyped(factory: (options: never) => OAuthProvider): Factory {
  return (options) => factory(options as never);
}

const CLIENT: Options = { clientId: "id", clientSecret: "secret" };
const PEM = generateKeyPairSync("ec", { namedCurve: "P-256" })
  .privateKey.export({ type: "pkcs8", format: "pem" })
  .toString();
const ISSUER: Options = { issuer: "https://id.example.com" };
const FACTORIES: Readonly<Record<string, readonly [Factory, Options]>> = {
  google: [untyped(google), CLIENT],
  github: [untyped(github), CLIENT],
  discord: [untyped(discord), CLIENT],
  gitlab: [untyped(gitlab), CLIENT],
  linkedin: [untyped(linkedin), CLIENT],
  twitch: [untyped(twitch), CLIENT],
  slack: [untyped(slack), CLIENT],
  facebook: [untyped(facebook), CLIENT],
  x: [untyped(x), CLIENT],
  microsoft: [untyped(microsoft), CLIENT],
  keycloak: [untyped(keycloak), { ...CLIENT, ...ISSUER }],
  oidc: [untyped(oidc), { ...CLIENT, ...ISSUER }],
  apple: [untyped(apple), { clientId: "id", teamId: "team", keyId: "key", privateKey: PEM }],
};
const CASES = Object.entries(FACTORIES).map(
  ([name, [factory, options]]) => [name, factory, options] as const,
);

/** Calls that must each throw a TypeError with this in its message. */
function expectRefused(factory: Factory, all: readonly Options[], words: RegExp): void {
  for (const options of all) {
    expect(() => factory(options), JSON.stringify(options)).toThrow(TypeError);
    expect(() => factory(options)).toThrow(words);
  }
}

/** Values of an environment that is not configured, and values of a faulty program. */
const UNSET: readonly unknown[] = [undefined, ""];
const MISSING: readonly unknown[] = [null, 7, ["id"], {}];
const BLANK: readonly unknown[] = [" ", "id ", " id", "id\n", "\tid", "\uFEFFid"];

describe.each(CASES)("OAU-23 the provider %s", (name, factory, options) => {
  it("accepts valid options, and is frozen", () => {
    const provider = factory(options);
    expect(provider).toMatchObject({ type: "oauth", id: name, storeTokens: false });
    expect(provider.responseMode).toBe(name === "apple" ? "form_post" : "query");
    expect(Object.isFrozen(provider)).toBe(true);
    expect(JSON.stringify(provider)).not.toContain("secret");
  });

  it("requires each of its texts, without white space around it", () => {
    const texts = Object.keys(options).filter((option) => option !== "issuer" && option !== "privateKey");
    for (const option of texts) {
      const with_ = (value: unknown): Options => ({ ...options, [option]: value });
      for (const value of UNSET)
        expect(factory(with_(value)).missing).toEqual([
          expect.stringMatching(new RegExp(`^${name}: ${option} is missing`)),
        ]);
      expectRefused(factory, MISSING.map(with_), new RegExp(`^${name}: ${option} is missing`));
      expectRefused(
        factory,
        BLANK.map(with_),
        new RegExp(`^${name}: ${option} begins or ends with white space`),
      );
    }
  });

  it("requires an id that can be a path segment", () => {
    for (const id of ["a", "0", "my-provider", "x".repeat(32)]) {
      expect(factory({ ...options, id }).id).toBe(id);
    }
    const bad = [
      "exchange",
      "__proto__",
      "",
      "-a",
      "A",
      "a_b",
      "a/b",
      "a.b",
      "..",
      "a b",
      "a\n",
      "ä",
      "a%2f",
      "x".repeat(33),
      null,
      7,
      ["a"],
    ];
    expectRefused(
      factory,
      bad.filter((id) => id !== null).map((id) => ({ ...options, id })),
      /^the provider id is .*it stands in the path/s,
    );
  });

  it("requires scopes to be a list of texts", () => {
    const bad = ["openid", 7, {}, [7], [""], [undefined], ["openid", null]];
    expectRefused(
      factory,
      bad.map((scopes) => ({ ...options, scopes })),
      new RegExp(`^${name}: scopes`),
    );
    expect(() => factory({ ...options, scopes: [] })).not.toThrow();
  });

  it("stores tokens only where storeTokens is true, and refuses what is no boolean", () => {
    expect(factory({ ...options, storeTokens: true }).storeTokens).toBe(true);
    expect(factory(options).storeTokens).toBe(false);
    expectRefused(
      factory,
      ["false", 1, {}, null].map((storeTokens) => ({ ...options, storeTokens })),
      new RegExp(`^${name}: storeTokens`),
    );
  });
});

describe("OAU-23 the options of one provider only", () => {
  it.each([oidc, keycloak])("include no secret for a public client", (make) => {
    const forgotten = { issuer: "https://id.example.com", clientId: "id", clientSecret: undefined };
    const provider = make(forgotten as unknown as Parameters<typeof make>[0]);
    expect(provider.missing).toEqual([expect.stringMatching(/clientSecret is missing/)]);
    expect(make({ issuer: "https://id.example.com", clientId: "id" }).missing).toEqual([]);
  });

  it("the tenant of Microsoft is one of three words, or an id", () => {
    const [factory, options] = [untyped(microsoft), CLIENT];
    const bad = [
      "",
      "Common",
      "contoso.onmicrosoft.com",
      "../common",
      "common/",
      "72f988bf",
      7,
      null,
      ["common"],
    ];
    expectRefused(
      factory,
      bad.map((tenant) => ({ ...options, tenant })),
      /^microsoft: tenant/,
    );
  });

  it("the private key of Apple is in PEM", () => {
    const [factory, options] = FACTORIES["apple"] ?? [];
    if (factory === undefined) throw new Error("there is no such factory");
    for (const privateKey of UNSET) {
      const sentence = expect.stringMatching(/^apple: privateKey is missing/);
      expect(factory({ ...options, privateKey }).missing).toEqual([sentence]);
    }
    const bad = [
      null,
      "AuthKey.p8",
      "-----BEGIN PUBLIC KEY-----",
      "-----BEGIN PRIVATE KEY-----\nMIG\n-----END PRIVATE KEY-----\n",
      7,
      [PEM],
      new Uint8Array(8),
    ];
    expectRefused(
      factory,
      bad.map((privateKey) => ({ ...options, privateKey })),
      /^apple: privateKey/,
    );
  });
});

it("OAU-23 an unknown provider is not found, by any method or name", async () => {
  const { browser } = openServerWith([google({ clientId: "id", clientSecret: "secret" })]);
  for (const id of [
    "github",
    "__proto__",
    "constructor",
    "toString",
    "exchange",
    "GOOGLE",
    "google%20",
    "%67oogle%00",
  ]) {
    for (const path of [`/auth/oauth/${id}`, `/auth/oauth/${id}/callback?code=x&state=${"A".repeat(43)}`]) {
      const response = await browser().get(path, { "sec-fetch-site": "none" });
      expect([404, 405], path).toContain(response.status);
      expect(response.headers.has("location")).toBe(false);
      expect(response.headers.getSetCookie()).toEqual([]);
    }
  }
});

it("OAU-23 two providers with one id are refused", () => {
  const twice = [google({ clientId: "a", clientSecret: "b" }), google({ clientId: "c", clientSecret: "d" })];
  expect(() => openServerWith(twice)).toThrow(TypeError);
});
