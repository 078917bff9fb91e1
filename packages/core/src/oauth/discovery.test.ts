import { describe, expect, it } from "vitest";
import { parseMetadata } from "./discovery.ts";

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
