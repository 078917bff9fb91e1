import { describe, expect, it } from "vitest";
import { AuthError } from "../platform/errors.ts";
import { cleanWords, diagnose, errorAtCallback, lineOf, refusalOf } from "./diagnosis.ts";
import { oauthFault } from "./fault.ts";

const scope = { provider: "github", redirectUri: "https://app.example.com/auth/oauth/github/callback" };
const TOKEN_URL = "https://github.com/login/oauth/access_token";

function adviceFor(error: AuthError): string {
  return diagnose(error, scope)?.advice ?? "";
}

function refused(error: string, description?: string): AuthError {
  return refusalOf(TOKEN_URL, { error, error_description: description }, []);
}

describe("diagnose", () => {
  it.each([
    ["invalid_client", /clientId and the secret of the provider github/],
    ["incorrect_client_credentials", /clientId and the secret/],
    ["unauthorized_client", /clientId and the secret/],
    [
      "redirect_uri_mismatch",
      /^Register exactly https:\/\/app\.example\.com\/auth\/oauth\/github\/callback as/,
    ],
    ["invalid_grant", /^A code works once/],
    ["bad_verification_code", /^A code works once/],
    ["invalid_scope", /scopes/],
    ["something_else", /clientId and the secret .* Register exactly/],
    ["__proto__", /clientId and the secret .* Register exactly/],
  ])("says what to check for the error %s of a token endpoint", (error, advice) => {
    expect(adviceFor(refused(error))).toMatch(advice);
    expect(diagnose(refused(error), scope)).toMatchObject({
      reason: "code_refused",
      host: "github.com",
      error,
    });
  });

  it("reads a wrong redirect URI from the description of any error", () => {
    for (const told of ["redirect_uri mismatch", "The redirect URI is wrong", "Invalid redirectUrl"])
      expect(adviceFor(refused("invalid_request", told))).toMatch(/^Register exactly/);
  });

  it("has advice for every fault, and names the issuer that the provider names", () => {
    const issuer = "https://id.example.com/";
    expect(adviceFor(oauthFault("metadata", undefined, { issuer }))).toContain(JSON.stringify(issuer));
    expect(adviceFor(oauthFault("status", undefined, { step: "discovery" }))).toMatch(/openid-configuration/);
    expect(adviceFor(oauthFault("unreachable", undefined, { host: "id.test" }))).toBe(
      "Check that this server can reach id.test.",
    );
    expect(adviceFor(oauthFault("id_token_time"))).toMatch(/clock/);
    expect(adviceFor(oauthFault("id_token_audience"))).toMatch(/clientId .* idTokenAudiences/);
  });

  it("says why an account leads to no user", () => {
    const why = (fault: string): string =>
      adviceFor(new AuthError("account_not_linked", undefined, null, { details: { fault } }));
    expect(why("held_by_another")).toMatch(/another user/);
    expect(why("address_unproven")).toMatch(/has not proved it/);
    expect(why("not_by_email")).toMatch(/linkByEmail/);
  });

  it("has nothing to say of other errors", () => {
    expect(diagnose(new AuthError("store_unavailable"), scope)).toBeNull();
    expect(diagnose(new AuthError("oauth_denied"), scope)).toBeNull();
  });

  it("makes one line", () => {
    const error = refused("invalid_client", "bad\r\nsecret");
    const diagnosis = diagnose(error, scope);
    if (diagnosis === null) throw new Error("no diagnosis");
    expect(lineOf(error.message, scope, diagnosis)).toBe(
      'a sign-in with github failed: the provider refuses the code (github.com says "invalid_client": "bad secret"). Check that clientId and the secret of the provider github are those of its registration.',
    );
  });
});

describe("cleanWords", () => {
  const secret = "50% of+\u00e4:secret/of&the client";
  const long = "gho_16C7e42F292c6912E7710c838347Ae178B4a";

  it.each([
    ["as it is", secret],
    ["in the path of a URL", encodeURIComponent(secret)],
    ["in a form", new URLSearchParams({ s: secret }).toString().slice(2)],
    ["in base64", Buffer.from(secret).toString("base64")],
    ["in capitals", secret.toUpperCase()],
    ["in part", secret.slice(4, 20)],
    ["at its end", secret.slice(-8)],
  ])("hides a secret %s", (_, told) => {
    const shown = cleanWords(`The secret ${told} is wrong.`, [long, secret, null, undefined, 7]) ?? "";
    expect(shown).toMatch(/^The secret ?\[hidden\] ?is wrong\.$/);
  });

  it("hides a secret after letters whose small form is longer", () => {
    const shown = cleanWords(`${"\u0130".repeat(50)} ${long}`, [long]);
    expect(shown).toBe(`${"\u0130".repeat(50)} [hidden]`);
  });

  it("hides the beginning of a token of a megabyte", () => {
    const token = `${long}${"x".repeat(1_000_000)}`;
    expect(cleanWords(`the token ${token.slice(0, 60)} is bad`, [token])).toBe("the token [hidden] is bad");
  });

  it("hides a secret of a few characters, and each of several", () => {
    expect(cleanWords("code ab12 of gho_16C7e42F", ["ab12", long])).toBe("code [hidden] of [hidden]");
  });

  it.each([
    ["a line break", "a\r\nlatchkey: forged"],
    ["an escape of a terminal", "a\u001b[31mb"],
    ["a mark that turns the direction", "a\u202eb\u2066c"],
    ["a null byte", "a\u0000b"],
    ["a line separator", "a\u2028b"],
    ["a lone surrogate", "a\ud800b"],
  ])("leaves no %s", (_, text) => expect(cleanWords(text, [])).toMatch(/^[\x20-\x7e]+$/));

  it("caps what it shows, and is null for no text", () => {
    expect(cleanWords("x".repeat(100_000), [])).toHaveLength(301);
    for (const text of ["", " \n", undefined, null, 7, {}]) expect(cleanWords(text, [])).toBeNull();
  });

  it("reads the first words of a callback, and hides what the flow knows", () => {
    const error = errorAtCallback(
      [
        ["error", "server_error"],
        ["error_description", `state ${long} failed`],
        ["error_description", "another"],
      ],
      [long],
    );
    expect(error.details).toEqual({
      fault: "provider_error",
      error: "server_error",
      description: "state [hidden] failed",
    });
    expect(JSON.stringify(error) + Object.keys(error).join()).not.toContain("server_error");
  });

  it("hides tokens that stand beside an error", () => {
    const data = { error: "e", error_description: `not ${long}`, access_token: long };
    expect(refusalOf(TOKEN_URL, data, []).details).toMatchObject({ description: "not [hidden]" });
  });
});
