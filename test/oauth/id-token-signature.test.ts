import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import {
  forge,
  type Members,
  makeSigningKey,
  publicSecrets,
  withBadSignature,
} from "../fixtures/providers/forged-token.ts";
import { json } from "../fixtures/providers/replies.ts";
import { type RiggedProvider, startRiggedProvider } from "../fixtures/providers/rigged-provider.ts";
import {
  attempt,
  CLIENT,
  expectNothing,
  expectSignedIn,
  issue,
  restore,
} from "../fixtures/rigged-sign-in.ts";

const FORM = "the ID token is malformed, or signed by an algorithm that is not allowed";
const SIGNATURE = "the ID token's signature is not the provider's";

let rig: RiggedProvider;

beforeAll(async () => {
  rig = await startRiggedProvider();
});
afterEach(() => restore(rig));
afterAll(() => rig.close());

/** Refused before anybody is asked for keys. */
async function expectForm(): Promise<void> {
  const made = await attempt(rig);
  await expectNothing(made, FORM);
  expect(made.net.calls.filter(({ url }) => url.endsWith("/jwks"))).toEqual([]);
}

describe("OAU-10 an ID token without a signature", () => {
  it.each(["none", "None", "NONE", "nOnE", "none ", " none", "none\u0000", "", "null"])(
    "is refused with alg %j",
    async (alg) => {
      issue(rig, { key: null, header: { alg } });
      await expectForm();
      // With the signature of another token under it, too.
      rig.idToken = (right) => `${forge({ claims: right, header: { alg }, key: null })}AAAA`;
      await expectForm();
    },
  );

  it.each<[string, unknown]>([
    ["missing", undefined],
    ["null", null],
    ["a list", ["RS256"]],
    ["a number", 256],
    ["an object", { alg: "RS256" }],
  ])("is refused with alg %s", async (_, alg) => {
    issue(rig, { header: { alg } });
    await expectForm();
  });
});

describe("OAU-10 an ID token with an unsupported algorithm", () => {
  it("is refused with HS256, HS384 and HS512 under the client secret", async () => {
    for (const alg of ["HS256", "HS384", "HS512", "hs256"]) {
      issue(rig, { key: { secret: CLIENT.clientSecret }, header: { alg, kid: rig.key.kid } });
      await expectForm();
    }
  });

  it("is refused with HS256 under the provider's public key in PEM, DER and JWK", async () => {
    for (const secret of Object.values(publicSecrets(rig.key))) {
      issue(rig, { key: { secret }, header: { kid: rig.key.kid } });
      await expectForm();
      issue(rig, { key: { secret }, header: { kid: rig.key.kid, alg: "RS256" } });
      await expectNothing(await attempt(rig), SIGNATURE);
    }
  });

  it("is refused with HS256 under a key that the provider's own set lists", async () => {
    const secret = "a secret that everybody can read";
    const k = Buffer.from(secret).toString("base64url");
    rig.jwks = [{ kty: "oct", k, kid: "shared", alg: "HS256", use: "sig" }];
    issue(rig, { key: { secret }, header: { kid: "shared" } });
    await expectForm();
    issue(rig, { key: { secret }, header: { kid: "shared", alg: "RS256" } });
    await expectNothing(await attempt(rig), SIGNATURE);
  });

  it.each(["ES256K", "RS1", "ML-DSA-44", "dir", "RSA-OAEP", "rs256", "RS256 ", "__proto__", "toString"])(
    "is refused: %s",
    async (alg) => {
      issue(rig, { header: { alg } });
      await expectForm();
    },
  );

  it("is refused where the header names another algorithm than the signature has", async () => {
    for (const [header, key] of [
      [{ alg: "ES256" }, rig.keys.RS256],
      [{ alg: "RS256" }, rig.keys.ES256],
      [{ alg: "PS256" }, rig.keys.RS256],
      [{ alg: "RS512" }, rig.keys.RS256],
      [{ alg: "EdDSA" }, rig.keys.ES256],
    ] as const) {
      issue(rig, { header, key });
      await expectNothing(await attempt(rig), SIGNATURE);
    }
  });
});

describe("OAU-10 an ID token with a wrong signature", () => {
  it.each<[string, (right: Members) => string]>([
    ["by one bit", (claims) => withBadSignature(rig.mint({ claims }))],
    ["by another key under our kid", (claims) => rig.mint({ claims, key: makeSigningKey("RS256", "rsa-1") })],
    ["by an unknown key", (claims) => rig.mint({ claims, key: makeSigningKey("ES256", "of-an-attacker") })],
    ["under a kid that is an object", (claims) => rig.mint({ claims, header: { kid: {} } })],
    ["under a kid called __proto__", (claims) => rig.mint({ claims, header: { kid: "__proto__" } })],
    ["with other claims", (claims) => swapped(rig.mint({ claims }), { ...claims, sub: "admin" })],
    ["under what it calls critical", (claims) => rig.mint({ claims, header: { crit: ["exp"], exp: 1 } })],
    ["with a byte more than a signature has", (claims) => `${rig.mint({ claims })}A`],
  ])("is refused: %s", async (_, token) => {
    rig.idToken = token;
    await expectNothing(await attempt(rig), SIGNATURE);
  });

  it("is refused where its header brings a key, and no address in it is fetched", async () => {
    const own = makeSigningKey("RS256", "of-an-attacker");
    let calls = 0;
    rig.answers.githubUser = () => {
      calls++;
      return json({ keys: [own.jwk] });
    };
    const address = `${rig.origin}/user`;
    for (const header of [{ jwk: own.jwk }, { jku: address }, { x5u: address }, { x5c: ["AAAA"] }]) {
      for (const kid of [own.kid, rig.key.kid, address]) {
        issue(rig, { key: own, header: { ...header, kid } });
        const made = await attempt(rig);
        await expectNothing(made, SIGNATURE);
        expect(made.net.calls.filter(({ url }) => url === address)).toEqual([]);
      }
    }
    expect(calls).toBe(0);
  });
});

