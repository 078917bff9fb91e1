import { generateKeyPairSync, verify } from "node:crypto";
import { apple } from "@latchkey/core/oauth";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { begin, callbackOf, comeBack } from "../fixtures/oauth-flow.ts";
import type { Members } from "../fixtures/providers/forged-token.ts";
import { type RiggedProvider, startRiggedProvider } from "../fixtures/providers/rigged-provider.ts";
import {
  type Attempt,
  attempt,
  expectNothing,
  expectSignedIn,
  issue,
  openRiggedServer,
  restore,
} from "../fixtures/rigged-sign-in.ts";

const APPLE = "https://appleid.apple.com";
const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const OPTIONS = {
  clientId: "com.example.web",
  teamId: "TEAM123456",
  keyId: "KEY1234567",
  privateKey: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
};

/** RFC 7468 10. */
function pem(der: Buffer): string {
  return `-----BEGIN PRIVATE KEY-----\n${der.toString("base64")}\n-----END PRIVATE KEY-----\n`;
}

let rig: RiggedProvider;

beforeAll(async () => {
  rig = await startRiggedProvider({ issuer: APPLE });
});
afterEach(() => restore(rig));
afterAll(() => rig.close());

// Apple announces no issuer, and sends none.
function signIn(changes: Readonly<Record<string, string | undefined>> = {}): Promise<Attempt> {
  return attempt(rig, { provider: apple(OPTIONS), changes: { iss: undefined, ...changes } });
}

function nameOf(made: Attempt): Promise<string | null | undefined> {
  const account = { provider: "apple", subject: "rigged-1" };
  return made.server.store.users.findByAccount(account).then((user) => user?.name);
}

