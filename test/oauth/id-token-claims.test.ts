import { sign } from "node:crypto";
import { oidc } from "@latchkey/core/oauth";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import {
  type Algorithm,
  atHash,
  type Members,
  withBadSignature,
} from "../fixtures/providers/forged-token.ts";
import { type RiggedProvider, startRiggedProvider } from "../fixtures/providers/rigged-provider.ts";
import {
  attempt,
  CLIENT,
  expectNothing,
  expectSignedIn,
  issue,
  restore,
} from "../fixtures/rigged-sign-in.ts";

let rig: RiggedProvider;

beforeAll(async () => {
  rig = await startRiggedProvider();
});
afterEach(() => restore(rig));
afterAll(() => rig.close());

type Change = (right: Members) => Members;
const NOW = (right: Members): number => Number(right["iat"]);

async function refuse(change: Change, error: string): Promise<void> {
  rig.idToken = (right) => rig.mint({ claims: { ...right, ...change(right) } });
  const made = await attempt(rig);
  expect(rig.requestsTo("token").length).toBeGreaterThan(0);
  await expectNothing(made, error);
  expect(made.net.calls.filter(({ url }) => url.endsWith("/userinfo"))).toEqual([]);
}

async function accept(change: Change): Promise<void> {
  rig.idToken = (right) => rig.mint({ claims: { ...right, ...change(right) } });
  await expectSignedIn(await attempt(rig), { email: "ann@example.com" });
}

describe("OAU-11 an ID token for another client", () => {
  const { clientId } = CLIENT;
  it.each<[string, Members]>([
    ["no audience", { aud: undefined }],
    ["an empty audience", { aud: "" }],
    ["another audience", { aud: "another" }],
    ["our id in capitals", { aud: clientId.toUpperCase() }],
    ["our id with a blank", { aud: `${clientId} ` }],
    ["ids in one text", { aud: `${clientId} another` }],
    ["no audience in the list", { aud: [] }],
    ["another beside us", { aud: [clientId, "another"] }],
    ["another before us", { aud: ["another", clientId] }],
    ["another party beside us", { aud: [clientId, "another"], azp: "another" }],
    ["us twice, and azp", { aud: [clientId, clientId], azp: clientId }],
    ["us twice", { aud: [clientId, clientId] }],
    ["us in a list in the list", { aud: [[clientId]] }],
    ["an object", { aud: { 0: clientId, length: 1 } }],
    ["another authorized party", { azp: "another" }],
    ["an empty authorized party", { azp: "" }],
    ["an authorized party that is null", { azp: null }],
    ["a list of authorized parties", { azp: [clientId] }],
  ])("is refused: %s", async (_, claims) => {
    await refuse(() => claims, "the ID token is for another client");
  });

  it("is accepted where the list names only our client, and where azp is our client", async () => {
    await accept(() => ({ aud: [clientId] }));
    await accept(() => ({ azp: clientId }));
  });

  it("is accepted from a provider that names the client and its project, and the client as azp", async () => {
    // https://zitadel.com/docs/apis/openidoauth/claims: `aud` lists the client and the project.
    await accept(() => ({ aud: [clientId, "project"], azp: clientId }));
    await accept(() => ({ aud: ["project", clientId], azp: clientId }));
  });

  it("without azp is accepted with `trustedAudiences`, and refused with a foreign signature", async () => {
    const provider = oidc({ issuer: rig.issuer, ...CLIENT, trustedAudiences: ["project"] });
    const claims = { aud: [clientId, "project"] };
    issue(rig, { claims });
    await expectSignedIn(await attempt(rig, { provider }), { email: "ann@example.com" });
    rig.idToken = (right) => withBadSignature(rig.mint({ claims: { ...right, ...claims } }));
    await expectNothing(await attempt(rig, { provider }), "the ID token's signature is not the provider's");
    issue(rig, { claims: { aud: [clientId, "project", "another"] } });
    await expectNothing(await attempt(rig, { provider }), "the ID token is for another client");
  });
});

