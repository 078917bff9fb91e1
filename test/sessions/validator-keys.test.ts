import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { createValidator, type Jwk } from "@latchkey/core/validator";
import { describe, expect, it } from "vitest";
import { START, settableClock } from "../fixtures/clock.ts";

const ISSUER = "https://app.example.com";

type Algorithm = "EdDSA" | "ES256" | "RS256";

/** A key pair, and the public key as the server that signs publishes it. */
interface Pair {
  readonly alg: Algorithm;
  readonly privateKey: KeyObject;
  readonly jwk: Jwk;
}

function pairOf(alg: Algorithm, rsa: { readonly bits?: number; readonly exponent?: number } = {}): Pair {
  const { bits = 2_048, exponent = 65_537 } = rsa;
  const { privateKey, publicKey } =
    alg === "EdDSA"
      ? generateKeyPairSync("ed25519")
      : alg === "ES256"
        ? generateKeyPairSync("ec", { namedCurve: "P-256" })
        : generateKeyPairSync("rsa", { modulusLength: bits, publicExponent: exponent });
  return { alg, privateKey, jwk: { ...publicKey.export({ format: "jwk" }), kid: "one", use: "sig", alg } };
}

function tokenOf({ alg, privateKey }: Pair): string {
  const claims = {
    ...{ iss: ISSUER, aud: ISSUER, sub: "ann", sid: "session", jti: "token", iat: START, exp: START + 600 },
    ...{ auth_time: START, session_created: START, session_expires: null },
    ...{ amr: ["pwd"], transport: "bearer", context: {} },
  };
  const signed = [{ alg, typ: "at+jwt", kid: "one" }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .join(".");
  const hash = alg === "EdDSA" ? null : "sha256";
  const signature = sign(hash, Buffer.from(signed), { key: privateKey, dsaEncoding: "ieee-p1363" });
  return `${signed}.${signature.toString("base64url")}`;
}

/** Validates a token of the pair where the server publishes these keys. */
async function codeFor(pair: Pair, keys: readonly Jwk[]): Promise<string> {
  const { validate } = createValidator({
    jwksUrl: `${ISSUER}/auth/jwks`,
    issuer: ISSUER,
    env: { clock: settableClock().now, fetch: async () => Response.json({ keys }) },
  });
  const headers = { authorization: `Bearer ${tokenOf(pair)}` };
  const found = await validate(new Request(`${ISSUER}/`, { headers }));
  return found.ok ? "ok" : found.code;
}

/** Keys of other tokens keep the key set usable. */
const other: Jwk = { ...pairOf("EdDSA").jwk, kid: "other" };

describe("a token whose key a remote key set has", () => {
  const pairs = { EdDSA: pairOf("EdDSA"), ES256: pairOf("ES256"), RS256: pairOf("RS256") };

  it.each(Object.values(pairs))("is accepted with a sound key for $alg", async (pair) => {
    expect(await codeFor(pair, [pair.jwk, other])).toBe("ok");
    expect(await codeFor(pair, [{ ...pair.jwk, key_ops: ["verify"], ext: true }, other])).toBe("ok");
  });

  const changes: Readonly<Record<string, (pair: Pair) => Jwk>> = {
    "a private key": ({ privateKey, jwk }) => ({ ...jwk, ...privateKey.export({ format: "jwk" }) }),
    "a key for encryption": ({ jwk }) => ({ ...jwk, use: "enc" }),
    "a key that may not verify": ({ jwk }) => ({ ...jwk, key_ops: ["encrypt"] }),
    "a key that lists an operation twice": ({ jwk }) => ({ ...jwk, key_ops: ["verify", "verify"] }),
    "a key without an algorithm": ({ jwk: { alg: _, ...jwk } }) => jwk,
    "a key for another algorithm": ({ jwk }) => ({ ...jwk, alg: jwk.alg === "ES256" ? "EdDSA" : "ES256" }),
    "a key of another type": ({ jwk }) => ({ ...jwk, kty: "oct" }),
    "a key without an id": ({ jwk: { kid: _, ...jwk } }) => jwk,
  };
  const cases = Object.entries(changes).flatMap(([title, change]) =>
    Object.values(pairs).map((pair) => [title, pair.alg, pair, change] as const),
  );
  it.each(cases)("is refused with %s, %s", async (_title, _alg, pair, change) => {
    expect(await codeFor(pair, [change(pair), other])).toBe("unauthenticated");
  });

  it.each([
    ["1024 bits", { bits: 1_024 }],
    ["the exponent 3", { exponent: 3 }],
  ])("is refused with an RSA key of %s", async (_, rsa) => {
    const pair = pairOf("RS256", rsa);
    expect(await codeFor(pair, [pair.jwk, other])).toBe("unauthenticated");
  });

  it("is refused with a key on another curve", async () => {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-384" });
    const jwk = { ...publicKey.export({ format: "jwk" }), kid: "one", use: "sig", alg: "ES256" };
    expect(await codeFor({ alg: "ES256", privateKey, jwk }, [jwk, other])).toBe("unauthenticated");
  });

  it("is refused with a signature that is longer or shorter than those of the algorithm", async () => {
    for (const pair of [pairs.EdDSA, pairs.ES256]) {
      const token = tokenOf(pair);
      const [head = "", payload = "", signature = ""] = token.split(".");
      const bytes = Buffer.from(signature, "base64url");
      for (const wrong of [Buffer.concat([bytes, Buffer.alloc(1)]), bytes.subarray(0, -1)]) {
        const { validate } = createValidator({
          jwks: { keys: [pair.jwk] },
          issuer: ISSUER,
          env: { clock: settableClock().now },
        });
        const headers = { authorization: `Bearer ${head}.${payload}.${wrong.toString("base64url")}` };
        const found = await validate(new Request(`${ISSUER}/`, { headers }));
        expect(found).toMatchObject({ ok: false, code: "unauthenticated" });
      }
    }
  });
});
