import { describe, expect, it } from "vitest";
import { parseMetadata } from "./discovery.ts";
import { moveUrl } from "./request.ts";

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
  it("reads the endpoints, on any host", () => {
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

  it("reads a document that omits userinfo, the list of methods and the iss parameter", () => {
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

  it("refuses a value that is no metadata document", () => {
    for (const value of [null, [], "text", 7, [document], {}])
      expect(parseMetadata(value, ISSUER)).toBeNull();
    expect(parseMetadata(Object.create(document), ISSUER)).toBeNull();
  });

  it.each(["authorization_endpoint", "token_endpoint", "jwks_uri"])(
    "refuses a document whose %s is no acceptable URL",
    (name) => {
      const wrong = [
        undefined,
        null,
        7,
        "",
        "/relative",
        "id.example.org",
        "http://id.example.org/x",
        "http://localhost/x",
        "javascript:alert(1)",
        "data:application/json,{}",
        "ftp://id.example.org/x",
        "file:///x",
        "https://user@id.example.org/x",
        "https://:pw@id.example.org/x",
        ["https://id.example.org/x"],
      ];
      for (const value of wrong)
        expect({ value, metadata: parseMetadata({ ...document, [name]: value }, ISSUER) }).toEqual({
          value,
          metadata: null,
        });
    },
  );

  it("reads where a session ends, and leaves out an address that is no acceptable URL", () => {
    const endAt = (end_session_endpoint: unknown): unknown =>
      parseMetadata({ ...document, end_session_endpoint }, ISSUER)?.end_session_endpoint;
    expect(endAt("https://id.example.org/logout?tenant=x")).toBe("https://id.example.org/logout?tenant=x");
    for (const wrong of [null, 7, "", "/logout", "http://id.example.org/logout", "javascript:alert(1)"]) {
      expect(endAt(wrong)).toBeUndefined();
    }
    expect(endAt("https://user@id.example.org/logout")).toBeUndefined();
  });

  it("accepts http endpoints only on this machine, from an issuer on http, which is there too", () => {
    const local = "http://localhost:4000";
    const http = (host: string): object => ({
      ...document,
      issuer: local,
      token_endpoint: `http://${host}/token`,
    });
    for (const host of ["localhost:4000", "127.0.0.1:5000", "[::1]"])
      expect(parseMetadata(http(host), local)).not.toBeNull();
    // The secret of the client would cross the network unencrypted.
    for (const host of ["id.example.org", "10.0.0.7", "localhost.example.org", "keycloak"])
      expect(parseMetadata(http(host), local)).toBeNull();
  });
});

describe("the metadata of a provider with an internal name", () => {
  const internal = { outside: "https://id.example.org", inside: "http://keycloak:8080" };
  const named = (origin: string): object => ({
    ...document,
    token_endpoint: `${origin}/token`,
    jwks_uri: `${origin}/jwks?v=1`,
    authorization_endpoint: `${origin}/authorize`,
    end_session_endpoint: `${origin}/logout`,
  });

  it("have their public names, whichever the document writes", () => {
    for (const origin of [internal.outside, internal.inside]) {
      expect(parseMetadata(named(origin), ISSUER, internal)).toMatchObject({
        issuer: ISSUER,
        authorization_endpoint: "https://id.example.org/authorize",
        token_endpoint: "https://id.example.org/token",
        jwks_uri: "https://id.example.org/jwks?v=1",
        end_session_endpoint: "https://id.example.org/logout",
      });
    }
  });

  it("are refused with another http name, and without the option", () => {
    for (const origin of ["http://keycloak:8081", "http://keycloak", "http://keycloak:8080.evil.example"]) {
      expect(parseMetadata(named(origin), ISSUER, internal)).toBeNull();
    }
    expect(parseMetadata(named(internal.inside), ISSUER)).toBeNull();
    expect(
      parseMetadata({ ...named(internal.inside), issuer: "http://keycloak:8080/realm" }, ISSUER, internal),
    ).toBeNull();
  });

  it("moveUrl replaces a whole beginning only", () => {
    const from = "https://id.example.org/realm";
    for (const rest of ["", "/", "/token", "?a=b", "/a?b#c"]) {
      expect(moveUrl(`${from}${rest}`, from, "http://kc/r")).toBe(`http://kc/r${rest}`);
    }
    for (const url of [
      `${from}s`,
      `${from}.evil`,
      "https://id.example.org/",
      "http://id.example.org/realm",
    ]) {
      expect(moveUrl(url, from, "http://kc/r")).toBe(url);
    }
  });
});