describe("OAU-11 an ID token of another issuer", () => {
  it.each<[string, (issuer: string) => unknown]>([
    ["another host", () => "https://evil.example"],
    ["a trailing slash", (issuer) => `${issuer}/`],
    ["a suffix", (issuer) => `${issuer}.evil.example`],
    ["a prefix of ours", (issuer) => issuer.slice(0, -1)],
    ["another scheme", (issuer) => issuer.replace("http:", "https:")],
    ["another case", (issuer) => issuer.toUpperCase()],
    ["white space", (issuer) => ` ${issuer}`],
    ["a list", (issuer) => [issuer]],
    ["none", () => undefined],
    ["null", () => null],
    ["an empty text", () => ""],
  ])("is refused: %s", async (_, iss) => {
    await refuse(() => ({ iss: iss(rig.issuer) }), "the ID token is of another issuer");
  });
});

describe("OAU-11 an ID token of another time", () => {
  it.each<[string, Change]>([
    ["expired", (right) => ({ exp: NOW(right) - 61, iat: NOW(right) - 120 })],
    ["no exp", () => ({ exp: undefined })],
    ["exp as text", (right) => ({ exp: String(right["exp"]) })],
    ["exp that is not a number", () => ({ exp: Number.NaN })],
    ["exp as a list", (right) => ({ exp: [right["exp"]] })],
    ["exp that is true", () => ({ exp: true })],
    ["exp zero", () => ({ exp: 0 })],
    ["exp before iat", (right) => ({ exp: NOW(right) - 10 })],
    ["exp in milliseconds of the past", (right) => ({ exp: -NOW(right) * 1_000 })],
    ["no iat", () => ({ iat: undefined })],
    ["iat as text", (right) => ({ iat: String(right["iat"]) })],
    ["iat as a date", () => ({ iat: new Date().toISOString() })],
    ["iat in the future", (right) => ({ iat: NOW(right) + 120, exp: NOW(right) + 600 })],
    ["iat in milliseconds", (right) => ({ iat: NOW(right) * 1_000, exp: NOW(right) * 2_000 })],
    ["iat of yesterday", (right) => ({ iat: NOW(right) - 86_400 })],
    ["iat of eleven minutes ago", (right) => ({ iat: NOW(right) - 665 })],
    ["nbf in the future", (right) => ({ nbf: NOW(right) + 120 })],
    ["nbf as text", (right) => ({ nbf: String(right["iat"]) })],
    ["nbf as an object", () => ({ nbf: {} })],
  ])("is refused: %s", async (_, change) => {
    await refuse(change, "the ID token has expired, or says no credible time");
  });

  it("is accepted within a minute, also with fractions of a second", async () => {
    await accept((right) => ({ iat: NOW(right) + 50, exp: NOW(right) + 300, nbf: NOW(right) + 50 }));
    await accept((right) => ({ iat: NOW(right) - 100.5, exp: NOW(right) - 50.25 }));
    await accept((right) => ({ iat: NOW(right) - 500 }));
  });

  it("is refused where a number exceeds the range of numbers", async () => {
    const infinite = (right: Members, member: string): string =>
      JSON.stringify({ ...right, [member]: "@" }).replace('"@"', "1e999");
    for (const member of ["iat", "nbf"]) {
      rig.idToken = (right) => signText(infinite(right, member));
      await expectNothing(await attempt(rig), "the ID token has expired, or says no credible time");
    }
  });
});

function signText(payload: string): string {
  const header = { alg: "RS256", kid: rig.key.kid };
  const data = [JSON.stringify(header), payload].map((text) => Buffer.from(text).toString("base64url"));
  const signature = sign("sha256", Buffer.from(data.join(".")), rig.key.privateKey);
  return [...data, signature.toString("base64url")].join(".");
}

describe("OAU-09 an ID token of another sign-in", () => {
  it.each<[string, Change]>([
    ["no nonce", () => ({ nonce: undefined })],
    ["an empty nonce", () => ({ nonce: "" })],
    ["null", () => ({ nonce: null })],
    ["a list", (right) => ({ nonce: [right["nonce"]] })],
    ["another nonce", () => ({ nonce: "A".repeat(43) })],
    ["a prefix", (right) => ({ nonce: String(right["nonce"]).slice(0, -1) })],
    ["one more character", (right) => ({ nonce: `${right["nonce"]}A` })],
    ["another case", (right) => ({ nonce: String(right["nonce"]).toLowerCase() })],
  ])("is refused: %s", async (_, change) => {
    await refuse(change, "the ID token belongs to another sign-in");
  });

  it("is refused where it was issued for another flow of the same browser", async () => {
    let kept: string | null = null;
    rig.idToken = (right) => {
      kept ??= rig.mint({ claims: right });
      return kept;
    };
    await expectSignedIn(await attempt(rig), { email: "ann@example.com" });
    await expectNothing(await attempt(rig), "the ID token belongs to another sign-in");
  });
});