describe("Apple", () => {
  it("gets a request for a form post, with state, nonce and an S256 challenge", async () => {
    const { browser } = openRiggedServer(rig, [apple(OPTIONS)]);
    const url = new URL(await begin(browser, "apple"));
    expect(url.origin + url.pathname).toBe(`${APPLE}/auth/authorize`);
    expect(Object.fromEntries(url.searchParams)).toEqual({
      response_type: "code",
      response_mode: "form_post",
      client_id: OPTIONS.clientId,
      redirect_uri: callbackOf("apple"),
      scope: "openid name email",
      state: expect.stringMatching(/^[\w-]{43}$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: "S256",
    });
  });

  it("signs in by its form post, and its booleans are texts", async () => {
    for (const verified of [true, "true"]) {
      rig.person = { sub: "rigged-1", email: "ann@example.com", email_verified: verified };
      await expectSignedIn(await signIn(), { email: "ann@example.com" });
    }
    for (const unverified of [false, "false", "TRUE", 1, undefined]) {
      rig.person = { sub: "rigged-1", email: "ann@example.com", email_verified: unverified };
      const made = await signIn();
      expect(await made.server.auth.users.find({ email: "ann@example.com" })).toBeNull();
    }
  });

  it("signs in by a form post only: the same answer in a URL is refused (OAU-19)", async () => {
    const opened = openRiggedServer(rig, [apple(OPTIONS)]);
    const arrival = rig.authorize(await begin(opened.browser, "apple"), { iss: undefined });
    if (arrival.method !== "POST") throw new Error("the rig did not post");
    const before = rig.requestsTo("token").length;
    const url = `${arrival.url}?${arrival.body}`;
    const response = await comeBack(opened.browser, { method: "GET", url });
    expect({ status: response.status, error: (await response.json()).error }).toEqual({
      status: 400,
      error: "oauth_state_invalid",
    });
    expect({ writes: opened.writes, tokenRequests: rig.requestsTo("token").length }).toEqual({
      writes: [],
      tokenRequests: before,
    });
  });

  it("gets a client secret for five minutes, signed by the key of the team", async () => {
    const made = await signIn();
    await expectSignedIn(made, {});
    const request = rig.requestsTo("token").at(-1);
    expect(request?.headers.authorization).toBeUndefined();
    expect(request?.form.get("client_id")).toBe(OPTIONS.clientId);
    const [header = "", payload = "", signature = ""] = (request?.form.get("client_secret") ?? "").split(".");
    const key = { key: publicKey, dsaEncoding: "ieee-p1363" } as const;
    const data = Buffer.from(`${header}.${payload}`);
    expect(verify("sha256", data, key, Buffer.from(signature, "base64url"))).toBe(true);
    expect(parse(header)).toEqual({ alg: "ES256", kid: OPTIONS.keyId });
    const iat = Math.floor(made.server.clock.now() / 1_000);
    expect(parse(payload)).toEqual({
      iss: OPTIONS.teamId,
      sub: OPTIONS.clientId,
      aud: APPLE,
      iat,
      exp: iat + 300,
    });
  });

  it("gets no request where the private key is invalid: the code is internal_error, and the key is not shown", async () => {
    const before = rig.requestsTo("token").length;
    const der = privateKey.export({ type: "pkcs8", format: "der" });
    for (const at of [27, 30]) {
      const broken = pem(Buffer.concat([der.subarray(0, at), Buffer.of(0xff), der.subarray(at + 1)]));
      const provider = apple({ ...OPTIONS, privateKey: broken });
      const made = await attempt(rig, { provider, changes: { iss: undefined } });
      expect(made.response.headers.get("location")).toMatch(/\/welcome\?error=internal_error$/);
      expect(JSON.stringify(made.server.events)).not.toMatch(/BEGIN|bm90|KEY/);
      expect(made.writes).toEqual([]);
    }
    expect(rig.requestsTo("token").length).toBe(before);
  });

  it("accepts a private key whose line breaks were changed by an environment variable or by Windows", async () => {
    for (const between of ["\\n", "\\r\\n", "\r\n", ""]) {
      const key = OPTIONS.privateKey.replaceAll("\n", between);
      const provider = apple({ ...OPTIONS, privateKey: key });
      const made = await attempt(rig, { provider, changes: { iss: undefined } });
      await expectSignedIn(made, { email: "ann@example.com" });
    }
  });

  it("accepts only a complete private key for ES256", () => {
    const pair = (namedCurve: string): string =>
      pem(generateKeyPairSync("ec", { namedCurve }).privateKey.export({ type: "pkcs8", format: "der" }));
    const der = privateKey.export({ type: "pkcs8", format: "der" });
    const rsa = generateKeyPairSync("rsa", { modulusLength: 2_048 }).privateKey;
    const wrong = [
      pair("P-384"),
      pair("secp256k1"),
      pem(generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "der" })),
      pem(rsa.export({ type: "pkcs8", format: "der" })),
      pem(der.subarray(0, -1)),
      pem(Buffer.concat([der, Buffer.alloc(1)])),
      pem(Buffer.from("not a key")),
      pem(Buffer.alloc(0)),
      privateKey.export({ type: "sec1", format: "pem" }).toString(),
      `AuthKey.p8\n${OPTIONS.privateKey}`,
      `${OPTIONS.privateKey}AuthKey.p8`,
      OPTIONS.privateKey + OPTIONS.privateKey,
      `"${OPTIONS.privateKey}"`,
      OPTIONS.privateKey.replace("M", "%"),
    ];
    for (const key of wrong) {
      const make = (): unknown => apple({ ...OPTIONS, privateKey: key });
      expect(make, key).toThrow(TypeError);
      expect(make).toThrow(/^apple: privateKey must be the content of the .p8 file, [\w ,-]+$/);
    }
  });

  it("uses its own error code for a denial", async () => {
    const denied = await signIn({ code: undefined, error: "user_cancelled_authorize" });
    await expectNothing(denied, "The sign-in was cancelled at the provider.", "oauth_denied");
  });

  it("is a different issuer where any part of the URL differs", async () => {
    for (const iss of [`${APPLE}/`, "http://appleid.apple.com", "https://account.apple.com"]) {
      issue(rig, { claims: { iss } });
      await expectNothing(await signIn(), "the ID token is of another issuer");
    }
  });
});

