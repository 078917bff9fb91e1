import type { AuthOptions } from "@latchkey/core";
import { discord, github, gitlab, google, keycloak, oidc } from "@latchkey/core/oauth";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { begin, comeBack } from "../fixtures/oauth-flow.ts";
import { html, json } from "../fixtures/providers/replies.ts";
import { basicCredentials } from "../fixtures/providers/rigged-endpoints.ts";
import { type RiggedProvider, startRiggedProvider } from "../fixtures/providers/rigged-provider.ts";
import {
  type Attempt,
  attempt,
  CLIENT,
  calls,
  expectNothing,
  expectSignedIn,
  issue,
  type OAuthProvider,
  openRiggedServer,
  restore,
} from "../fixtures/rigged-sign-in.ts";

const OF_ANOTHER = "the ID token is of another issuer";
const SUBJECT = "the provider does not say who it is";
const GOOGLE = "https://accounts.google.com";

let googleRig: RiggedProvider;
let gitlabRig: RiggedProvider;
let realm: RiggedProvider;

beforeAll(async () => {
  googleRig = await startRiggedProvider({ issuer: GOOGLE });
  gitlabRig = await startRiggedProvider({ issuer: "https://gitlab.com" });
  realm = await startRiggedProvider({ path: "/realms/staff" });
});
afterEach(() => [googleRig, gitlabRig, realm].map(restore));
afterAll(() => Promise.all([googleRig, gitlabRig, realm].map((rig) => rig.close())));

describe("Google", () => {
  const signIn = (): Promise<Attempt> =>
    attempt(googleRig, { provider: google(CLIENT), changes: { iss: undefined } });

  it("signs in with its ID token alone", async () => {
    const made = await signIn();
    await expectSignedIn(made, { email: "ann@example.com", name: "Ann" });
    expect(calls(made)).toEqual([
      "POST https://oauth2.googleapis.com/token",
      "GET https://www.googleapis.com/oauth2/v3/certs",
    ]);
    const request = googleRig.requestsTo("token").at(-1);
    expect(request && basicCredentials(request)).toMatchObject(CLIENT);
    expect(request?.form.get("code_verifier")).toMatch(/^[\w-]{43}$/);
  });

  it.each(["accounts.google.com", `${GOOGLE}/`, "http://accounts.google.com", "https://google.com"])(
    "is refused with %s (OAU-11)",
    async (iss) => {
      issue(googleRig, { claims: { iss } });
      await expectNothing(await signIn(), OF_ANOTHER);
    },
  );

  it("may name itself in a callback, and another issuer is refused (OAU-06)", async () => {
    const provider = google(CLIENT);
    await expectSignedIn(await attempt(googleRig, { provider }), {});
    const before = googleRig.requestsTo("token").length;
    const made = await attempt(googleRig, { provider, changes: { iss: "https://evil.example" } });
    await expectNothing(made, "the callback names another issuer, or none where the provider announces one");
    expect(googleRig.requestsTo("token").length).toBe(before);
  });
});

describe("Keycloak", () => {
  it("is one realm, and another realm of the same server is another provider (OAU-06, OAU-11)", async () => {
    const provider = keycloak({ issuer: realm.issuer, ...CLIENT });
    await expectSignedIn(await attempt(realm, { provider }), { email: "ann@example.com" });
    issue(realm, { claims: { iss: realm.issuer.replace("staff", "guests") } });
    await expectNothing(await attempt(realm, { provider }), OF_ANOTHER);
    const changes = { iss: realm.issuer.replace("staff", "guests") };
    const error = "the callback names another issuer, or none where the provider announces one";
    await expectNothing(await attempt(realm, { provider, changes }), error);
    await expectNothing(await attempt(realm, { provider, changes: { iss: undefined } }), error);
  });

  it("is the same realm where its issuer has a slash at the end", async () => {
    const provider = keycloak({ issuer: `${realm.issuer}/`, ...CLIENT });
    await expectSignedIn(await attempt(realm, { provider }), { email: "ann@example.com" });
  });
});

