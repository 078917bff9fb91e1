import { describe, expect, it } from "vitest";
import { platformEnv } from "../platform/env.ts";
import { type Cached, cached, parseMetadata } from "./provider-metadata.ts";

const ISSUER = "https://id.example.org/realm";
const document = {
  issuer: ISSUER,
  authorization_endpoint: "https://id.example.org/authorize",
  token_endpoint: "https://token.example.org/token",
  jwks_uri: "https://keys.example.org/jwks",
  userinfo_endpoint: "https://id.example.org/userinfo",
  authorization_response_iss_parameter_supported: true,
  token_endpoint_auth_methods_supported: ["client_secret_post", 7, null],
};

describe("parseMetadata", () => {
  it("reads the endpoints, wherever they are", () => {
    expect(parseMetadata(document, ISSUER)).toEqual({
      issuer: ISSUER,
      authorization_endpoint: document.authorization_endpoint,
      token_endpoint: document.token_endpoint,
      jwks_uri: document.jwks_uri,
      userinfo_endpoint: document.userinfo_endpoint,
      authorization_response_iss_parameter_supported: true,
      token_endpoint_auth_methods_supported: ["client_secret_post"],
    });
  });

  it("reads a document without userinfo, list of methods and announcement", () => {
    const { issuer, authorization_endpoint, token_endpoint, jwks_uri } = document;
    const parsed = parseMetadata({ issuer, authorization_endpoint, token_endpoint, jwks_uri }, ISSUER);
    expect(parsed).toEqual({
      issuer,
      authorization_endpoint,
      token_endpoint,
      jwks_uri,
      authorization_response_iss_parameter_supported: false,
    });
    for (const claim of ["true", 1, null, {}]) {
      const other = { ...document, authorization_response_iss_parameter_supported: claim };
      expect(parseMetadata(other, ISSUER)?.authorization_response_iss_parameter_supported).toBe(false);
    }
  });

  it.each([
    `${ISSUER}/`,
    "https://id.example.org",
    "https://ID.example.org/realm",
    "http://id.example.org/realm",
    "https://id.example.org/realm?x",
    "",
  ])("refuses the document of the issuer %s", (issuer) => {
    expect(parseMetadata({ ...document, issuer }, ISSUER)).toBeNull();
    expect(parseMetadata(document, issuer)).toBeNull();
  });

  it("refuses a value that is no document", () => {
    for (const value of [null, [], "text", 7, [document], {}])
      expect(parseMetadata(value, ISSUER)).toBeNull();
    expect(parseMetadata(Object.create(document), ISSUER)).toBeNull();
  });

  it.each(["authorization_endpoint", "token_endpoint", "jwks_uri"])(
    "refuses a document whose %s is no URL of a provider",
    (name) => {
      const wrong = [
        undefined,
        null,
        7,
        "",
        "/relative",
        "id.example.org",
        "http://id.example.org/x",
        "javascript:alert(1)",
        "data:application/json,{}",
        "ftp://id.example.org/x",
        "file:///x",
        "https://user@id.example.org/x",
        "https://:pw@id.example.org/x",
        ["https://id.example.org/x"],
      ];
      for (const value of wrong)
        expect([value, parseMetadata({ ...document, [name]: value }, ISSUER)]).toEqual([value, null]);
    },
  );

  it("takes http only from an issuer on http, which is this machine", () => {
    const local = "http://localhost:4000";
    const text = JSON.stringify({ ...document, issuer: local }).replaceAll("https://", "http://");
    expect(parseMetadata(JSON.parse(text), local)).not.toBeNull();
  });
});

describe("a value that is kept", () => {
  function open(load: () => Promise<number>): { readonly value: Cached<number>; at(seconds: number): void } {
    let now = 1_000;
    const env = { ...platformEnv, clock: () => now * 1_000 };
    return {
      value: cached(env, 60, load),
      at: (seconds) => {
        now = 1_000 + seconds;
      },
    };
  }

  it("is loaded once while it is fresh, also by calls at the same time", async () => {
    let loads = 0;
    const { value, at } = open(async () => ++loads);
    expect(value.kept()).toBeNull();
    expect(await Promise.all([value.get(), value.get()])).toEqual([1, 1]);
    at(59);
    expect([await value.get(), value.kept()]).toEqual([1, 1]);
    at(60);
    expect([value.kept(), await value.get()]).toEqual([null, 2]);
  });

  it("is too old for a clock that was set back", async () => {
    let loads = 0;
    const { value, at } = open(async () => ++loads);
    await value.get();
    at(-1);
    expect([value.kept(), await value.get()]).toEqual([null, 2]);
  });

  it("stays where a later load fails, and a failure is not kept", async () => {
    let loads = 0;
    const { value } = open(async () => {
      if (++loads !== 2) return loads;
      throw new Error("no answer");
    });
    await value.get();
    await expect(value.load()).rejects.toThrow("no answer");
    expect([value.kept(), await value.load()]).toEqual([1, 3]);
  });

  it("is loaded by one call at a time, which others can tell", async () => {
    const answer = Promise.withResolvers<number>();
    const { value } = open(() => answer.promise);
    const loading = [value.load(), value.load()];
    expect(value.isLoading()).toBe(true);
    answer.resolve(7);
    expect(await Promise.all(loading)).toEqual([7, 7]);
    expect(value.isLoading()).toBe(false);
  });
});
