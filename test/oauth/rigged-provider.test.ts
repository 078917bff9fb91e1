import { createHmac, type JsonWebKey } from "node:crypto";
import { afterEach, describe, expect, it } from "vitest";
import { parametersOf } from "../fixtures/providers/arrival.ts";
import {
  atHash,
  type Members,
  makeSigningKey,
  publicSecrets,
  withBadSignature,
} from "../fixtures/providers/forged-token.ts";
import { localFetch, wellKnown } from "../fixtures/providers/local-fetch.ts";
import { authorization, CALLBACK, redeem } from "../fixtures/providers/plain-client.ts";
import { basicCredentials } from "../fixtures/providers/rigged-endpoints.ts";
import {
  type Minting,
  type RiggedProvider,
  type RiggedProviderOptions,
  startRiggedProvider,
} from "../fixtures/providers/rigged-provider.ts";
import { publishedKeys, verified } from "../fixtures/providers/verified-token.ts";
import { openVisitor } from "../fixtures/providers/visitor.ts";

const CLIENT = { clientId: "a client:1", clientSecret: "50% of+ä:secret" };
const running: RiggedProvider[] = [];

afterEach(async () => {
  for (const rig of running.splice(0)) await rig.close();
});

async function startRig(options: RiggedProviderOptions = {}): Promise<RiggedProvider> {
  const rig = await startRiggedProvider(options);
  running.push(rig);
  return rig;
}

function keysOf(rig: RiggedProvider): readonly JsonWebKey[] {
  return Object.values(rig.keys).map(({ jwk }) => jwk);
}

