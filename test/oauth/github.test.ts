import { github } from "@latchkey/core/oauth";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { begin, callbackOf } from "../fixtures/oauth-flow.ts";
import { bytes, html, json, type Reply } from "../fixtures/providers/replies.ts";
import { basicCredentials } from "../fixtures/providers/rigged-endpoints.ts";
import { type RiggedProvider, startRiggedProvider } from "../fixtures/providers/rigged-provider.ts";
import {
  type Attempt,
  attempt,
  CLIENT,
  expectNothing,
  expectSignedIn,
  openRiggedServer,
  restore,
} from "../fixtures/rigged-sign-in.ts";

const STATUS = "the provider answers with an unexpected status";
const NO_JSON = "the provider's answer is no JSON";
const SUBJECT = "the provider does not say who it is";
const REFUSED = "the provider refuses the code";

let rig: RiggedProvider;

beforeAll(async () => {
  rig = await startRiggedProvider();
});
afterEach(() => restore(rig));
afterAll(() => rig.close());

function signIn(): Promise<Attempt> {
  return attempt(rig, { provider: github(CLIENT) });
}

describe("GitHub", () => {
  it("gets a request with state, an S256 challenge and the scopes of an identity", async () => {
    const { browser } = openRiggedServer(rig, [github(CLIENT)]);
    const url = new URL(await begin(browser, "github"));
    expect(url.origin + url.pathname).toBe("https://github.com/login/oauth/authorize");
    const parameters = Object.fromEntries(url.searchParams);
    expect(parameters).toEqual({
      response_type: "code",
      client_id: CLIENT.clientId,
      redirect_uri: callbackOf("github"),
      scope: "read:user user:email",
      state: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: "S256",
    });
  });

  it("signs in, by its numeric id, with the primary address", async () => {
    const made = await signIn();
    await expectSignedIn(made, { email: "ann@example.com", name: "Ann" });
    const user = await made.server.store.users.findByAccount({ provider: "github", subject: "583231" });
    expect(user).toMatchObject({ emailVerified: true });
    expect(made.net.calls.map(({ method, url }) => `${method} ${url}`)).toEqual([
      "POST https://github.com/login/oauth/access_token",
      "GET https://api.github.com/user",
      "GET https://api.github.com/user/emails",
    ]);
    expect(made.net.calls.every(({ redirect, hasSignal }) => redirect === "manual" && hasSignal)).toBe(true);
    const request = rig.requestsTo("githubToken").at(-1);
    expect(request && basicCredentials(request)).toMatchObject(CLIENT);
    expect(rig.requestsTo("githubUser").at(-1)?.headers["user-agent"]).toBe("latchkey");
  });

  it("gets no request for addresses where the scopes do not include them", async () => {
    const made = await attempt(rig, { provider: github({ ...CLIENT, scopes: ["read:user"] }) });
    await expectSignedIn(made, { name: "Ann" });
    expect(made.net.calls.map(({ url }) => url)).not.toContain("https://api.github.com/user/emails");
    const user = await made.server.store.users.findByAccount({ provider: "github", subject: "583231" });
    expect(user).toMatchObject({ email: null, emailVerified: false });
  });

  it("signs no user in by an error with status 200 (OAU-14)", async () => {
    for (const body of [
      { error: "bad_verification_code", error_description: "The code passed is incorrect or expired." },
      { error: "incorrect_client_credentials", access_token: "provider-access", token_type: "bearer" },
      { error: "" },
    ]) {
      rig.answers.githubToken = () => json(body);
      const made = await signIn();
      await expectNothing(made, REFUSED);
      expect(made.net.calls).toHaveLength(1);
    }
  });

  it("signs no user in by an answer in form encoding", async () => {
    const type = { "content-type": "application/x-www-form-urlencoded; charset=utf-8" };
    rig.answers.githubToken = () => bytes(200, type, "access_token=provider-access&token_type=bearer");
    await expectNothing(await signIn(), NO_JSON);
  });
});