describe("GitLab", () => {
  it("signs in at gitlab.com, and at another server", async () => {
    const made = await attempt(gitlabRig, { provider: gitlab(CLIENT) });
    await expectSignedIn(made, { email: "ann@example.com" });
    expect(calls(made)).toEqual([
      "POST https://gitlab.com/oauth/token",
      "GET https://gitlab.com/oauth/discovery/keys",
      "GET https://gitlab.com/oauth/userinfo",
    ]);
    for (const issuer of [realm.issuer, `${realm.issuer}/`]) {
      const own = await attempt(realm, { provider: gitlab({ ...CLIENT, issuer }) });
      await expectSignedIn(own, { email: "ann@example.com" });
    }
    // The tokens of gitlab.com are worth nothing at one's own.
    issue(realm, { claims: { iss: "https://gitlab.com" } });
    const foreign = await attempt(realm, { provider: gitlab({ ...CLIENT, issuer: realm.issuer }) });
    await expectNothing(foreign, OF_ANOTHER);
  });
});

describe("Discord", () => {
  const signIn = (): Promise<Attempt> => attempt(gitlabRig, { provider: discord(CLIENT) });
  const ann = { id: "80351110224678912", username: "ann", global_name: "Ann" };

  it("signs in with its id, and with the address where it is verified", async () => {
    const made = await signIn();
    await expectSignedIn(made, { email: "ann@example.com", name: "Ann" });
    expect(calls(made)).toEqual([
      "POST https://discord.com/api/oauth2/token",
      "GET https://discord.com/api/v10/users/@me",
    ]);
    const request = gitlabRig.requestsTo("token").at(-1);
    expect(request && basicCredentials(request)).toMatchObject(CLIENT);
  });

  it.each<[string, object, string | null]>([
    ["unverified", { email: "ann@example.com", verified: false }, null],
    ["without a word", { email: "ann@example.com" }, null],
    ["with a word for a yes", { email: "ann@example.com", verified: "true" }, null],
    ["in a list", { email: ["ann@example.com"], verified: true }, null],
    ["null", { email: null, verified: true }, null],
    ["verified", { email: "ann@example.com", verified: true }, "ann@example.com"],
  ])("gives an address that is %s (OAU-16)", async (_, changes, email) => {
    gitlabRig.answers.discordUser = () => json({ ...ann, ...changes });
    const { server } = await signIn();
    const user = await server.store.users.findByAccount({ provider: "discord", subject: ann.id });
    expect(user).toMatchObject({ email, emailVerified: email !== null, name: "Ann" });
  });

  it.each<[string, unknown]>([
    ["missing", undefined],
    ["empty", ""],
    ["a number", 80_351_110_224_678],
    ["null", null],
    ["a list", [ann.id]],
    ["with a control", `${ann.id}\n`],
    ["of 10 kB", "8".repeat(10_000)],
  ])("signs no user in whose id is %s", async (_, id) => {
    gitlabRig.answers.discordUser = () => json({ ...ann, id });
    await expectNothing(await signIn(), SUBJECT);
  });

  it("signs no user in where the answer has no id", async () => {
    gitlabRig.answers.discordUser = () => html();
    await expectNothing(await signIn(), "the provider's answer is no JSON");
    gitlabRig.answers.discordUser = () => json([ann]);
    await expectNothing(await signIn(), "the provider's answer is no JSON");
    gitlabRig.answers.discordUser = () => json({ message: "401: Unauthorized" }, 401);
    await expectNothing(await signIn(), "the provider answers with an unexpected status");
  });
});