describe("OAU-11 an ID token without a usable subject", () => {
  it.each<[string, unknown]>([
    ["no sub", undefined],
    ["an empty one", ""],
    ["a number", 7],
    ["null", null],
    ["true", true],
    ["a list", ["rigged-1"]],
    ["an object", { toString: "rigged-1" }],
    ["10 kB", "x".repeat(10_000)],
    ["256 characters", "x".repeat(256)],
    ["a line end", "rigged-1\r\n"],
    ["a null byte", "rigged\u0000-1"],
    ["a control of C1", "rigged\u0085"],
    ["a mark that turns the direction", "rigged\u202e"],
    ["half a surrogate pair", "rigged\ud800"],
  ])("is refused: %s", async (_, sub) => {
    rig.person = { ...rig.person, sub };
    await refuse(() => ({ sub }), "the provider does not say who it is");
  });

  it("is accepted with a subject of 255 characters, and with one named like a member of every object", async () => {
    for (const sub of ["x".repeat(255), "__proto__", "constructor", "ä 中 😀"]) {
      rig.person = { ...rig.person, sub };
      const made = await attempt(rig);
      await expectSignedIn(made, { email: "ann@example.com" });
      const user = await made.server.store.users.findByAccount({ provider: "oidc", subject: sub });
      expect(user?.email).toBe("ann@example.com");
    }
  });
});

describe("OAU-12 the at_hash of an ID token", () => {
  it.each<[Algorithm, string]>([
    ["RS256", "SHA-256"],
    ["ES256", "SHA-256"],
    ["EdDSA", "SHA-512"],
  ])("is refused where it belongs to another access token, under %s (%s)", async (algorithm) => {
    const key = rig.keys[algorithm];
    const right = atHash("provider-access-of-another", algorithm);
    for (const wrong of [right, "", null, 7, [right], `${right}=`]) {
      issue(rig, { key, claims: { at_hash: wrong } });
      await expectNothing(await attempt(rig), "the ID token belongs to another access token");
    }
    issue(rig, { key, claims: { at_hash: undefined } });
    await expectSignedIn(await attempt(rig), { email: "ann@example.com" });
  });

  it.each<Algorithm>(["ES256", "EdDSA"])("is accepted where it is right under %s", async (algorithm) => {
    const other = await startRiggedProvider({ algorithm });
    await expectSignedIn(await attempt(other), { email: "ann@example.com" });
    await other.close();
  });

  it.each<[string, (hash: string) => string]>([
    ["shorter", (hash) => hash.slice(0, -1)],
    ["longer", (hash) => `${hash}AAAA`],
    ["padded", (hash) => `${hash}==`],
    ["in another case", (hash) => hash.toLowerCase()],
  ])("is refused where it is right, but %s", async (_, change) => {
    const error = "the ID token belongs to another access token";
    await refuse((right) => ({ at_hash: change(String(right["at_hash"])) }), error);
  });
});

it("is not affected by claims called __proto__ and constructor", async () => {
  const hidden = { email: "admin@example.com", email_verified: true, sub: "admin", nonce: "x" };
  const claims: Members = JSON.parse(
    `{"__proto__":${JSON.stringify(hidden)},"constructor":{"prototype":{}}}`,
  );
  rig.person = { sub: "rigged-1" };
  issue(rig, { claims });
  const made = await attempt(rig);
  await expectSignedIn(made, {});
  const user = await made.server.store.users.findByAccount({ provider: "oidc", subject: "rigged-1" });
  expect(user).toMatchObject({ email: null, emailVerified: false, name: null });
  issue(rig, { claims: { ...claims, sub: undefined } });
  await expectNothing(await attempt(rig), "the provider does not say who it is");
  expect(Object.hasOwn(Object.prototype, "email")).toBe(false);
});