describe("a GitHub id", () => {
  it.each<[string, unknown]>([
    ["missing", undefined],
    ["null", null],
    ["a text", "583231"],
    ["an empty text", ""],
    ["a fraction", 583_231.5],
    ["2^53", 2 ** 53],
    ["2^53 + 2", 2 ** 53 + 2],
    ["-2^53", -(2 ** 53)],
    ["true", true],
    ["a list", [583_231]],
    ["an object", { id: 583_231 }],
  ])("is refused where it is %s", async (_, id) => {
    rig.answers.githubUser = () => json({ id, login: "ann", name: "Ann" });
    await expectNothing(await signIn(), SUBJECT);
  });

  it("is refused where it is too large for a number or inherited", async () => {
    for (const body of ['{"id":1e400}', '{"id":9007199254740993}', '{"__proto__":{"id":583231}}']) {
      rig.answers.githubUser = () => bytes(200, { "content-type": "application/json" }, body);
      await expectNothing(await signIn(), SUBJECT);
    }
  });

  it("identifies a user exactly, whatever the login is now", async () => {
    rig.answers.githubUser = () => json({ id: Number.MAX_SAFE_INTEGER, login: "583231" });
    const made = await signIn();
    await expectSignedIn(made, { name: "583231" });
    const subject = "9007199254740991";
    expect(await made.server.store.users.findByAccount({ provider: "github", subject })).not.toBeNull();
    expect(await made.server.store.users.findByAccount({ provider: "github", subject: "583231" })).toBeNull();
  });
});

describe("the addresses of a GitHub user (OAU-16)", () => {
  const primary = { email: "ann@example.com", primary: true, verified: true };
  const other = { email: "other@example.com", primary: false, verified: true };

  it.each<[string, unknown, string | null]>([
    ["the primary one, verified", [other, primary], "ann@example.com"],
    ["none where the primary one is unverified", [{ ...primary, verified: false }, other], null],
    ["none where there is no primary one", [other], null],
    ["none where there are none", [], null],
    ["none where it does not say", [{ email: primary.email, primary: true }], null],
    ["none where it says so in words", [{ ...primary, verified: "true" }], null],
    ["none where it says so in numbers", [{ ...primary, verified: 1 }], null],
    ["none where primary is a word", [{ ...primary, primary: "true" }], null],
    ["none where the address is no text", [{ ...primary, email: ["ann@example.com"] }], null],
    ["none of an object", primary, null],
    ["none of a list in a list", [[primary]], null],
    ["none of null", [null, "ann@example.com"], null],
  ])("are read as %s", async (_, list, email) => {
    rig.answers.githubEmails = () => json(list);
    const made = await signIn();
    await expectSignedIn(made, {});
    const user = await made.server.store.users.findByAccount({ provider: "github", subject: "583231" });
    expect(user).toMatchObject({ email, emailVerified: email !== null });
  });

  it("are not read from the profile, which any user can edit", async () => {
    rig.answers.githubUser = () => json({ id: 583_231, login: "ann", email: "victim@example.com" });
    rig.answers.githubEmails = () => json([]);
    const made = await signIn();
    expect(await made.server.auth.users.find({ email: "victim@example.com" })).toBeNull();
  });

  // The body of a GitHub App without the permission "Email addresses": https://github.com/thunder-id/thunderid/issues/2490
  it.each<[string, Reply]>([
    ["403", json({ message: "Resource not accessible by integration" }, 403)],
    ["404", json({ message: "Not Found" }, 404)],
    ["403 with a page", html(403)],
  ])("are none for a GitHub App that may not read them, and its user signs in: %s", async (_, reply) => {
    rig.answers.githubEmails = () => reply;
    const made = await signIn();
    await expectSignedIn(made, { name: "Ann" });
    const user = await made.server.store.users.findByAccount({ provider: "github", subject: "583231" });
    expect(user).toMatchObject({ email: null, emailVerified: false });
  });

  // After an outage the address is there again: a second user without it would keep the account.
  it.each<[string, Reply, string]>([
    ["401", json({ message: "Bad credentials" }, 401), STATUS],
    ["429", json({ message: "rate limit" }, 429), STATUS],
    ["500", html(500), NO_JSON],
    ["503", json({}, 503), STATUS],
    ["a page", html(), NO_JSON],
  ])("let no sign-in succeed where they cannot be loaded now: %s", async (_, reply, error) => {
    rig.answers.githubEmails = () => reply;
    await expectNothing(await signIn(), error);
  });

  it.each<[string, Reply, string]>([
    ["403", json({ message: "Resource not accessible by integration" }, 403), STATUS],
    ["404", json({ message: "Not Found" }, 404), STATUS],
    ["a page", html(), NO_JSON],
  ])("are not asked for where the account is withheld: %s", async (_, reply, error) => {
    rig.answers.githubUser = () => reply;
    await expectNothing(await signIn(), error);
  });
});
