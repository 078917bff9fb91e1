import { createHash, generateKeyPairSync } from "node:crypto";
import { apple, google, oidc } from "@latchkey/core/oauth";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { bodyOf, expectError } from "../fixtures/answers.ts";
import { type Browser, openBrowser } from "../fixtures/browser.ts";
import { parametersOf } from "../fixtures/providers/arrival.ts";
import { startIdentityProvider } from "../fixtures/providers/certified-provider.ts";
import {
  type Members,
  makeSigningKey,
  type SigningKey,
  withBadSignature,
} from "../fixtures/providers/forged-token.ts";
import { authorization, CALLBACK, redeem } from "../fixtures/providers/plain-client.ts";
import { type RiggedProvider, startRiggedProvider } from "../fixtures/providers/rigged-provider.ts";
import { openVisitor } from "../fixtures/providers/visitor.ts";
import { type Attempt, CLIENT, openRiggedServer, restore } from "../fixtures/rigged-sign-in.ts";
import { ORIGIN, SECRET } from "../fixtures/server.ts";

type Opened = Omit<Attempt, "response">;

const IOS = "com.example.ios";
// https://developers.google.com/identity/gsi/web/reference/html-reference: the token of One Tap has `aud` and `azp` of the page.
const GOOGLE = google({ ...CLIENT, idTokenAudiences: [IOS, CLIENT.clientId] });
const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
// https://developer.apple.com/documentation/sign_in_with_apple/authenticating-users-with-sign-in-with-apple: the claims of a token.
const APPLE = apple({
  clientId: "com.example.web",
  teamId: "TEAM123456",
  keyId: "KEY1234567",
  privateKey: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  idTokenAudiences: [IOS],
});

let atGoogle: RiggedProvider;
let atApple: RiggedProvider;

beforeAll(async () => {
  atGoogle = await startRiggedProvider({ issuer: "https://accounts.google.com" });
  atApple = await startRiggedProvider({ issuer: "https://appleid.apple.com" });
});
afterEach(() => restore(atGoogle));
afterAll(async () => {
  await atGoogle.close();
  await atApple.close();
});

async function nonceOf(browser: Browser, provider = "google", body?: object): Promise<string> {
  const answer = await browser.post(`/auth/oauth/${provider}/nonce`, body);
  const { nonce } = await bodyOf(answer);
  if (typeof nonce !== "string") throw new Error(`the nonce answered ${answer.status}`);
  return nonce;
}

function send(browser: Browser, body: object, provider = "google"): Promise<Response> {
  return browser.post(`/auth/oauth/${provider}/token`, body);
}

function minted(claims: Members): string {
  return atGoogle.mint({ claims: { aud: IOS, ...claims } });
}

async function expectNoSession({ browser, writes }: Opened): Promise<void> {
  expect(writes).toEqual([]);
  expect((await browser.get("/auth/me")).status).toBe(401);
}

describe("a person who signs in by the sheet of Google", () => {
  it("is signed in by cookies in a page", async () => {
    const { browser, server } = openRiggedServer(atGoogle, [GOOGLE]);
    const nonce = await nonceOf(browser);
    const claims = { aud: CLIENT.clientId, azp: CLIENT.clientId, nonce };
    const answer = await send(browser, { id_token: minted(claims), nonce });
    expect(await bodyOf(answer)).toMatchObject({ user: { email: "ann@example.com", name: "Ann" } });
    expect(await (await browser.get("/auth/me")).json()).toMatchObject({ email: "ann@example.com" });
    const user = await server.store.users.findByAccount({ provider: "google", subject: "rigged-1" });
    expect(user?.name).toBe("Ann");
    expect(answer.headers.getSetCookie().filter((line) => /oauth\..*Max-Age=0/.test(line))).toHaveLength(1);
  });

  it("gets tokens in an app, which sends no cookies, by a token with at_hash and the hash of the nonce", async () => {
    const { browser } = openRiggedServer(atGoogle, [GOOGLE]);
    const nonce = await nonceOf(browser, "google", { transport: "bearer" });
    expect(browser.names()).toEqual([]);
    const hashed = createHash("sha256").update(nonce).digest("hex");
    const id_token = minted({ nonce: hashed, at_hash: "of-a-token-that-we-have-not" });
    const answer = await send(browser, { id_token, nonce, transport: "bearer" });
    expect(await bodyOf(answer)).toMatchObject({ token_type: "Bearer", user: { name: "Ann" } });
    expect(answer.headers.getSetCookie()).toEqual([]);
  });

  it("is the same user as by the redirect, and the sheet of another day", async () => {
    const { browser, server } = openRiggedServer(atGoogle, [GOOGLE]);
    for (const _ of [1, 2]) {
      const nonce = await nonceOf(browser);
      expect((await send(browser, { id_token: minted({ nonce }), nonce })).status).toBe(200);
    }
    expect(server.events.filter(({ type }) => type === "user.created")).toHaveLength(1);
  });

  it("creates no user where registration is closed", async () => {
    const opened = openRiggedServer(atGoogle, [GOOGLE], { signUp: "closed" });
    const nonce = await nonceOf(opened.browser);
    const answer = await send(opened.browser, { id_token: minted({ nonce }), nonce });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    await expectNoSession(opened);
  });
});

