import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { parametersOf } from "../fixtures/providers/arrival.ts";
import {
  type ClientKind,
  type IdentityProvider,
  startIdentityProvider,
} from "../fixtures/providers/certified-provider.ts";
import { authorization, CALLBACK, type Credentials, redeem } from "../fixtures/providers/plain-client.ts";
import { publishedKeys, verified } from "../fixtures/providers/verified-token.ts";
import { openVisitor, type Visitor } from "../fixtures/providers/visitor.ts";
import {
  GOOD_TARGETS,
  LOOPS,
  OWN_ORIGIN,
  REDIRECTS,
  RELATIVES,
  TRUSTED_ORIGIN,
} from "../vectors/redirects.ts";

const ANN = { sub: "ann-1", email: "ann@example.com", email_verified: true, name: "Ann" };
const CREDENTIALS: Readonly<Record<ClientKind, Credentials>> = {
  basic: "basic",
  post: "body",
  public: "body",
  formPost: "basic",
};

describe("the identity provider of the tests", () => {
  let provider: IdentityProvider;
  const at = (path: string): string => `${provider.issuer}${path}`;

  beforeAll(async () => {
    provider = await startIdentityProvider({ redirectUris: [CALLBACK], accounts: { ann: ANN } });
  });
  afterAll(() => provider.close());

  async function signIn(
    kind: ClientKind,
    visitor: Visitor = openVisitor(),
  ): Promise<{ tokens: Record<string, string>; nonce: string }> {
    const client = provider.clients[kind];
    const mode = kind === "formPost" ? "form_post" : undefined;
    const { url, nonce, state, codeVerifier } = authorization(at("/auth"), client, { response_mode: mode });
    const answer = parametersOf(await visitor.signIn(url, "ann"));
    expect(answer.get("state")).toBe(state);
    expect(answer.get("iss")).toBe(provider.issuer);
    const response = await redeem(
      at("/token"),
      client,
      { code: answer.get("code"), codeVerifier },
      CREDENTIALS[kind],
    );
    expect(response.status).toBe(200);
    return { tokens: await response.json(), nonce };
  }

  it("lists in its discovery document what the clients need", async () => {
    const response = await fetch(at("/.well-known/openid-configuration"));
    expect(await response.json()).toMatchObject({
      issuer: provider.issuer,
      authorization_endpoint: at("/auth"),
      token_endpoint: at("/token"),
      jwks_uri: at("/jwks"),
      userinfo_endpoint: at("/me"),
      code_challenge_methods_supported: ["S256"],
      authorization_response_iss_parameter_supported: true,
    });
  });

  it.each(["basic", "post", "public", "formPost"] as const)(
    "signs in through the client %s",
    async (kind) => {
      const { tokens, nonce } = await signIn(kind);
      const { claims, isGenuine } = verified(tokens["id_token"] ?? "", await publishedKeys(at("/jwks")));
      expect(isGenuine).toBe(true);
      const { clientId } = provider.clients[kind];
      expect(claims).toMatchObject({ iss: provider.issuer, aud: clientId, sub: "ann-1", nonce });
      expect(Object.keys(claims).sort()).toEqual(["aud", "exp", "iat", "iss", "nonce", "sub"]);
      const headers = { authorization: `Bearer ${tokens["access_token"]}` };
      expect(await (await fetch(at("/me"), { headers })).json()).toEqual(ANN);
    },
  );

  it("answers by form_post where the request contains it", async () => {
    const { url, state } = authorization(at("/auth"), provider.clients.formPost, {
      response_mode: "form_post",
    });
    const arrival = await openVisitor().signIn(url, "ann");
    expect(arrival).toMatchObject({ method: "POST", url: CALLBACK });
    expect(Object.fromEntries(parametersOf(arrival))).toMatchObject({ state, iss: provider.issuer });
    const inQuery = authorization(at("/auth"), provider.clients.formPost, { response_mode: "query" });
    const refused = parametersOf(await openVisitor().signIn(inQuery.url, "ann"));
    expect(refused.get("error")).toBe("invalid_request");
  });

  it("lets the user cancel, on either page", async () => {
    const { url, state } = authorization(at("/auth"), provider.clients.basic);
    for (const login of [undefined, "ann"]) {
      const arrival = await openVisitor().deny(url, login);
      expect(arrival).toMatchObject({ method: "GET" });
      expect(Object.fromEntries(parametersOf(arrival))).toEqual({
        error: "access_denied",
        error_description: "the user said no",
        iss: provider.issuer,
        state,
      });
    }
  });

  it("shows a visitor its pages once, and cannot be cancelled afterwards", async () => {
    const visitor = openVisitor();
    await signIn("post", visitor);
    const before = provider.requests.length;
    await signIn("post", visitor);
    expect(provider.requests.slice(before)).toEqual(["GET /auth", "POST /token"]);
    const { url } = authorization(at("/auth"), provider.clients.post);
    await expect(visitor.deny(url)).rejects.toThrow("never asked");
    await expect(openVisitor().signIn(url, "unknown")).rejects.toThrow("asks without end");
  });

  it("requires PKCE, the right verifier, and a Basic header in form encoding", async () => {
    const client = provider.clients.basic;
    const none = { code_challenge: undefined, code_challenge_method: undefined };
    const refused = await openVisitor().signIn(authorization(at("/auth"), client, none).url, "ann");
    expect(parametersOf(refused).get("error")).toBe("invalid_request");
    const visitor = openVisitor();
    const tryWith = async (credentials: Credentials, change: string): Promise<string> => {
      const { url, codeVerifier } = authorization(at("/auth"), client);
      const code = parametersOf(await visitor.signIn(url, "ann")).get("code");
      const pair = { code, codeVerifier: codeVerifier + change };
      const answer: { error: string } = await (await redeem(at("/token"), client, pair, credentials)).json();
      return answer.error;
    };
    expect(await tryWith("basic", "x")).toBe("invalid_grant");
    expect(await tryWith("raw basic", "")).toBe("invalid_request");
    expect(await tryWith("body", "")).toBeUndefined();
  });

  it("signs with new keys after a rotation, and finishes sign-ins that began before", async () => {
    const client = provider.clients.public;
    const old = await publishedKeys(at("/jwks"));
    const { url, codeVerifier } = authorization(at("/auth"), client);
    const code = parametersOf(await openVisitor().signIn(url, "ann")).get("code");
    provider.rotateKeys();
    const response = await redeem(at("/token"), client, { code, codeVerifier }, "body");
    const { id_token: token }: { id_token: string } = await response.json();
    expect(verified(token, old).isGenuine).toBe(false);
    expect(verified(token, await publishedKeys(at("/jwks"))).isGenuine).toBe(true);
  });
});

