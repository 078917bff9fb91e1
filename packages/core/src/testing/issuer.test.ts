import { describe, expect, it } from "vitest";
import { createValidator, type ValidatorOptions } from "../validator.ts";
import { createTestIssuer } from "./issuer.ts";

const ISSUER = "https://app.example.com";
const OPTIONS: ValidatorOptions = {
  issuer: ISSUER,
  audience: "https://api.example.com",
  jwksUrl: `${ISSUER}/auth/jwks`,
  endedUrl: `${ISSUER}/auth/ended`,
};

function at(url: string, headers: Headers): Request {
  return new Request(url, { headers });
}

describe("an issuer for an application that has a validator only", () => {
  it("has the keys of the tokens that it signs", async () => {
    const issuer = await createTestIssuer({ issuer: ISSUER });
    const { validate } = createValidator(issuer.options);
    const ada = await issuer.signInAs("ada", {
      context: { role: "admin" },
      claims: { plan: "gold" },
      amr: ["pwd"],
    });
    expect(await validate(at(`${ISSUER}/x`, ada.headers))).toMatchObject({
      ok: true,
      userId: "ada",
      session: { context: { role: "admin" }, amr: ["pwd"] },
      claims: { plan: "gold", iss: ISSUER, aud: ISSUER },
      transport: "cookie",
    });
    issuer.clock.advance(600);
    expect(await validate(at(`${ISSUER}/x`, ada.headers))).toMatchObject({
      ok: false,
      code: "unauthenticated",
    });
  });

  it("answers the URLs of the keys and of the ended sessions", async () => {
    const issuer = await createTestIssuer(OPTIONS);
    const { validate } = createValidator({ ...OPTIONS, env: issuer.options.env ?? {} });
    const ada = await issuer.signInAs("ada", { transport: "bearer" });
    const bob = await issuer.signInAs("bob", { transport: "bearer" });
    expect(await validate(at("https://api.example.com/", ada.headers))).toMatchObject({
      ok: true,
      userId: "ada",
    });
    await issuer.auth.sessions.revoke(ada.session.id);
    issuer.clock.advance(20);
    // A request waits for the list for a second of real time, and a busy machine may take longer.
    const found = expect.poll(() => validate(at("https://api.example.com/", ada.headers)));
    await found.toMatchObject({ ok: false, code: "session_revoked" });
    expect(await validate(at("https://api.example.com/", bob.headers))).toMatchObject({
      ok: true,
      userId: "bob",
    });
  });

  it("is no issuer for a validator with other options", async () => {
    const issuer = await createTestIssuer(OPTIONS);
    const { headers } = await issuer.signInAs("ada", { transport: "bearer" });
    const strict = createValidator({ ...issuer.options, audience: "https://other.example.com" });
    expect(await strict.validate(at(ISSUER, headers))).toMatchObject({ ok: false, code: "unauthenticated" });
  });

  it("without options, it is at localhost", async () => {
    const issuer = await createTestIssuer();
    const { validate } = createValidator(issuer.options);
    const ada = await issuer.signInAs("ada");
    expect(await validate(at("http://localhost/", ada.headers))).toMatchObject({ ok: true });
  });
});
