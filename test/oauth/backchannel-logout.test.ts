import { createHmac } from "node:crypto";
import { keycloak, oidc } from "@latchkey/core/oauth";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { bodyOf } from "../fixtures/answers.ts";
import type { Browser } from "../fixtures/browser.ts";
import { begin, comeBack, HOME } from "../fixtures/oauth-flow.ts";
import { makeSigningKey, publicSecrets, withBadSignature } from "../fixtures/providers/forged-token.ts";
import { LOGOUT_EVENT, logoutRequest, logoutToken } from "../fixtures/providers/logout-token.ts";
import { bytes, json } from "../fixtures/providers/replies.ts";
import {
  type Minting,
  type RiggedProvider,
  startRiggedProvider,
} from "../fixtures/providers/rigged-provider.ts";
import { type Attempt, CLIENT, issue, openRiggedServer, restore } from "../fixtures/rigged-sign-in.ts";

type Opened = Omit<Attempt, "response">;

let rig: RiggedProvider;
/** What the server wrote for its developer. */
let lines: string[];

beforeAll(async () => {
  rig = await startRiggedProvider();
});
beforeEach(() => {
  lines = [];
  vi.spyOn(console, "warn").mockImplementation((line) => void lines.push(String(line)));
});
afterEach(() => {
  restore(rig);
  vi.restoreAllMocks();
});
afterAll(() => rig.close());

function open(options: Parameters<typeof openRiggedServer>[2] = {}): Opened {
  const provider = oidc({ issuer: rig.issuer, ...CLIENT, backchannelLogout: true });
  return openRiggedServer(rig, [provider], options);
}

async function signIn({ server }: Opened, sid?: string): Promise<Browser> {
  issue(rig, { claims: { sid } });
  const browser = server.browser();
  await comeBack(browser, rig.authorize(await begin(browser, "oidc")));
  issue(rig, {});
  expect((await browser.get("/auth/me")).status).toBe(200);
  return browser;
}

function post(
  { server }: Opened,
  token: string,
  headers?: Readonly<Record<string, string>>,
): Promise<Response> {
  return server.auth.handle(logoutRequest(HOME, new URLSearchParams({ logout_token: token }), headers));
}

async function isSignedIn(browser: Browser): Promise<boolean> {
  return (await browser.post("/auth/refresh")).status === 200;
}

/** The token is refused, for this reason, and the person stays signed in. */
async function expectRefused(token: string, message: RegExp): Promise<void> {
  const opened = open();
  const browser = await signIn(opened, "s1");
  const answer = await post(opened, token);
  expect({ status: answer.status, ...(await bodyOf(answer)) }).toEqual({
    status: 400,
    error: "invalid_request",
    message: expect.stringMatching(message),
  });
  expect(answer.headers.get("cache-control")).toContain("no-store");
  expect(answer.headers.getSetCookie()).toEqual([]);
  expect(await isSignedIn(browser)).toBe(true);
  const told = JSON.stringify(opened.server.events.filter(({ type }) => type === "oauth.failed"));
  expect(told).toMatch(message);
  expect(told).not.toContain(token.split(".")[1] || "no payload");
}

const at = (): number => Math.floor(Date.now() / 1_000);

