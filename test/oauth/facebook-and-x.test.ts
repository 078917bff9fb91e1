import { createHmac } from "node:crypto";
import { facebook, x } from "@latchkey/core/oauth";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { html, json, type Reply } from "../fixtures/providers/replies.ts";
import { basicCredentials } from "../fixtures/providers/rigged-endpoints.ts";
import { type RiggedProvider, startRiggedProvider } from "../fixtures/providers/rigged-provider.ts";
import {
  CLIENT,
  calls,
  expectNothing,
  expectSignedIn,
  parametersOf,
  requireSecretInBody,
  restore,
  signIn,
} from "../fixtures/rigged-sign-in.ts";

const NO_JSON = "the provider's answer is no JSON";
const STATUS = "the provider answers with an unexpected status";
const SUBJECT = "the provider does not say who it is";
const PICTURE = "https://images.example/ann.png";

let rig: RiggedProvider;

beforeAll(async () => {
  rig = await startRiggedProvider();
});
beforeEach(() => {
  rig.person = { ...rig.person, picture: PICTURE };
});
afterEach(() => restore(rig));
afterAll(() => rig.close());

// https://developers.facebook.com/docs/graph-api/reference/user and facebook-login/security
describe("Facebook", () => {
  const SUBJECT_THERE = "10223344556677889";
  beforeEach(() => {
    const message = "code_verifier param is provided without a code_challenge in authorization request.";
    const refusal = json({ error: { message, type: "OAuthException", code: 1 } }, 400);
    requireSecretInBody(rig, ({ form }) => form.has("code_verifier"), refusal);
  });

  it("signs in without a verifier, with the proof of the secret, and with no address of a new user", async () => {
    const made = await signIn(rig, facebook(CLIENT));
    await expectSignedIn(made, { name: "Ann" });
    expect(calls(made).map((call) => call.split("?")[0])).toEqual([
      "POST https://graph.facebook.com/v25.0/oauth/access_token",
      "GET https://graph.facebook.com/v25.0/me",
    ]);
    const { query, headers } = rig.requestsTo("facebookUser").at(-1) ?? {};
    const token = headers?.authorization?.replace("Bearer ", "") ?? "";
    const proof = createHmac("sha256", CLIENT.clientSecret).update(token).digest("hex");
    expect(query?.get("appsecret_proof")).toBe(proof);
    expect(query?.get("fields")).toContain("id,name,email,picture");
    expect(made.account).toMatchObject({ email: "ann@example.com", emailVerified: false, picture: PICTURE });
    const user = await made.server.store.users.findByAccount({
      provider: "facebook",
      subject: SUBJECT_THERE,
    });
    expect(user).toMatchObject({ email: null, emailVerified: false });
    const parameters = await parametersOf(rig, facebook(CLIENT));
    expect(parameters).toMatchObject({ scope: "public_profile email", state: expect.any(String) });
    expect(parameters).not.toHaveProperty("code_challenge");
  });

  it("signs in a person without an address and without a picture", async () => {
    const silhouette = { data: { is_silhouette: true, url: PICTURE } };
    for (const picture of [undefined, null, silhouette, [], { data: null }, { data: { url: 7 } }, PICTURE]) {
      rig.answers.facebookUser = () => json({ id: SUBJECT_THERE, name: "Ann", picture });
      const made = await signIn(rig, facebook(CLIENT));
      await expectSignedIn(made, { name: "Ann" });
      expect(made.account).toMatchObject({ email: null, picture: null });
    }
  });

  it("knows no verified address, whatever the answer says", async () => {
    const claims = { id: SUBJECT_THERE, email: "ann@example.com", email_verified: true, verified: true };
    rig.answers.facebookUser = () => json(claims);
    const made = await signIn(rig, facebook({ ...CLIENT, trustEmail: true }));
    expect(made.account).toMatchObject({ emailVerified: false });
    expect(await made.server.auth.users.find({ email: "ann@example.com" })).toBeNull();
  });

  it.each<[string, Reply, string]>([
    ["no id", json({ name: "Ann" }), SUBJECT],
    ["a number as id", json({ id: 10_223_344 }), SUBJECT],
    ["a list", json([{ id: "1" }]), NO_JSON],
    ["an error", json({ error: { message: "Invalid appsecret_proof", code: 100 } }, 400), STATUS],
    ["403", json({}, 403), STATUS],
  ])("signs no user in by %s", async (_, reply, error) => {
    rig.answers.facebookUser = () => reply;
    await expectNothing(await signIn(rig, facebook(CLIENT)), error);
  });
});

