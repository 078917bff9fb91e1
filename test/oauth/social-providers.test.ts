import { facebook, linkedin, slack, twitch, x } from "@latchkey/core/oauth";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { json } from "../fixtures/providers/replies.ts";
import type { Recorded } from "../fixtures/providers/rigged-endpoints.ts";
import { type RiggedProvider, startRiggedProvider } from "../fixtures/providers/rigged-provider.ts";
import {
  attempt,
  CLIENT,
  calls,
  expectNothing,
  expectSignedIn,
  issue,
  parametersOf,
  requireSecretInBody,
  restore,
  signIn,
} from "../fixtures/rigged-sign-in.ts";

const REFUSED = "the provider refuses the code";
const OF_ANOTHER = "the ID token is of another issuer";
const PICTURE = "https://images.example/ann.png";
const ANN = { email: "ann@example.com", name: "Ann" };

let linkedinRig: RiggedProvider;
let slackRig: RiggedProvider;
let twitchRig: RiggedProvider;
const rigs = (): readonly RiggedProvider[] => [linkedinRig, slackRig, twitchRig];

beforeAll(async () => {
  linkedinRig = await startRiggedProvider({ issuer: "https://www.linkedin.com/oauth" });
  slackRig = await startRiggedProvider({ issuer: "https://slack.com" });
  twitchRig = await startRiggedProvider({ issuer: "https://id.twitch.tv/oauth2" });
});
afterEach(() => rigs().map(restore));
afterAll(() => Promise.all(rigs().map((rig) => rig.close())));

const hasVerifier = ({ form }: Recorded): boolean => form.has("code_verifier");

describe.each([
  ["linkedin", linkedin],
  ["slack", slack],
  ["twitch", twitch],
  ["facebook", facebook],
  ["x", x],
] as const)("the word of %s on an address", (_, factory) => {
  it("is no proof by default, and by an option of the application", () => {
    expect(factory(CLIENT).trustEmail).toEqual({ domains: [] });
    expect(factory({ ...CLIENT, trustEmail: ["example.com"] }).trustEmail).toEqual({
      domains: ["example.com"],
    });
    expect(factory({ ...CLIENT, trustEmail: true }).trustEmail).toEqual({ domains: "all" });
  });
});

// The claims of userinfo: https://learn.microsoft.com/en-us/linkedin/consumer/integrations/self-serve/sign-in-with-linkedin-v2
describe("LinkedIn", () => {
  beforeEach(() => {
    const refusal = json({ error: "invalid_client", error_description: "Client authentication failed" }, 401);
    requireSecretInBody(linkedinRig, hasVerifier, refusal);
    issue(linkedinRig, { claims: { nonce: undefined, email: undefined, email_verified: undefined } });
    const locale = { country: "US", language: "en" };
    linkedinRig.answers.userinfo = () =>
      json({ sub: "rigged-1", ...ANN, email_verified: true, locale, picture: PICTURE });
  });

  it("signs in without a verifier and without a nonce, with the address of userinfo", async () => {
    const made = await signIn(linkedinRig, linkedin(CLIENT));
    await expectSignedIn(made, ANN);
    expect(calls(made)).toEqual([
      "POST https://www.linkedin.com/oauth/v2/accessToken",
      "GET https://www.linkedin.com/oauth/openid/jwks",
      "GET https://api.linkedin.com/v2/userinfo",
    ]);
    expect(made.account).toMatchObject({ ...ANN, emailVerified: true, picture: PICTURE });
    const user = await made.server.store.users.findByAccount({ provider: "linkedin", subject: "rigged-1" });
    expect(user).toMatchObject({ email: ANN.email, emailVerified: false });
    const parameters = await parametersOf(linkedinRig, linkedin(CLIENT));
    expect(parameters).toMatchObject({ scope: "openid profile email", state: expect.any(String) });
    expect(parameters).not.toHaveProperty("code_challenge");
  });

  it("OAU-09 is refused with the nonce of another sign-in", async () => {
    issue(linkedinRig, { claims: { nonce: "n".repeat(43) } });
    await expectNothing(
      await signIn(linkedinRig, linkedin(CLIENT)),
      "the ID token belongs to another sign-in",
    );
  });

  it.each(["https://www.linkedin.com", "https://www.linkedin.com/oauth/", "https://linkedin.com/oauth"])(
    "OAU-11 is refused with the issuer %s",
    async (iss) => {
      issue(linkedinRig, { claims: { iss, nonce: undefined } });
      await expectNothing(await signIn(linkedinRig, linkedin(CLIENT)), OF_ANOTHER);
    },
  );

  // https://learn.microsoft.com/en-us/linkedin/shared/authentication/authorization-code-flow
  it.each(["user_cancelled_login", "user_cancelled_authorize"])(
    "tells the application that the person said no: %s",
    async (error) => {
      const changes = { code: undefined, iss: undefined, error };
      const made = await attempt(linkedinRig, { provider: linkedin(CLIENT), changes });
      expect(made.response.headers.get("location")).toMatch(/\?error=oauth_denied$/);
    },
  );
});