describe("a provider that has ended a session", () => {
  it.each([
    ["logout+jwt", "s1"],
    ["application/logout+jwt", "s1"],
    ["JWT", "s1"],
    [undefined, undefined],
  ])("ends it here by a token of the type %s", async (typ, sid) => {
    const opened = open();
    const browser = await signIn(opened, "s1");
    const answer = await post(opened, logoutToken(rig, { header: { typ }, claims: { sid } }));
    expect({ status: answer.status, text: await answer.text() }).toEqual({ status: 200, text: "" });
    expect(answer.headers.get("cache-control")).toContain("no-store");
    expect(answer.headers.getSetCookie()).toEqual([]);
    expect(await isSignedIn(browser)).toBe(false);
  });

  it.each(["ES256", "EdDSA"] as const)("signs with %s", async (algorithm) => {
    const opened = open();
    const browser = await signIn(opened, "s1");
    expect((await post(opened, logoutToken(rig, { key: rig.keys[algorithm] }))).status).toBe(200);
    expect(await isSignedIn(browser)).toBe(false);
  });

  it("is a realm of Keycloak", async () => {
    const realm = await startRiggedProvider({ path: "/realms/staff" });
    const provider = keycloak({ issuer: realm.issuer, ...CLIENT, backchannelLogout: true });
    const opened = openRiggedServer(realm, [provider]);
    await comeBack(opened.browser, realm.authorize(await begin(opened.browser, "keycloak")));
    expect(await isSignedIn(opened.browser)).toBe(true);
    const body = new URLSearchParams({ logout_token: logoutToken(realm, { header: { typ: "JWT" } }) });
    const answer = await opened.server.auth.handle(logoutRequest(HOME, body, {}, "keycloak"));
    expect(answer.status).toBe(200);
    expect(await isSignedIn(opened.browser)).toBe(false);
    await realm.close();
  });

  it("names the session alone, and another session of the user stays", async () => {
    const opened = open();
    const [first, second] = [await signIn(opened, "s1"), await signIn(opened, "s2")];
    expect((await post(opened, logoutToken(rig, { claims: { sub: undefined, sid: "s1" } }))).status).toBe(
      200,
    );
    expect([await isSignedIn(first), await isSignedIn(second)]).toEqual([false, true]);
  });

  it("is answered 200 for a subject and a session that are unknown here, and none ends", async () => {
    const opened = open();
    const browser = await signIn(opened, "s1");
    for (const claims of [
      { sub: "stranger" },
      { sub: undefined, sid: "s9" },
      { sub: "stranger", sid: "s9" },
    ]) {
      expect((await post(opened, logoutToken(rig, { claims }))).status).toBe(200);
    }
    expect(await isSignedIn(browser)).toBe(true);
  });

  it("ends the sessions from before the option was on, and none by password", async () => {
    const before = oidc({ issuer: rig.issuer, ...CLIENT });
    const first = openRiggedServer(rig, [before]);
    const browser = await signIn(first, "s1");
    const { id } = await bodyOf(await browser.get("/auth/me"));
    await first.server.auth.sessions.create(String(id), { amr: ["pwd"] });
    const opened = open({ store: first.server.store });
    expect((await post(opened, logoutToken(rig, { claims: { sid: "s1" } }))).status).toBe(200);
    expect(await opened.server.auth.sessions.list(String(id))).toMatchObject([{ amr: ["pwd"] }]);
  });

  it("sends a token that was signed with a key that it announced just before", async () => {
    const opened = open();
    const browser = await signIn(opened, "s1");
    const key = makeSigningKey("RS256", "rsa-2");
    rig.jwks = [...rig.jwks, key.jwk];
    expect((await post(opened, logoutToken(rig, { key }))).status).toBe(200);
    expect(await isSignedIn(browser)).toBe(false);
  });
});