describe("a person who signs in by the sheet of Apple", () => {
  it("has the name that the app tells", async () => {
    const { browser } = openRiggedServer(atApple, [APPLE]);
    const nonce = await nonceOf(browser, "apple", { transport: "bearer" });
    const person = { name: undefined, email_verified: "true", nonce_supported: true };
    const id_token = atApple.mint({ claims: { aud: IOS, nonce, ...person } });
    const body = { id_token, nonce, transport: "bearer", name: "Ann Lee" };
    expect(await bodyOf(await send(browser, body, "apple"))).toMatchObject({
      user: { email: "ann@example.com", name: "Ann Lee" },
    });
  });
});

describe("an ID token of a sheet", () => {
  const wrong: Readonly<Record<string, Members>> = {
    "for another app": { aud: "com.attacker.app" },
    "for two apps": { aud: [IOS, CLIENT.clientId] },
    "that another app asked for": { azp: "com.attacker.app" },
    "of another issuer": { iss: "https://evil.example" },
    "that has expired": { exp: Math.floor(Date.now() / 1_000) - 120 },
    "of yesterday": { iat: Math.floor(Date.now() / 1_000) - 86_400 },
    "without a nonce": { nonce: undefined },
    "with another nonce": { nonce: "n".repeat(43) },
    "with the hash of another nonce": { nonce: createHash("sha256").update("other").digest("hex") },
    "without a subject": { sub: undefined },
  };

  it.each(Object.entries(wrong))("%s is refused", async (_, claims) => {
    const opened = openRiggedServer(atGoogle, [GOOGLE]);
    const nonce = await nonceOf(opened.browser);
    const id_token = minted({ nonce, ...claims });
    await expectError(await send(opened.browser, { id_token, nonce }), 400, "oauth_failed");
    await expectNoSession(opened);
    expect(opened.server.events.map(({ type }) => type)).toEqual(["oauth.failed"]);
  });

  it("that the provider did not sign is refused", async () => {
    const opened = openRiggedServer(atGoogle, [GOOGLE]);
    const nonce = await nonceOf(opened.browser);
    const id_token = withBadSignature(minted({ nonce }));
    await expectError(await send(opened.browser, { id_token, nonce }), 400, "oauth_failed");
    await expectNoSession(opened);
  });

  it("JWT-05 asks the provider for its keys once in ten seconds, whatever keys attackers name", async () => {
    const { browser, server } = openRiggedServer(atGoogle, [GOOGLE]);
    const signIn = async (kid: string, key: SigningKey): Promise<number> => {
      const nonce = await nonceOf(browser, "google", { transport: "bearer" });
      const id_token = atGoogle.mint({ claims: { aud: IOS, nonce }, header: { kid }, key });
      return (await send(browser, { id_token, nonce, transport: "bearer" })).status;
    };
    expect(await signIn(atGoogle.key.kid, atGoogle.key)).toBe(200);
    const before = atGoogle.requestsTo("jwks").length;
    const forged = makeSigningKey("RS256", "forged");
    for (let n = 0; n < 5; n++) expect(await signIn(`forged-${n}`, forged)).toBe(400);
    expect(atGoogle.requestsTo("jwks")).toHaveLength(before + 1);
    const rotated = makeSigningKey("RS256", "rotated");
    atGoogle.jwks = [rotated.jwk];
    expect(await signIn(rotated.kid, rotated)).toBe(400);
    server.clock.advance(11);
    expect(await signIn(rotated.kid, rotated)).toBe(200);
    expect(atGoogle.requestsTo("jwks")).toHaveLength(before + 2);
  });

  it("is refused for the client of the redirect, unless the option names it", async () => {
    const opened = openRiggedServer(atGoogle, [google({ ...CLIENT, idTokenAudiences: [IOS] })]);
    const nonce = await nonceOf(opened.browser);
    const id_token = minted({ aud: CLIENT.clientId, nonce });
    await expectError(await send(opened.browser, { id_token, nonce }), 400, "oauth_failed");
    await expectNoSession(opened);
  });
});