// https://docs.x.com/x-api/users/get-my-user
describe("X", () => {
  const ME = "https://api.x.com/2/users/me?user.fields=profile_image_url";
  const TOKEN = "POST https://api.x.com/2/oauth2/token";
  const withoutEmail = ["users.read", "tweet.read"];

  it("signs in by PKCE and Basic, with the confirmed address", async () => {
    const made = await signIn(rig, x(CLIENT));
    await expectSignedIn(made, { email: "ann@example.com", name: "Ann" });
    expect(calls(made)).toEqual([TOKEN, `GET ${ME},confirmed_email`]);
    const request = rig.requestsTo("token").at(-1);
    expect(request && basicCredentials(request)).toMatchObject(CLIENT);
    expect(request?.form.get("code_verifier")).toMatch(/^[\w-]{43}$/);
    expect(made.account).toMatchObject({ email: "ann@example.com", emailVerified: true, picture: PICTURE });
    const user = await made.server.store.users.findByAccount({ provider: "x", subject: "2244994945" });
    expect(user).toMatchObject({ email: "ann@example.com", emailVerified: false });
    const parameters = await parametersOf(rig, x(CLIENT));
    expect(parameters).toMatchObject({
      scope: "users.read tweet.read users.email",
      code_challenge_method: "S256",
    });
  });

  it("asks for no address without the scope of it", async () => {
    const made = await signIn(rig, x({ ...CLIENT, scopes: withoutEmail }));
    await expectSignedIn(made, { name: "Ann" });
    expect(calls(made)).toEqual([TOKEN, `GET ${ME}`]);
    expect(made.account).toMatchObject({ email: null, emailVerified: false });
  });

  it("signs in without an address where the application may not ask for it", async () => {
    rig.answers.xUser = (request) =>
      request.query.get("user.fields")?.includes("confirmed_email") === true
        ? html(403)
        : rig.defaults.xUser(request);
    const made = await signIn(rig, x(CLIENT));
    await expectSignedIn(made, { name: "Ann" });
    expect(calls(made)).toEqual([TOKEN, `GET ${ME},confirmed_email`, `GET ${ME}`]);
    expect(made.account).toMatchObject({ email: null, emailVerified: false });
  });

  it("takes the name of the account where there is no other, and nothing of a wrong type", async () => {
    const data = {
      id: "2244994945",
      name: "",
      username: "ann",
      profile_image_url: 7,
      confirmed_email: ["a"],
    };
    rig.answers.xUser = () => json({ data });
    const { account } = await signIn(rig, x(CLIENT));
    expect(account).toMatchObject({ name: "ann", email: null, emailVerified: false, picture: null });
  });

  it.each<[string, Reply, string]>([
    ["no data", json({ errors: [{ title: "Not Found Error" }] }), NO_JSON],
    ["no id", json({ data: { name: "Ann" } }), SUBJECT],
    ["a number as id", json({ data: { id: 2_244_994_945 } }), SUBJECT],
    ["429", json({ title: "Too Many Requests" }, 429), STATUS],
    ["403 for the account itself", json({ title: "Forbidden" }, 403), STATUS],
  ])("signs no user in by %s", async (_, reply, error) => {
    rig.answers.xUser = () => reply;
    await expectNothing(await signIn(rig, x(CLIENT)), error);
  });
});