describe("a logout token", () => {
  const WRONG: Readonly<Record<string, readonly [Minting, RegExp]>> = {
    "for another client": [{ claims: { aud: "client" } }, /another client/],
    "of another issuer": [{ claims: { iss: "https://evil.example" } }, /another issuer/],
    "without events": [{ claims: { events: undefined } }, /does not say/],
    "with another event": [{ claims: { events: { [`${LOGOUT_EVENT}/`]: {} } } }, /does not say/],
    "with an event that is no object": [{ claims: { events: { [LOGOUT_EVENT]: true } } }, /does not say/],
    "with a nonce": [{ claims: { nonce: "n" } }, /has a nonce/],
    "without sub and sid": [{ claims: { sub: undefined } }, /no subject and no session/],
    "without an id": [{ claims: { jti: undefined } }, /has no id/],
    "of an ID token's form: no events, and a nonce": [
      { claims: { events: undefined, nonce: "n" }, header: { typ: "JWT" } },
      /does not say/,
    ],
    "of the type of an access token": [{ header: { typ: "at+jwt" } }, /malformed/],
    "with an extension": [{ header: { crit: ["x"], x: 1 } }, /malformed/],
    "with a payload that is not encoded": [{ header: { b64: false } }, /malformed/],
  };

  it.each(Object.keys(WRONG))("%s is refused", async (title) => {
    const [minting, message] = WRONG[title] ?? [{}, /never/];
    await expectRefused(logoutToken(rig, minting), message);
  });

  it("that has expired, or was issued long ago or in the future, is refused", async () => {
    await expectRefused(logoutToken(rig, { claims: { iat: at() - 200, exp: at() - 80 } }), /credible time/);
    await expectRefused(logoutToken(rig, { claims: { iat: at() - 800, exp: at() + 100 } }), /credible time/);
    await expectRefused(logoutToken(rig, { claims: { iat: at() + 200, exp: at() + 300 } }), /credible time/);
    await expectRefused(logoutToken(rig, { claims: { exp: undefined } }), /credible time/);
  });

  it("without a signature, or with one by a secret that is the public key or the client's, is refused", async () => {
    for (const alg of ["none", "None", "NONE"]) {
      await expectRefused(`${logoutToken(rig, { key: null, header: { alg } })}`, /malformed/);
    }
    const secrets = [...Object.values(publicSecrets(rig.key)), CLIENT.clientSecret];
    for (const secret of secrets) {
      const forged = logoutToken(rig, { key: { secret }, header: { alg: "HS256", kid: rig.key.kid } });
      await expectRefused(forged, /malformed/);
      // The header names the algorithm of the key, and the signature is an HMAC.
      const [head, payload] = logoutToken(rig).split(".");
      const hmac = createHmac("sha256", secret).update(`${head}.${payload}`).digest("base64url");
      await expectRefused(`${head}.${payload}.${hmac}`, /signature/);
    }
  });

  it("of another key, of another algorithm than its key, or with one bit turned, is refused", async () => {
    await expectRefused(logoutToken(rig, { key: makeSigningKey("RS256", "rsa-1") }), /signature/);
    await expectRefused(withBadSignature(logoutToken(rig)), /signature/);
    await expectRefused(logoutToken(rig, { header: { alg: "ES256" } }), /signature/);
    await expectRefused(logoutToken(rig, { header: { alg: "PS256" } }), /signature/);
    await expectRefused(logoutToken(rig, { header: { kid: "ec-1" } }), /signature/);
  });

  it("in another form is refused: white space, padding, segments, no token at all", async () => {
    const token = logoutToken(rig);
    for (const other of [`${token} `, `${token}=`, `${token}.x`, `.${token}`, token.slice(0, -4), "x", ""]) {
      await expectRefused(other, /malformed|signature/);
    }
  });

  it("is used once: the same one again ends no newer session", async () => {
    const opened = open();
    await signIn(opened, "s1");
    const token = logoutToken(rig);
    expect((await post(opened, token)).status).toBe(200);
    const browser = await signIn(opened, "s2");
    expect((await post(opened, token)).status).toBe(400);
    expect(await isSignedIn(browser)).toBe(true);
  });

  it("has an id that counts for its own provider alone", async () => {
    const other = oidc({ issuer: rig.issuer, ...CLIENT, backchannelLogout: true, id: "other" });
    const first = oidc({ issuer: rig.issuer, ...CLIENT, backchannelLogout: true });
    const { server } = openRiggedServer(rig, [first, other]);
    const body = new URLSearchParams({ logout_token: logoutToken(rig) });
    for (const provider of ["other", "oidc"]) {
      expect((await server.auth.handle(logoutRequest(HOME, body, {}, provider))).status).toBe(200);
      expect((await server.auth.handle(logoutRequest(HOME, body, {}, provider))).status).toBe(400);
    }
  });

  it("is no ID token, also where a provider leaves out the nonce and the type", async () => {
    for (const header of [{ typ: "logout+jwt" }, { typ: "JWT" }, { typ: undefined }]) {
      const provider = oidc({ issuer: rig.issuer, ...CLIENT, withoutNonce: true });
      const opened = openRiggedServer(rig, [provider]);
      rig.idToken = () => logoutToken(rig, { header });
      const browser = opened.server.browser();
      const back = await comeBack(browser, rig.authorize(await begin(browser, "oidc")));
      expect(back.headers.get("location")).toMatch(/error=oauth_failed$/);
      restore(rig);
    }
  });

  it("that is an ID token of the person is refused", async () => {
    const opened = open();
    const tokens: string[] = [];
    rig.idToken = (claims) => {
      const token = rig.mint({ claims: { ...claims, sid: "s1", jti: "x" } });
      tokens.push(token);
      return token;
    };
    const browser = opened.server.browser();
    await comeBack(browser, rig.authorize(await begin(browser, "oidc")));
    expect((await post(opened, tokens[0] ?? "")).status).toBe(400);
    expect(await isSignedIn(browser)).toBe(true);
  });
});