// The claims of the ID token: https://docs.slack.dev/reference/methods/openid.connect.token
describe("Slack", () => {
  const TEAM = "T0R7GR123";
  const claims = { "https://slack.com/team_id": TEAM, "https://slack.com/user_id": "rigged-1" };
  beforeEach(() => {
    requireSecretInBody(slackRig, hasVerifier, json({ ok: false, error: "internal_error" }));
    issue(slackRig, { claims: { ...claims, "https://slack.com/user_image_512": PICTURE } });
  });

  it("signs in without a verifier, by its ID token alone", async () => {
    const made = await signIn(slackRig, slack(CLIENT));
    await expectSignedIn(made, ANN);
    expect(calls(made)).toEqual([
      "POST https://slack.com/api/openid.connect.token",
      "GET https://slack.com/openid/connect/keys",
    ]);
    expect(made.account).toMatchObject({ ...ANN, emailVerified: true, picture: PICTURE, claims });
    const user = await made.server.store.users.findByAccount({ provider: "slack", subject: "rigged-1" });
    expect(user).toMatchObject({ email: ANN.email, emailVerified: false });
    const parameters = await parametersOf(slackRig, slack(CLIENT));
    expect(parameters).toMatchObject({ nonce: expect.stringMatching(/^[\w-]{43}$/) });
    expect(Object.keys(parameters).filter((name) => /^code_|^team$/.test(name))).toEqual([]);
  });

  it.each([[undefined], [""], ["another"]])("OAU-09 is refused with the nonce %j", async (nonce) => {
    issue(slackRig, { claims: { ...claims, nonce } });
    await expectNothing(await signIn(slackRig, slack(CLIENT)), "the ID token belongs to another sign-in");
  });

  it("signs in the members of one workspace alone, whatever the person chose at Slack", async () => {
    const provider = slack({ ...CLIENT, team: TEAM });
    expect(await parametersOf(slackRig, provider)).toMatchObject({ team: TEAM });
    await expectSignedIn(await signIn(slackRig, provider), ANN);
    for (const team of ["T0OTHER99", undefined, "", TEAM.toLowerCase(), [TEAM]]) {
      issue(slackRig, { claims: { ...claims, "https://slack.com/team_id": team } });
      await expectNothing(await signIn(slackRig, provider), OF_ANOTHER);
    }
  });

  it("signs no user in by an error with the status 200", async () => {
    slackRig.answers.token = () => json({ ok: false, error: "invalid_code" });
    await expectNothing(await signIn(slackRig, slack(CLIENT)), REFUSED);
  });
});

// https://dev.twitch.tv/docs/authentication/getting-tokens-oidc
describe("Twitch", () => {
  beforeEach(() => {
    const refusal = json({ status: 403, message: "invalid client secret" }, 403);
    requireSecretInBody(twitchRig, () => false, refusal);
    issue(twitchRig, {
      claims: { azp: CLIENT.clientId, name: undefined, preferred_username: "Ann", picture: PICTURE },
    });
  });

  it("signs in by the claims that it was asked for", async () => {
    const made = await signIn(twitchRig, twitch(CLIENT));
    await expectSignedIn(made, ANN);
    expect(calls(made)).toEqual([
      "POST https://id.twitch.tv/oauth2/token",
      "GET https://id.twitch.tv/oauth2/keys",
    ]);
    expect(made.account).toMatchObject({ ...ANN, emailVerified: true, picture: PICTURE });
    const user = await made.server.store.users.findByAccount({ provider: "twitch", subject: "rigged-1" });
    expect(user).toMatchObject({ email: ANN.email, emailVerified: false });
    const { claims = "", ...rest } = await parametersOf(twitchRig, twitch(CLIENT));
    const asked = { preferred_username: null, picture: null, email: null, email_verified: null };
    expect(JSON.parse(claims)).toEqual({ id_token: asked });
    expect(rest).toMatchObject({ scope: "openid user:read:email", code_challenge_method: "S256" });
  });

  it("asks for no address where the scopes do not include it", async () => {
    const { claims = "" } = await parametersOf(twitchRig, twitch({ ...CLIENT, scopes: ["openid"] }));
    expect(JSON.parse(claims)).toEqual({ id_token: { preferred_username: null, picture: null } });
  });
});
