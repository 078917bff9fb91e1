import { generateKeyPairSync } from "node:crypto";
import { Twitch } from "arctic";
import { describe, expect, it } from "vitest";
import { apple } from "./apple.ts";
import { arcticProvider } from "./arctic.ts";
import { discord } from "./discord.ts";
import { facebook } from "./facebook.ts";
import { github } from "./github.ts";
import { gitlab } from "./gitlab.ts";
import { google } from "./google.ts";
import { keycloak } from "./keycloak.ts";
import { linkedin } from "./linkedin.ts";
import { microsoft } from "./microsoft.ts";
import { oidc } from "./oidc.ts";
import { slack } from "./slack.ts";
import { twitch } from "./twitch.ts";
import { x } from "./x.ts";

type Options = Readonly<Record<string, unknown>>;
type Factory = (options: never) => unknown;

function messageFor(factory: Factory, options: unknown): string {
  try {
    factory(options as never);
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError);
    return error instanceof Error ? error.message : String(error);
  }
  return "";
}

const CLIENT: Options = { clientId: "id", clientSecret: "hidden" };
const ISSUER: Options = { issuer: "https://id.example.com" };
const PEM = generateKeyPairSync("ec", { namedCurve: "P-256" })
  .privateKey.export({ type: "pkcs8", format: "pem" })
  .toString();
const SHARED = ["clientId", "scopes", "storeTokens", "trustEmail", "id", "timeout", "authorizationParams"];

/** Every factory, options that it takes, and the names that it takes beside the shared ones. */
const FACTORIES: readonly (readonly [Factory, Options, readonly string[]])[] = [
  [google, CLIENT, ["clientSecret", "idTokenAudiences"]],
  [github, CLIENT, ["clientSecret"]],
  [discord, CLIENT, ["clientSecret"]],
  [linkedin, CLIENT, ["clientSecret"]],
  [twitch, CLIENT, ["clientSecret"]],
  [facebook, CLIENT, ["clientSecret"]],
  [x, CLIENT, ["clientSecret"]],
  [slack, CLIENT, ["clientSecret", "team"]],
  [gitlab, CLIENT, ["clientSecret", "trustedAudiences", "internalURL", "issuer"]],
  [
    microsoft,
    CLIENT,
    ["clientSecret", "idTokenAudiences", "tenant", "trustTenant", "issuer", "discoveryUrl"],
  ],
  [
    keycloak,
    { ...CLIENT, ...ISSUER },
    ["clientSecret", "trustedAudiences", "internalURL", "idTokenAudiences", "backchannelLogout", "issuer"],
  ],
  [
    oidc,
    { ...CLIENT, ...ISSUER },
    [
      "clientSecret",
      "trustedAudiences",
      "internalURL",
      "withoutPkce",
      "withoutNonce",
      "idTokenAudiences",
      "backchannelLogout",
      "issuer",
      "discoveryUrl",
    ],
  ],
  [
    apple,
    { clientId: "id", teamId: "team", keyId: "key", privateKey: PEM },
    ["idTokenAudiences", "teamId", "keyId", "privateKey"],
  ],
];

describe.each(FACTORIES)("%o", (factory, options, more) => {
  it("refuses an unknown option, and lists the known ones", () => {
    expect(messageFor(factory, options)).toBe("");
    const names = [...SHARED, ...more].join(", ");
    expect(messageFor(factory, { ...options, responseMode: "query" })).toBe(
      `responseMode is not an option of ${factory.name}: remove it, or write one of ${names}`,
    );
  });

  it("suggests the nearest spelling of each option", () => {
    for (const name of [...SHARED, ...more].filter((each) => each.length > 2)) {
      const misspelled = `${name}s`.replace("s", "ss");
      expect(messageFor(factory, { ...options, [misspelled]: "hidden" })).toBe(
        `${misspelled} is not an option of ${factory.name}: did you mean ${name}?`,
      );
    }
  });

  it("refuses options that are no object", () => {
    expect(messageFor(factory, undefined)).toBe(
      `${factory.name} takes options as an object, and got undefined`,
    );
  });

  it("shows a wrong value in the error, but never a secret", () => {
    const { name } = factory;
    expect(messageFor(factory, { ...options, scopes: "openid" })).toBe(
      `${name}: scopes is "openid", but it must be a list of strings: write one such as ["openid"]`,
    );
    for (const timeout of [0, 0.5, 61, Number.NaN, Number.POSITIVE_INFINITY, "10", null]) {
      expect(messageFor(factory, { ...options, timeout })).toMatch(
        new RegExp(`^${name}: timeout is .*, but it must be whole seconds, from 1 to 60$`),
      );
    }
    expect(messageFor(factory, { ...options, authorizationParams: { state: "mine" } })).toBe(
      `${name}: authorizationParams has state, which is not yours to write: Latchkey makes a new one for each sign-in`,
    );
    for (const timeout of [1, 60, undefined]) expect(messageFor(factory, { ...options, timeout })).toBe("");
    for (const option of more.filter((each) => /Secret|Key/.test(each))) {
      const said = messageFor(factory, { ...options, [option]: " hidden" });
      expect(said).toContain(`${name}: ${option}`);
      expect(said).not.toContain("hidden");
    }
  });
});