it("can be set to sign differently, to add claims and to change an account, without output", async () => {
  const said = (["log", "info", "warn", "error"] as const).map((level) => vi.spyOn(console, level));
  const provider = await startIdentityProvider({
    redirectUris: [CALLBACK],
    accounts: { ann: ANN },
    idTokenAlgorithm: "EdDSA",
    claimsInIdToken: true,
  });
  const changed = { ...ANN, email: "new@example.com", email_verified: false };
  provider.accounts.set("ann", changed);
  const client = provider.clients.basic;
  const { url, codeVerifier } = authorization(`${provider.issuer}/auth`, client);
  const code = parametersOf(await openVisitor().signIn(url, "ann")).get("code");
  const response = await redeem(`${provider.issuer}/token`, client, { code, codeVerifier });
  const { id_token: token }: { id_token: string } = await response.json();
  const { header, claims, isGenuine } = verified(token, await publishedKeys(`${provider.issuer}/jwks`));
  expect(isGenuine).toBe(true);
  expect(header["alg"]).toBe("EdDSA");
  expect(claims).toMatchObject(changed);
  await provider.close();
  for (const spy of said) expect(spy).not.toHaveBeenCalled();
  vi.restoreAllMocks();
});

describe("the list of redirect targets", () => {
  const resolved = (input: string): URL => new URL(input, OWN_ORIGIN);

  it("is long and without duplicates", () => {
    const inputs = [...REDIRECTS, ...GOOD_TARGETS].map(({ input }) => input);
    expect(new Set([...inputs, ...RELATIVES]).size).toBe(inputs.length + RELATIVES.length);
    expect(REDIRECTS.length).toBeGreaterThanOrEqual(250);
    expect(GOOD_TARGETS.length).toBeGreaterThanOrEqual(30);
    expect(REDIRECTS.every(({ why }) => why !== "")).toBe(true);
  });

  it("includes many targets on other origins, and loops on the own one", () => {
    const elsewhere = REDIRECTS.filter(
      ({ input }) => URL.canParse(input, OWN_ORIGIN) && resolved(input).origin !== OWN_ORIGIN,
    );
    expect(elsewhere.length).toBeGreaterThanOrEqual(250);
    for (const { input } of LOOPS) {
      expect(resolved(input).origin).toBe(OWN_ORIGIN);
      expect(resolved(input).pathname).toMatch(/^\/auth\/(logout|oauth\/[a-z]+(\/callback)?)$/);
    }
  });

  it("marks as good only targets on the own origin or the trusted one, outside our routes", () => {
    for (const { input } of GOOD_TARGETS) {
      const { origin, pathname, username, href } = resolved(input);
      expect([OWN_ORIGIN, TRUSTED_ORIGIN]).toContain(origin);
      expect(href).toMatch(/^[\x21-\x7e]+$/);
      expect(username).toBe("");
      expect(pathname).not.toMatch(/^\/auth(\/|$)|\/\/|\\/);
    }
    for (const input of RELATIVES) expect(resolved(input).origin).toBe(OWN_ORIGIN);
  });
});
