import { CompactSign, exportJWK, generateKeyPair } from "jose";
import type { Algorithm } from "../../packages/core/src/keys/algorithms.ts";
import { type Jwk, plainJwk } from "../../packages/core/src/keys/jwk.ts";
import type { SigningKey, VerificationKey } from "../../packages/core/src/keys/keys.ts";
import { importKey } from "../../packages/core/src/keys/platform-key.ts";
import type { Random } from "./random.ts";

export const NOW = 1_900_000_000;
export const ISSUER = "https://app.example.com";

/** A key pair of one algorithm, to sign and to verify with. */
export interface Pair {
  readonly algorithm: Algorithm;
  readonly signing: SigningKey;
  readonly verification: VerificationKey;
  /** Null for HS256. */
  readonly publicJwk: Jwk | null;
}

const ASYMMETRIC = ["EdDSA", "ES256", "RS256", "PS256"] as const;

export async function makePairs(): Promise<readonly Pair[]> {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  const shared = { kid: "HS256", algorithm: "HS256", key: bytes } as const;
  const secret: Pair = { algorithm: "HS256", signing: shared, verification: shared, publicJwk: null };
  return [...(await Promise.all(ASYMMETRIC.map(makePair))), secret];
}

async function makePair(algorithm: (typeof ASYMMETRIC)[number]): Promise<Pair> {
  const pair = await generateKeyPair(algorithm, { extractable: true });
  const publicJwk = plainJwk(await exportJWK(pair.publicKey));
  const key = await importKey(plainJwk(await exportJWK(pair.privateKey)), algorithm);
  return {
    algorithm,
    signing: { kid: algorithm, algorithm, key },
    verification: { kid: algorithm, algorithm, key: publicJwk },
    publicJwk,
  };
}

export const CLAIMS: Readonly<Record<string, unknown>> = {
  iss: ISSUER,
  aud: ISSUER,
  sub: "ann",
  sid: "AAAAAAAAAAAAAAAAAAAAAA",
  jti: "one",
  iat: NOW - 10,
  exp: NOW + 590,
  auth_time: NOW - 10,
  amr: ["pwd"],
  transport: "bearer",
  context: { role: "reader" },
  session_created: NOW - 10,
  session_expires: NOW + 1_209_590,
};

/** Values that a claim or a member of a header may have by mistake or by malice. */
const VALUES: readonly unknown[] = [
  undefined,
  null,
  "",
  "x",
  "0",
  0,
  -1,
  1.5,
  1e308,
  2 ** 53,
  NOW - 1,
  NOW,
  NOW + 1,
  NOW + 59,
  NOW + 61,
  NOW + 90_000,
  true,
  [],
  ["x"],
  [ISSUER],
  [ISSUER, "x"],
  {},
  ISSUER,
  `${ISSUER}/`,
  "at+jwt",
  "AT+JWT",
  "application/at+jwt",
  "JWT",
  "none",
  "EdDSA",
  "Ed25519",
  "ES256",
  "HS256",
  "RS256",
  "x".repeat(300),
  "x".repeat(4_000),
];

const HEADER_MEMBERS = ["typ", "alg", "kid", "crit", "b64", "jwk", "jku", "x5c", "cty", "zip", "__proto__"];

interface Draft {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** A header and claims, which may be changed. */
function draft(random: Random, { algorithm, signing }: Pair): Draft {
  const header: Record<string, unknown> = { alg: algorithm, typ: "at+jwt", kid: signing.kid };
  const claims: Record<string, unknown> = { ...CLAIMS };
  for (let changes = random.below(3); changes > 0; changes--) {
    if (random.below(3) === 0) change(header, random.pick(HEADER_MEMBERS), random.pick(VALUES));
    else
      change(
        claims,
        random.pick([...Object.keys(CLAIMS), "nbf", "generation", "extra"]),
        random.pick(VALUES),
      );
  }
  return { header, claims };
}

/** The header and the payload of a token, without a signature: RSA takes most of the time of a signed one. */
export function unsignedToken(random: Random, pair: Pair): string {
  const { header, claims } = draft(random, pair);
  return [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
}

/** Makes a token with a good signature, whose header and claims may be changed before it is signed. */
export async function signedToken(random: Random, pair: Pair): Promise<string> {
  const { algorithm, signing } = pair;
  const { header, claims } = draft(random, pair);
  const payload = new TextEncoder().encode(JSON.stringify(claims));
  try {
    const options = { crit: { b64: true, x: true } };
    return await new CompactSign(payload)
      .setProtectedHeader({ ...header, alg: algorithm })
      .sign(signing.key, options);
  } catch {
    // jose signs no header that it does not know.
    return new CompactSign(payload)
      .setProtectedHeader({ alg: algorithm, typ: "at+jwt", kid: signing.kid })
      .sign(signing.key);
  }
}

function change(record: Record<string, unknown>, name: string, value: unknown): void {
  if (value === undefined) delete record[name];
  else record[name] = value;
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+/. \n\t\u00a0{}"';

/** Changes a token as it stands, without its key. Of the other token it takes the header or the payload. */
export function mutate(random: Random, token: string, other: string): string {
  const at = random.below(token.length);
  const letter = random.pick([...ALPHABET]);
  const parts = token.split(".");
  const kinds: readonly (() => string)[] = [
    () => token,
    () => token.slice(0, at) + letter + token.slice(at + 1),
    () => token.slice(0, at) + letter + token.slice(at),
    () => token.slice(0, at) + token.slice(at + 1),
    () => token.slice(0, at),
    () => token + letter,
    () => letter + token,
    () => `${token.slice(0, -1)}${letter}`,
    () => `${token}=`,
    () => parts.toReversed().join("."),
    () => parts.slice(0, 2).join("."),
    () => [...parts, parts[2]].join("."),
    () => [parts[0], other.split(".")[1], parts[2]].join("."),
    () => [other.split(".")[0], parts[1], parts[2]].join("."),
    () => [...parts.slice(0, 2), ""].join("."),
    () => [...parts.slice(0, 2), "A".repeat(parts[2]?.length ?? 0)].join("."),
    () => token.toLowerCase(),
    () => token.replaceAll("-", "+").replaceAll("_", "/"),
  ];
  return random.pick(kinds)();
}