function swapped(token: string, claims: Members): string {
  const [header, , signature] = token.split(".");
  return [header, Buffer.from(JSON.stringify(claims)).toString("base64url"), signature].join(".");
}

describe("OAU-10 a token of another type", () => {
  it.each<[string, unknown]>([
    ["at+jwt", "at+jwt"],
    ["application/at+jwt", "application/at+jwt"],
    ["logout+jwt", "logout+jwt"],
    ["secevent+jwt", "secevent+jwt"],
    ["an empty text", ""],
    ["null", null],
    ["a list", ["JWT"]],
  ])("is refused with the typ %s", async (_, typ) => {
    issue(rig, { header: { typ } });
    await expectForm();
  });

  it("an ID token without typ, or with jwt in lower case, is accepted", async () => {
    for (const typ of [undefined, "jwt", "Jwt"]) {
      issue(rig, { header: { typ } });
      await expectSignedIn(await attempt(rig), { email: "ann@example.com" });
    }
  });

  it.each<[string, (token: string) => string]>([
    ["two segments", (token) => token.slice(0, token.lastIndexOf("."))],
    ["two segments and a dot", (token) => token.slice(0, token.lastIndexOf(".") + 1)],
    ["four", (token) => `${token}.AAAA`],
    ["five, as an encrypted one has", (token) => `${token}.AAAA.AAAA`],
    ["an empty header", (token) => token.slice(token.indexOf("."))],
    ["an empty payload", (token) => token.replace(/\..*\./, "..")],
    ["padding", (token) => `${token}==`],
    ["padding in the header", (token) => token.replace(".", "=.")],
    ["a blank before", (token) => ` ${token}`],
    ["a line end after", (token) => `${token}\n`],
    ["the standard alphabet", (token) => `${token.slice(0, -4)}+/+/`],
    ["bits after the end", withStrayBits],
    ["a null byte", (token) => `${token}\u0000`],
    ["the whole twice", (token) => `${token},${token}`],
    ["JSON serialization", (token) => JSON.stringify({ protected: token.split(".")[0] })],
  ])("is refused with %s", async (_, change) => {
    rig.idToken = (claims) => change(rig.mint({ claims }));
    await expectForm();
  });

  it("is refused with a length of 17 kB, of 200 kB and of a megabyte, before it is read", async () => {
    const token = (length: number) => (claims: Members) =>
      rig.mint({ claims }).replace(".", `.${"A".repeat(length)}`);
    rig.idToken = token(16_384);
    await expectForm();
    rig.idToken = token(200_000);
    await expectNothing(await attempt(rig), "the provider's token answer is malformed");
    rig.idToken = (claims) => rig.mint({ claims: { ...claims, padding: "x".repeat(1_048_576) } });
    await expectNothing(await attempt(rig), "the provider's answer is too large");
  });

  it("is refused with an unencoded payload (RFC 7797)", async () => {
    issue(rig, { header: { b64: false, crit: ["b64"] } });
    await expectNothing(await attempt(rig), FORM);
  });

  it("is refused where one of its parts is no JSON object", async () => {
    const encode = (text: string | Uint8Array): string => Buffer.from(text).toString("base64url");
    for (const header of ["[]", "null", '"RS256"', "{", "\uFEFF{}", new Uint8Array([0xff, 0xfe])]) {
      rig.idToken = (claims) => rig.mint({ claims }).replace(/^[^.]*/, encode(header));
      await expectForm();
    }
  });
});

// RS256 signatures have 256 bytes: two characters for the last, four of whose bits must be zero.
function withStrayBits(token: string): string {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const last = letters.indexOf(token.slice(-1));
  return `${token.slice(0, -1)}${letters[last + 1]}`;
}

describe("OAU-10 an answer without an ID token", () => {
  it.each<[string, unknown]>([
    ["missing", undefined],
    ["null", null],
    ["a number", 7],
    ["an object", { alg: "none" }],
    ["a list", ["eyJ"]],
  ])("is refused: %s", async (_, token) => {
    rig.answers.token = () =>
      json({ access_token: "provider-access", token_type: "Bearer", id_token: token });
    await expectNothing(await attempt(rig), "the provider sends no ID token");
  });

  it("is refused where the token is empty", async () => {
    rig.idToken = () => "";
    await expectForm();
  });
});