describe("the nonce of a sheet", () => {
  it("is used once: a person who sends the token twice is refused the second time", async () => {
    const { browser } = openRiggedServer(atGoogle, [GOOGLE]);
    const copy = browser.copy();
    for (const transport of ["cookie", "bearer"]) {
      const nonce = await nonceOf(copy, "google", { transport });
      const body = { id_token: minted({ nonce }), nonce, transport };
      const again = copy.copy();
      expect((await send(copy, body)).status).toBe(200);
      await expectError(await send(again, body), 400, "oauth_state_invalid");
    }
  });

  it("is bound by a cookie that a page of another site gets too, where the sessions have such cookies", async () => {
    const ends = [
      [{}, "; SameSite=Lax"],
      [{ sameSite: "strict" }, "; SameSite=Lax"],
      [{ sameSite: "none" }, "; SameSite=None"],
      [{ sameSite: "none", partitioned: true }, "; SameSite=None; Partitioned"],
    ] as const;
    for (const [cookies, end] of ends) {
      const { server } = openRiggedServer(atGoogle, [GOOGLE], { baseURL: ORIGIN, secret: SECRET, cookies });
      const browser = openBrowser({ server: server.auth, clock: server.clock, origin: ORIGIN });
      const begun = await browser.post("/auth/oauth/google/nonce");
      const [line, ...more] = begun.headers.getSetCookie();
      expect(more).toEqual([]);
      expect(line?.slice(line.indexOf("; SameSite"))).toBe(end);
      const { nonce } = await bodyOf(begun);
      const answer = await send(browser, { id_token: minted({ nonce }), nonce });
      expect(answer.status).toBe(200);
      expect(browser.names().filter((name) => name.includes("oauth"))).toEqual([]);
    }
  });

  it("makes room for a newer one, in the jar of the page", async () => {
    const cookies = { sameSite: "none", partitioned: true } as const;
    const { server } = openRiggedServer(atGoogle, [GOOGLE], { baseURL: ORIGIN, secret: SECRET, cookies });
    const browser = openBrowser({ server: server.auth, clock: server.clock, origin: ORIGIN });
    for (let n = 0; n < 40; n++) await browser.post("/auth/oauth/google/nonce");
    expect(browser.names().length).toBeLessThanOrEqual(16);
  });

  it("of an attacker is refused in the browser of a victim", async () => {
    const { browser, server } = openRiggedServer(atGoogle, [GOOGLE]);
    const victim = server.browser();
    await nonceOf(victim);
    for (const transport of ["cookie", "bearer"]) {
      const nonce = await nonceOf(browser, "google", { transport });
      const body = { id_token: minted({ nonce }), nonce };
      await expectError(await send(victim, body), 400, "oauth_state_invalid");
    }
    expect((await victim.get("/auth/me")).status).toBe(401);
    const headers = { origin: "https://evil.example", "sec-fetch-site": "cross-site" };
    for (const path of ["nonce", "token"]) {
      await expectError(await victim.post(`/auth/oauth/google/${path}`, {}, headers), 403, "csrf_rejected");
    }
  });

  it("for another provider, of another day and of another secret is refused", async () => {
    const { browser, server } = openRiggedServer(atGoogle, [GOOGLE, APPLE]);
    const ofApple = await nonceOf(browser, "apple");
    await expectError(
      await send(browser, { id_token: minted({ nonce: ofApple }), nonce: ofApple }),
      400,
      "oauth_state_invalid",
    );
    const late = await nonceOf(browser, "google", { transport: "bearer" });
    const body = { id_token: minted({ nonce: late }), nonce: late, transport: "bearer" };
    server.clock.advance(600);
    await expectError(await send(browser, body), 400, "oauth_state_invalid");
    const made = { ...body, nonce: "n".repeat(43) };
    await expectError(await send(browser, made), 400, "oauth_state_invalid");
  });
});

describe("a provider without idTokenAudiences", () => {
  it("answers not_found, so that a server without the option accepts no ID token", async () => {
    const { browser } = openRiggedServer(atGoogle, [google(CLIENT)]);
    for (const path of ["google/nonce", "google/token", "unknown/token"])
      await expectError(await browser.post(`/auth/oauth/${path}`, {}), 404, "not_found");
  });
});

it("a token of a certified provider signs in the person that signed in there", async () => {
  const options = { redirectUris: [CALLBACK], accounts: { ann: { sub: "ann-1", email: "ann@example.com" } } };
  const provider = await startIdentityProvider({ ...options, claimsInIdToken: true });
  const client = provider.clients.basic;
  const mine = oidc({ issuer: provider.issuer, ...client, idTokenAudiences: [client.clientId] });
  const { browser } = openRiggedServer({ origin: provider.issuer }, [mine]);
  const nonce = await nonceOf(browser, "oidc");
  const begun = authorization(`${provider.issuer}/auth`, client, { nonce });
  const arrival = await openVisitor().signIn(begun.url, "ann");
  const code = { code: parametersOf(arrival).get("code"), codeVerifier: begun.codeVerifier };
  const { id_token } = await bodyOf(await redeem(`${provider.issuer}/token`, client, code));
  const answer = await send(browser, { id_token, nonce }, "oidc");
  expect(await bodyOf(answer)).toMatchObject({ user: { name: null } });
  expect((await browser.get("/auth/me")).status).toBe(200);
  await provider.close();
});