describe("the request of a provider", () => {
  it("may come with cookies, from any origin: they count for nothing, and none is set", async () => {
    const opened = open();
    const [ann, bob] = [await signIn(opened, "s1"), await signIn(opened, "s2")];
    const headers = { origin: "https://evil.example", "sec-fetch-site": "cross-site" };
    const { cookie } = Object.fromEntries(bob.request("/").headers);
    const answer = await post(opened, logoutToken(rig, { claims: { sid: "s1" } }), {
      ...headers,
      cookie: cookie ?? "",
      accept: "text/html",
    });
    expect(answer.status).toBe(200);
    expect(answer.headers.getSetCookie()).toEqual([]);
    expect(answer.headers.get("access-control-allow-origin")).toBeNull();
    expect([await isSignedIn(ann), await isSignedIn(bob)]).toEqual([false, true]);
  });

  it("is refused with a large body, another type, a token twice, and without one", async () => {
    const opened = open();
    const browser = await signIn(opened, "s1");
    const send = (body: string, type = "application/x-www-form-urlencoded"): Promise<Response> =>
      opened.server.auth.handle(logoutRequest(HOME, body, { "content-type": type }));
    const token = logoutToken(rig);
    const answers = [
      await send(`logout_token=${"x".repeat(16_384)}`),
      await send(`logout_token=${token}`, "text/plain"),
      await send(`logout_token=${token}&logout_token=${token}`),
      await send("other=1"),
      await send(""),
    ];
    expect(answers.map(({ status }) => status)).toEqual([413, 415, 400, 400, 400]);
    expect(await isSignedIn(browser)).toBe(true);
  });

  it("is refused by a GET", async () => {
    const answer = await open().server.send("/auth/oauth/oidc/backchannel-logout?logout_token=x");
    expect(answer.status).toBe(405);
  });

  it("finds nothing where the option is off, which is the default, and for a provider that has none", async () => {
    const { server } = openRiggedServer(rig, [oidc({ issuer: rig.issuer, ...CLIENT })]);
    const body = new URLSearchParams({ logout_token: logoutToken(rig) });
    for (const provider of ["oidc", "unknown"]) {
      expect((await server.auth.handle(logoutRequest(HOME, body, {}, provider))).status).toBe(404);
    }
  });

  it("is limited where its tokens are wrong, and not where they are right", async () => {
    const opened = open({ rateLimit: {} });
    const send = async (token: string): Promise<number> => {
      const request = logoutRequest(HOME, new URLSearchParams({ logout_token: token }));
      return (await opened.server.auth.handle(request, { clientAddress: "192.0.2.1" })).status;
    };
    for (let n = 0; n < 120; n++)
      expect(await send(logoutToken(rig, { claims: { sub: `s-${n}` } }))).toBe(200);
    const wrong: number[] = [];
    const used = logoutToken(rig, { claims: { sub: "stranger" } });
    expect(await send(used)).toBe(200);
    for (let n = 0; n < 120; n++) wrong.push(await send(n % 2 === 0 ? "x.y.z" : used));
    expect(new Set(wrong.slice(0, 100))).toEqual(new Set([400]));
    expect(new Set(wrong.slice(100))).toEqual(new Set([429]));
    // Sign-ins have counters of their own.
    expect(await signIn(opened, "s1")).toBeDefined();
  });

  it("makes one request for keys, however many tokens name keys that no set has (JWT-05)", async () => {
    const opened = open();
    await signIn(opened, "s1");
    const before = rig.requestsTo("jwks").length;
    for (let n = 0; n < 50; n++) {
      const key = makeSigningKey("EdDSA", `unknown-${n}`);
      expect((await post(opened, logoutToken(rig, { key }))).status).toBe(400);
    }
    expect(rig.requestsTo("jwks").length - before).toBe(1);
  });

  it("tells the developer of a refused token, once a minute, without the token", async () => {
    const opened = open();
    const token = logoutToken(rig, { claims: { aud: "client" } });
    for (let n = 0; n < 3; n++) await post(opened, token);
    expect(lines).toEqual(["latchkey: a logout by oidc was refused: The logout token is for another client"]);
    const told = opened.server.events.filter(({ type }) => type === "oauth.failed");
    expect(told).toHaveLength(3);
    expect(told[0]).toMatchObject({ provider: "oidc", code: "invalid_request" });
  });

  it("fails with oauth_failed where the provider shows no keys, and succeeds when it does again", async () => {
    const opened = open();
    rig.answers.jwks = () => bytes(500, {}, "down");
    const token = logoutToken(rig, { claims: { sub: "stranger" } });
    expect(await bodyOf(await post(opened, token))).toMatchObject({ error: "oauth_failed" });
    rig.answers.jwks = () => json({ keys: rig.jwks });
    expect((await post(opened, token)).status).toBe(200);
  });
});
