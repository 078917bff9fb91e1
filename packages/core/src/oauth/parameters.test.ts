import { describe, expect, it } from "vitest";
import { addParams, checkAuthorizationParams, decidePassed } from "./parameters.ts";

const OWN = [
  "client_id",
  "scope",
  "redirect_uri",
  "response_type",
  "response_mode",
  "state",
  "nonce",
  "code_challenge",
  "code_challenge_method",
  "code_verifier",
  "client_secret",
  "client_assertion",
  "client_assertion_type",
  "request",
  "request_uri",
  "registration",
  "dpop_jkt",
];

function messageFor(params: unknown): string {
  try {
    checkAuthorizationParams("google", params);
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError);
    return error instanceof Error ? error.message : String(error);
  }
  return "";
}

describe("checkAuthorizationParams", () => {
  it.each(OWN)("refuses %s, in any case, and names it with the reason", (name) => {
    for (const written of [name, name.toUpperCase(), `${name.charAt(0).toUpperCase()}${name.slice(1)}`]) {
      expect(messageFor({ prompt: "login", [written]: "value" })).toMatch(
        new RegExp(`^google: authorizationParams has ${written}, which is not yours to write: .`),
      );
    }
  });

  it("accepts any other parameter", () => {
    const params = {
      access_type: "offline",
      prompt: "consent",
      hd: "example.com",
      claims: '{"a":1}',
      kc_idp_hint: "x",
    };
    expect(checkAuthorizationParams("google", params)).toEqual(params);
    expect(checkAuthorizationParams("google", undefined)).toEqual({});
    expect(checkAuthorizationParams("google", { max_age: "0", "vnd:x~y.z-1": "ü" })).toHaveProperty(
      "max_age",
      "0",
    );
  });

  it("refuses names and values that an authorization request cannot carry", () => {
    for (const params of [null, "prompt=login", 7, ["prompt"]]) {
      expect(messageFor(params)).toContain("it must be an object of strings");
    }
    for (const name of ["", "a b", "a&b", "a\n", "ä", "x".repeat(65)]) {
      expect(messageFor({ [name]: "x" })).toContain("the name of a parameter is 1 to 64 of");
    }
    for (const value of [
      "",
      3_600,
      true,
      null,
      undefined,
      ["x"],
      "a\nb",
      "a\u0000",
      "\uD800",
      "x".repeat(2_049),
    ]) {
      expect(messageFor({ max_age: value })).toContain(
        "it must be a string of 1 to 2048 characters, without control characters",
      );
    }
  });
});

describe("decidePassed", () => {
  const passed = (query: string): unknown => {
    const parameters = new URLSearchParams(query);
    return decidePassed((name) => parameters.getAll(name));
  };

  it("passes three hints, and nothing else of a request", () => {
    expect(passed("login_hint=ann%40example.com&prompt=select_account&ui_locales=de+en")).toEqual({
      login_hint: "ann@example.com",
      prompt: "select_account",
      ui_locales: "de en",
    });
    const others = [
      ...OWN,
      "access_type",
      "hd",
      "acr_values",
      "id_token_hint",
      "max_age",
      "LOGIN_HINT",
      "__proto__",
    ];
    expect(passed(others.map((name) => `${name}=x`).join("&"))).toEqual({});
    expect(passed("login_hint=&prompt=")).toEqual({});
  });

  it.each(["login_hint", "prompt", "ui_locales"])(
    "refuses %s twice, too long, or with control characters",
    (name) => {
      expect(passed(`${name}=${"x".repeat(256)}`)).toEqual({ [name]: "x".repeat(256) });
      expect(passed(`${name}=${"x".repeat(257)}`)).toBeNull();
      expect(passed(`${name}=a&${name}=a`)).toBeNull();
      expect(passed(`${name}=&${name}=`)).toBeNull();
      for (const control of ["%00", "%0A", "%0D", "%1F", "%7F", "%C2%85"]) {
        expect(passed(`${name}=a${control}b`)).toBeNull();
      }
      for (const value of [7, null, {}, ["a"], "\uD800"]) expect(decidePassed(() => [value])).toBeNull();
    },
  );
});

describe("addParams", () => {
  it("a configured parameter replaces one of the request, and one of the endpoint", () => {
    const url = new URL("https://id.example.com/authorize?prompt=none&policy=in");
    addParams(url, { prompt: "login", login_hint: "ann" }, { prompt: "consent" });
    expect(Object.fromEntries(url.searchParams)).toEqual({
      prompt: "consent",
      policy: "in",
      login_hint: "ann",
    });
    expect(url.searchParams.getAll("prompt")).toEqual(["consent"]);
  });
});