describe("the rigged provider", () => {
  it.each(["RS256", "ES256", "EdDSA"] as const)("signs in with %s", async (algorithm) => {
    const rig = await startRig({ algorithm });
    const document = await (await fetch(`${rig.issuer}/.well-known/openid-configuration`)).json();
    expect(document.issuer).toBe(rig.issuer);
    const { url, nonce, state, codeVerifier } = authorization(document.authorization_endpoint, CLIENT);
    const answer = parametersOf(rig.authorize(url));
    expect(Object.fromEntries(answer)).toMatchObject({ state, iss: rig.issuer });
    const code = { code: answer.get("code"), codeVerifier };
    const tokens = await (await redeem(document.token_endpoint, CLIENT, code)).json();
    const token = verified(tokens.id_token, await publishedKeys(document.jwks_uri));
    expect(token.isGenuine).toBe(true);
    expect(token.header).toEqual({ alg: algorithm, typ: "JWT", kid: rig.keys[algorithm].kid });
    const hash = atHash(tokens.access_token, algorithm);
    expect(token.claims).toMatchObject({
      iss: rig.issuer,
      aud: CLIENT.clientId,
      nonce,
      at_hash: hash,
      ...rig.person,
    });
    const headers = { authorization: `Bearer ${tokens.access_token}` };
    expect(await (await fetch(document.userinfo_endpoint, { headers })).json()).toEqual(rig.person);
    expect((await fetch(document.userinfo_endpoint)).status).toBe(401);
    expect((await redeem(document.token_endpoint, CLIENT, code)).status).toBe(400);
  });

  it("records the requests that it gets", async () => {
    const rig = await startRig();
    const code = { code: "unknown", codeVerifier: "v".repeat(43) };
    expect((await redeem(`${rig.origin}/token`, CLIENT, code)).status).toBe(400);
    expect((await fetch(`${rig.origin}/nowhere?x=y`)).status).toBe(404);
    const [request] = rig.requestsTo("token");
    expect(request && basicCredentials(request)).toEqual({
      raw: "a+client%3A1:50%25+of%2B%C3%A4%3Asecret",
      ...CLIENT,
    });
    expect(request?.form.get("code_verifier")).toBe(code.codeVerifier);
    expect(rig.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "POST /token",
      "GET /nowhere",
    ]);
    expect(rig.requestsTo("jwks")).toEqual([]);
  });

  it("refuses a wrong verifier or callback, and uses up the code", async () => {
    const rig = await startRig();
    const { url, codeVerifier } = authorization(`${rig.origin}/authorize`, CLIENT);
    const code = parametersOf(rig.authorize(url)).get("code");
    for (const verifier of [`${codeVerifier}x`, codeVerifier]) {
      const response = await redeem(`${rig.origin}/token`, CLIENT, { code, codeVerifier: verifier });
      expect(await response.json()).toEqual({ error: "invalid_grant" });
    }
  });

  it("signs a visitor in by query and by form_post, and gives the answers of a test", async () => {
    const rig = await startRig({ path: "/realms/x" });
    const base = `${rig.origin}/realms/x/protocol/openid-connect`;
    const document = await (await fetch(`${rig.issuer}/.well-known/openid-configuration`)).json();
    expect(document).toMatchObject({ authorization_endpoint: `${base}/auth`, jwks_uri: `${base}/certs` });
    const byQuery = await openVisitor().signIn(authorization(`${base}/auth`, CLIENT).url, "");
    expect(byQuery).toMatchObject({ method: "GET", url: expect.stringContaining(`${CALLBACK}?code=`) });
    const post = authorization(`${base}/auth`, CLIENT, { response_mode: "form_post" });
    const byPost = await openVisitor().signIn(post.url, "");
    expect(byPost).toMatchObject({ method: "POST", url: CALLBACK });
    expect(parametersOf(byPost).get("state")).toBe(post.state);
    const denied = rig.authorize(post.url, {
      code: undefined,
      error: "access_denied",
      iss: "https://evil.example",
    });
    expect(Object.fromEntries(parametersOf(denied))).toEqual({
      error: "access_denied",
      iss: "https://evil.example",
      state: post.state,
    });
  });

  it("imitates GitHub and Discord", async () => {
    const rig = await startRig();
    const { fetch } = localFetch(wellKnown(rig.origin));
    const url = "https://github.com/login/oauth/access_token";
    const { url: start } = authorization("https://github.com/login/oauth/authorize", CLIENT, {
      scope: "user:email",
      code_challenge: undefined,
    });
    const arrival = parametersOf(rig.authorize(start));
    expect(arrival.has("iss")).toBe(false);
    const redeemed = async (code: string, accept: string): Promise<Response> =>
      fetch(url, {
        method: "POST",
        headers: { accept },
        body: new URLSearchParams({ code, redirect_uri: CALLBACK }),
      });
    const refused = await redeemed("wrong", "application/json");
    expect(refused.status).toBe(200);
    expect(await refused.json()).toMatchObject({ error: "bad_verification_code" });
    expect(await (await redeemed("wrong", "*/*")).text()).toMatch(/^error=bad_verification_code&/);
    const tokens = await (await redeemed(arrival.get("code") ?? "", "application/json")).json();
    const read = async (path: string): Promise<unknown> =>
      (await fetch(path, { headers: { authorization: `Bearer ${tokens.access_token}` } })).json();
    expect(await read("https://api.github.com/user")).toMatchObject({ id: 583_231, email: null });
    expect(await read("https://api.github.com/user/emails")).toContainEqual(
      expect.objectContaining({ email: "ann@example.com", primary: true, verified: true }),
    );
    expect(await read("https://discord.com/api/users/@me")).toMatchObject({
      id: "80351110224678912",
      verified: true,
    });
    expect((await fetch("https://api.github.com/user")).status).toBe(401);
  });
});

interface Forged {
  readonly header: Members;
  readonly claims: Members;
  readonly signature: string;
}