function parse(part: string): Members {
  return JSON.parse(Buffer.from(part, "base64url").toString());
}

describe("the name in the form of Apple", () => {
  it("is kept at the first sign-in, and changes nothing later", async () => {
    const opened = openRiggedServer(rig, [apple(OPTIONS)]);
    const names = [
      { firstName: "Ann", lastName: "Example" },
      { firstName: "Mallory", lastName: "Evil" },
    ];
    for (const name of names) {
      const start = await begin(opened.browser, "apple");
      const changes = { iss: undefined, user: JSON.stringify({ name, email: "evil@example.com" }) };
      const response = await comeBack(opened.browser, rig.authorize(start, changes));
      await expectSignedIn({ ...opened, response }, { name: "Ann Example", email: "ann@example.com" });
    }
  });

  it("is the only trusted member of the form: address and subject of the form are ignored", async () => {
    rig.person = { sub: "rigged-1" };
    const user = { sub: "admin", email: "victim@example.com", email_verified: true, name: {} };
    const made = await signIn({ user: JSON.stringify(user) });
    await expectSignedIn(made, {});
    const found = await made.server.store.users.findByAccount({ provider: "apple", subject: "rigged-1" });
    expect(found).toMatchObject({ email: null, emailVerified: false, name: null });
  });

  const text = (firstName: unknown, lastName?: unknown): string =>
    JSON.stringify({ name: { firstName, lastName } });

  it.each<[string, string, string | null]>([
    ["no JSON", "Ann", null],
    ["half of JSON", '{"name":', null],
    ["nothing", "", null],
    ["null", "null", null],
    ["a list", '[{"name":{"firstName":"Ann"}}]', null],
    ["a text for a name", '{"name":"Ann"}', null],
    ["numbers", text(1, 2), null],
    ["blanks", text(" ", " "), null],
    ["a line end", text("Ann\r\nSet-Cookie: a=b"), null],
    ["a null byte", text("Ann\u0000"), null],
    ["half a surrogate pair", '{"name":{"firstName":"\\ud800"}}', null],
    ["10 kB", text("x".repeat(10_000)), null],
    ["321 characters", text("x".repeat(160), "y".repeat(160)), null],
    ["a prototype", '{"__proto__":{"name":{"firstName":"Ann"}}}', null],
    ["a prototype of the name", '{"name":{"__proto__":{"firstName":"Ann"}}}', null],
    ["a first name alone", text("Ann"), "Ann"],
    ["a last name alone", text(undefined, "Example"), "Example"],
    ["one part that is no text", text("Ann", ["Evil"]), "Ann"],
    ["markup, which is only text", text("<b>Ann</b>", "O'Neil"), "<b>Ann</b> O'Neil"],
    ["any script", text("安", "😀"), "安 😀"],
  ])("is read or ignored where the form has %s", async (_, user, name) => {
    const made = await signIn({ user });
    await expectSignedIn(made, { email: "ann@example.com" });
    expect(await nameOf(made)).toBe(name);
  });

  it("is refused with the whole answer where the form is larger than 16 kB or has the member twice", async () => {
    const opened = openRiggedServer(rig, [apple(OPTIONS)]);
    const before = rig.requestsTo("token").length;
    for (const [extra, status] of [
      [`user=${"x".repeat(17_000)}`, 413],
      ["user=%7B%7D&user=%7B%7D", 400],
      ["user=%zz", 400],
      ["user=%ff", 400],
    ] as const) {
      const arrival = rig.authorize(await begin(opened.browser, "apple"), { iss: undefined });
      if (arrival.method !== "POST") throw new Error("the rig did not post");
      const response = await opened.browser.send("/auth/oauth/apple/callback", {
        method: "POST",
        body: `${arrival.body}&${extra}`,
        headers: { origin: APPLE, "content-type": "application/x-www-form-urlencoded" },
      });
      expect(response.status).toBe(status);
    }
    expect({ writes: opened.writes, tokenRequests: rig.requestsTo("token").length }).toEqual({
      writes: [],
      tokenRequests: before,
    });
  });
});
