import { describe, expect, it } from "vitest";
import { createValidator, type ValidatorOptions } from "./validator.ts";

const RIGHT = { issuer: "https://app.example.com", jwksUrl: "https://app.example.com/auth/jwks" };

function messageFor(options: unknown): string {
  try {
    createValidator(options as ValidatorOptions);
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError);
    return error instanceof Error ? error.message : String(error);
  }
  return "";
}

/** Every option, at every depth. */
const PATHS = [
  "jwksUrl",
  "jwks",
  "issuer",
  "audience",
  "cookies",
  "cookies.names",
  "cookies.names.access",
  "cookies.domain",
  "bearer",
  "bearer.header",
  "bearer.schemes",
  "baseURL",
  "trustedOrigins",
  "restrictTransport",
  "env",
  "env.clock",
  "env.random",
  "env.fetch",
];

function optionsAt(path: string, value: unknown): object {
  return path.split(".").reduceRight<unknown>((inner, name) => ({ [name]: inner }), value) as object;
}

describe("createValidator", () => {
  it.each(PATHS)("suggests %s for its misspelling", (path) => {
    const misspelled = `${path}x`;
    expect(messageFor({ ...RIGHT, ...optionsAt(misspelled, undefined) })).toBe(
      `${misspelled} is not an option of createValidator: did you mean ${path}?`,
    );
  });

  it.each(PATHS.filter((path) => !Object.hasOwn(RIGHT, path)))("accepts an undefined %s", (path) => {
    expect(messageFor({ ...RIGHT, ...optionsAt(path, undefined) })).toBe("");
  });

  it.each<[object, string]>([
    [{ issuer: undefined }, "issuer is missing: pass the server's"],
    [{ issuer: "" }, 'issuer is "", but it must be the server\'s issuer, a string'],
    [{ issuer: 5 }, "issuer is 5, but it must be the server's issuer, a string"],
    [{ audience: "" }, 'audience is "", but it must be the server\'s audience: leave it out, or pass it'],
    [{ cookies: "sid" }, "cookies is a string, but it must be an object with names, domain"],
    [{ cookies: { names: { access: 5 } } }, "cookies.names.access is 5, but it must be the name of a cookie"],
    [
      { cookies: { names: { access: "a b" } } },
      'cookies.names.access is "a b", but it must be the name of a cookie',
    ],
    ...["__Host-x", "__SECURE-x", "__Http-x", "__Host-Http-x", "__host-http-x"].map(
      (access): [object, string] => [
        { cookies: { names: { access } } },
        `cookies.names.access is "${access}", but it must be without prefix: Latchkey adds the right one`,
      ],
    ),
    [{ bearer: { header: 5 } }, "bearer.header is 5, but it must be the name of a header"],
    [
      { bearer: { schemes: "Bearer" } },
      'bearer.schemes is "Bearer", but it must be a list of names such as ["Bearer"]',
    ],
    [
      { bearer: { schemes: [] } },
      'bearer.schemes is a list, but it must be a list of names such as ["Bearer"]',
    ],
    [
      { bearer: { schemes: [""] } },
      'bearer.schemes is a list, but it must be a list of names such as ["Bearer"]',
    ],
    [
      { baseURL: "app.example.com" },
      'baseURL is "app.example.com", but it must be an origin, such as https://app.example.com',
    ],
    [
      { trustedOrigins: "https://spa.example.com" },
      'trustedOrigins is "https://spa.example.com", but it must be a list of origins',
    ],
    [{ restrictTransport: "no" }, 'restrictTransport is "no", but it must be true or false'],
    [{ env: 5 }, "env is a number, but it must be an object with clock, random, fetch"],
    [
      { jwksUrl: "http://app.example.com" },
      'jwksUrl is "http://app.example.com", but it must be an https URL without credentials: keys come by https',
    ],
    [
      { jwksUrl: "https://app:hidden@app.example.com" },
      "jwksUrl is a URL with credentials, but it must be an https URL without credentials: keys come by https",
    ],
    [
      { jwksUrl: "https://hidden@app.example.com" },
      "jwksUrl is a URL with credentials, but it must be an https URL without credentials: keys come by https",
    ],
    [
      { jwksUrl: "http://auth:3000/auth/jwks" },
      'jwksUrl is "http://auth:3000/auth/jwks", but it must be an https URL without credentials, or allowInsecure must be true: keys come by https',
    ],
    [
      { allowInsecure: true, jwksUrl: "http://app.example.com/auth/jwks" },
      'jwksUrl is "http://app.example.com/auth/jwks", but it must be an https URL without credentials, or an http URL of a private network: keys come by https',
    ],
    [
      { allowInsecure: true, jwksUrl: "http://user:hidden@auth:3000/auth/jwks" },
      "jwksUrl is a URL with credentials, but it must be an https URL without credentials, or an http URL of a private network: keys come by https",
    ],
    [
      { allowInsecure: true, endedUrl: "http://app.example.com/auth/ended" },
      'endedUrl is "http://app.example.com/auth/ended", but it must be an https URL without credentials, or an http URL of a private network',
    ],
    [{ allowInsecure: "yes" }, 'allowInsecure is "yes", but it must be true or false'],
    [{ jwksUrl: undefined, jwks: { keys: [] } }, "jwks has no keys: pass what auth.keys.jwks() returns"],
    [{ jwksUrl: undefined, jwks: [] }, "jwks has no keys: pass what auth.keys.jwks() returns"],
  ])("refuses %j", (options, message) => {
    expect(messageFor({ ...RIGHT, ...options })).toBe(`createValidator: ${message}`);
  });

  it("requires an options object with jwksUrl or jwks", () => {
    expect(messageFor(undefined)).toBe("createValidator takes options as an object, and got undefined");
    expect(messageFor({ issuer: RIGHT.issuer })).toBe(
      "createValidator takes jwksUrl or jwks: pass one of them",
    );
    expect(messageFor({ ...RIGHT, jwks: { keys: [{ kty: "OKP" }] } })).toBe(
      "createValidator takes jwksUrl or jwks: pass one of them",
    );
  });
});