describe("a forged token", () => {
  const other = makeSigningKey("RS256", "rsa-1");

  it.each<[string, Minting, Partial<Forged>]>([
    ["no algorithm", { key: null }, { header: { alg: "none", typ: "JWT" }, signature: "" }],
    ["another key under our kid", { key: other }, { header: { alg: "RS256", typ: "JWT", kid: "rsa-1" } }],
    ["an unknown kid", { header: { kid: "x" } }, { header: { alg: "RS256", typ: "JWT", kid: "x" } }],
    ["no kid", { header: { kid: undefined } }, { header: { alg: "RS256", typ: "JWT" } }],
    [
      "a header that lies",
      { header: { alg: "ES256" } },
      { header: { alg: "ES256", typ: "JWT", kid: "rsa-1" } },
    ],
  ])("is not genuine with %s", async (_, minting, expected) => {
    const rig = await startRig();
    const token = rig.mint(minting);
    const { header, claims, isGenuine } = verified(token, keysOf(rig));
    expect(isGenuine).toBe(false);
    expect({ header, claims, signature: token.split(".")[2] }).toMatchObject(expected);
    expect(Object.keys(header).sort()).toEqual(Object.keys(expected.header ?? header).sort());
  });

  it("can have the HMAC of the client secret, or of the public key in any encoding", async () => {
    const rig = await startRig();
    for (const secret of [CLIENT.clientSecret, ...Object.values(publicSecrets(rig.key))]) {
      const token = rig.mint({ key: { secret }, header: { kid: rig.key.kid } });
      const [head, payload, signature] = token.split(".");
      expect(verified(token, []).header).toEqual({ alg: "HS256", typ: "JWT", kid: "rsa-1" });
      expect(signature).toBe(createHmac("sha256", secret).update(`${head}.${payload}`).digest("base64url"));
    }
  });

  it("can have one changed bit, and is right otherwise", async () => {
    const rig = await startRig();
    const right = rig.mint();
    const wrong = withBadSignature(right);
    expect(wrong.slice(0, wrong.lastIndexOf("."))).toBe(right.slice(0, right.lastIndexOf(".")));
    const keys = keysOf(rig);
    expect([right, wrong].map((token) => verified(token, keys).isGenuine)).toEqual([true, false]);
  });

  it("can be genuine with wrong claims, at the provider's own time", async () => {
    const rig = await startRig({ clock: () => 1_900_000_000_999, issuer: "https://accounts.google.com" });
    const claims = { aud: ["a", "b"], iat: undefined, sub: 7, azp: "c", at_hash: "x" };
    const made = verified(rig.mint({ claims }), keysOf(rig));
    expect(made.isGenuine).toBe(true);
    expect(made.claims).toEqual({
      iss: "https://accounts.google.com",
      exp: 1_900_000_300,
      ...rig.person,
      ...{ aud: ["a", "b"], sub: 7, azp: "c", at_hash: "x" },
    });
  });

  it("is returned by the token endpoint where a test sets it", async () => {
    const rig = await startRig();
    rig.idToken = (claims) => rig.mint({ claims: { ...claims, nonce: "stolen" }, key: null });
    const { url, codeVerifier } = authorization(`${rig.origin}/authorize`, CLIENT);
    const code = parametersOf(rig.authorize(url)).get("code");
    const tokens = await (await redeem(`${rig.origin}/token`, CLIENT, { code, codeVerifier })).json();
    const { header, claims } = verified(tokens.id_token, []);
    expect({ alg: header["alg"], nonce: claims["nonce"], aud: claims["aud"] }).toEqual({
      alg: "none",
      nonce: "stolen",
      aud: CLIENT.clientId,
    });
  });
});

it("the rigged provider publishes public members only", async () => {
  const rig = await startRig();
  const keys = await publishedKeys(`${rig.origin}/jwks`);
  expect(keys.map((key) => key["alg"])).toEqual(["RS256", "ES256", "EdDSA"]);
  for (const key of keys) expect(key).not.toHaveProperty("d");
  rig.jwks = [];
  expect(await publishedKeys(`${rig.origin}/jwks`)).toEqual([]);
});