describe("a wrong value in the options of one provider", () => {
  it.each<[Factory, Options, string]>([
    [
      microsoft,
      { ...CLIENT, tenant: "Common" },
      'microsoft: tenant is "Common", but it must be "common", "organizations", "consumers", or a tenant\'s id',
    ],
    [
      oidc,
      { ...CLIENT, issuer: "http://id.example.com" },
      'oidc: issuer is "http://id.example.com", but it must be an https URL without query, such as "https://id.example.com"',
    ],
    [
      oidc,
      { ...CLIENT, issuer: "https://app:hidden@id.example.com" },
      'oidc: issuer is a URL with credentials, but it must be an https URL without query, such as "https://id.example.com"',
    ],
    [
      keycloak,
      { ...CLIENT, ...ISSUER, trustedAudiences: "account" },
      'keycloak: trustedAudiences is "account", but it must be a list of strings',
    ],
    [
      oidc,
      { ...CLIENT, ...ISSUER, withoutPkce: "true" },
      'oidc: withoutPkce is "true", but it must be true or false',
    ],
    [
      oidc,
      { ...CLIENT, ...ISSUER, withoutNonce: 1 },
      "oidc: withoutNonce is 1, but it must be true or false",
    ],
    [
      oidc,
      { clientId: "id", ...ISSUER, withoutPkce: true },
      "oidc: withoutPkce is true, but a client without a secret needs PKCE (RFC 9700 2.1.1): pass clientSecret, or remove withoutPkce",
    ],
    [
      slack,
      { ...CLIENT, team: "example" },
      'slack: team is "example", but it must be the id of a workspace, such as "T0123ABCD"',
    ],
    ...[
      "http://id.example.com",
      "http://10.0.0.1.example.com",
      "ftp://keycloak",
      "keycloak:8080",
      "http://keycloak/?a",
      "http://keycloak#",
      " http://keycloak",
      "http://169.254.169.254",
    ].map((internalURL): [Factory, Options, string] => [
      keycloak,
      { ...CLIENT, ...ISSUER, internalURL },
      `keycloak: internalURL is "${internalURL}", but it must be an https URL without query, or an http URL of a private network: one label such as "http://keycloak:8080", *.internal, *.local, *.svc or a private address`,
    ]),
    ...["http://keycloak:8080", "https://kc.example.net/auth", "http://kc.default.svc/realms/staff"].map(
      (internalURL): [Factory, Options, string] => [oidc, { ...CLIENT, ...ISSUER, internalURL }, ""],
    ),
  ])("is shown for %o", (factory, options, message) => {
    expect(messageFor(factory, options)).toBe(message);
  });
});

describe("arcticProvider", () => {
  const client = new Twitch("id", "hidden", "https://app.example.com/auth/oauth/twitch/callback");
  const profile = (): never => {
    throw new Error("this profile is not read");
  };

  it.each<[unknown, unknown, string]>([
    [
      client,
      { scopes: [], profile, scope: "a" },
      "scope is not an option of arcticProvider: did you mean scopes?",
    ],
    [
      client,
      { scopes: [], profile, clientId: "id" },
      "clientId is not an option of arcticProvider: remove it, or write one of scopes, profile, storeTokens, trustEmail, id, timeout, authorizationParams, withoutPkce",
    ],
    [
      client,
      { scopes: [], profile, withoutPkce: "yes" },
      'arcticProvider: withoutPkce is "yes", but it must be true or false',
    ],
    [client, undefined, "arcticProvider takes options as an object, and got undefined"],
    [client, { scopes: "a", profile }, 'arcticProvider: scopes is "a", but it must be a list of strings'],
    [client, { scopes: [], profile: {} }, "arcticProvider: profile is an object, but it must be a function"],
    [
      Twitch,
      { scopes: [], profile },
      "arcticProvider takes a client of arctic, such as new Twitch(…), and got a function",
    ],
    [
      client,
      { scopes: [], profile, timeout: 0 },
      "arcticProvider: timeout is 0, but it must be whole seconds, from 1 to 60",
    ],
    [client, { scopes: [], profile, timeout: 60 }, ""],
    [
      client,
      { scopes: [], profile, authorizationParams: { scope: "a" } },
      "arcticProvider: authorizationParams has scope, which is not yours to write: write the option scopes",
    ],
    [client, { scopes: [], profile, authorizationParams: { force_verify: "true" } }, ""],
    [client, { scopes: [], profile }, ""],
  ])("checks the client %o and the options %o", (instance, options, message) => {
    expect(messageFor(() => arcticProvider(instance as never, options as never), undefined)).toBe(message);
  });
});

it.each([keycloak, oidc])(
  "takes true or false for backchannelLogout, and false without it: %o",
  (factory) => {
    const options = { clientId: "id", issuer: "https://id.example.com" };
    expect(factory(options).backchannelLogout).toBe(false);
    expect(factory({ ...options, backchannelLogout: true }).backchannelLogout).toBe(true);
    for (const backchannelLogout of ["true", 1, null, {}]) {
      const message = messageFor(factory as never, { ...options, backchannelLogout });
      expect(message).toMatch(/: backchannelLogout is .* but it must be true or false$/);
    }
  },
);