describe("the picture of an account", () => {
  const URL_OF_ANN = "https://images.example/ann.png";
  const picturesOf = async (provider: OAuthProvider, rig = gitlabRig): Promise<unknown[]> => {
    const seen: unknown[] = [];
    const hooks: AuthOptions["hooks"] = {
      signedIn: ({ account }) => {
        seen.push(account?.picture);
      },
    };
    const changes = provider.id === "keycloak" || provider.id === "oidc" ? {} : { iss: undefined };
    await expectSignedIn(await attempt(rig, { provider, changes, options: { hooks } }), { name: "Ann" });
    return seen;
  };

  it("is the claim `picture` of an OpenID provider, of its ID token or of userinfo", async () => {
    googleRig.person = { ...googleRig.person, picture: URL_OF_ANN };
    expect(await picturesOf(google(CLIENT), googleRig)).toEqual([URL_OF_ANN]);
    const { person } = realm;
    realm.answers.userinfo = () => json({ ...person, picture: URL_OF_ANN });
    const options = { issuer: realm.issuer, ...CLIENT };
    for (const provider of [keycloak(options), oidc(options)])
      expect(await picturesOf(provider, realm)).toEqual([URL_OF_ANN]);
    gitlabRig.answers.userinfo = () => json({ ...gitlabRig.person, picture: URL_OF_ANN });
    expect(await picturesOf(gitlab(CLIENT))).toEqual([URL_OF_ANN]);
  });

  it("is the avatar of GitHub, and the hash of Discord's as a URL", async () => {
    const avatar_url = "https://avatars.githubusercontent.com/u/583231?v=4";
    gitlabRig.answers.githubUser = () => json({ id: 583_231, login: "ann", name: "Ann", avatar_url });
    expect(await picturesOf(github(CLIENT))).toEqual([avatar_url]);
    const ann = { id: "80351110224678912", username: "Ann", global_name: "" };
    const hash = "8342729096ea3675442027381ff50dfe";
    for (const [avatar, path] of [
      [hash, `80351110224678912/${hash}.png`],
      [`a_${hash}`, `80351110224678912/a_${hash}.png`],
    ]) {
      gitlabRig.answers.discordUser = () => json({ ...ann, avatar });
      expect(await picturesOf(discord(CLIENT))).toEqual([`https://cdn.discordapp.com/avatars/${path}`]);
    }
  });

  it.each([
    null,
    7,
    ["https://images.example/ann.png"],
    "../../1/x",
    "javascript:alert(1)",
    "http://a.example/",
  ])("is none where it is %j, and the user signs in", async (picture) => {
    googleRig.person = { ...googleRig.person, picture };
    expect(await picturesOf(google(CLIENT), googleRig)).toEqual([null]);
    const ann = { id: "80351110224678912", username: "ann", global_name: "Ann", avatar: picture };
    gitlabRig.answers.discordUser = () => json(ann);
    expect(await picturesOf(discord(CLIENT))).toEqual([null]);
  });
});

it("OAU-22 every provider gets the callback under its id, once", async () => {
  const providers = [google(CLIENT), gitlab(CLIENT), discord(CLIENT)];
  for (const provider of providers) {
    const { browser } = openRiggedServer(googleRig, [provider]);
    const url = new URL(await begin(browser, provider.id));
    const callback = `http://localhost:3000/auth/oauth/${provider.id}/callback`;
    expect(url.searchParams.getAll("redirect_uri")).toEqual([callback]);
    expect(url.searchParams.getAll("state")).toHaveLength(1);
    expect(url.searchParams.getAll("code_challenge_method")).toEqual(["S256"]);
  }
});

it("OAU-24 the provider's tokens are shown to the application only", async () => {
  const opened = openRiggedServer(googleRig, [google(CLIENT)]);
  const arrival = googleRig.authorize(await begin(opened.browser, "google"), { iss: undefined });
  const response = await comeBack(opened.browser, arrival);
  await expectSignedIn({ ...opened, response }, {});
  const me = await (await opened.browser.get("/auth/me")).text();
  const session = await (await opened.browser.get("/auth/session")).text();
  const seen = [...response.headers, me, session, JSON.stringify(opened.server.events)].join();
  expect(seen).not.toMatch(/provider-(access|refresh)/);
});
