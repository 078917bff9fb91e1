import { compactVerify, jwtVerify } from "jose";
import { parseHeader, verifyJws } from "../../packages/core/src/keys/jws.ts";
import { readKeySet } from "../../packages/core/src/keys/key-set.ts";
import { verifyAccessToken } from "../../packages/core/src/sessions/access-token.ts";
import { tokenCache } from "../../packages/core/src/sessions/token-cache.ts";
import { type Random, randomOf } from "./random.ts";
import { ISSUER, makePairs, mutate, NOW, type Pair, signedToken, unsignedToken } from "./tokens.ts";

/** Why Latchkey refuses a token or a key that jose accepts. The list is closed: anything else is a finding. */
export const REASONS = [
  "not canonical",
  "too long",
  "other type",
  "extension",
  "kid",
  "claims of another shape",
  "several audiences",
  "too old or too long-lived",
  "key without its algorithm",
] as const;

export type Reason = (typeof REASONS)[number];

/** What a run found. */
export interface Report {
  readonly cases: number;
  readonly acceptedByBoth: number;
  readonly refusedByBoth: number;
  readonly refusedBeyondJose: Readonly<Record<Reason, number>>;
  /** Tokens or keys that contradict the rules, with what each side said. */
  readonly findings: readonly string[];
}

const FORM = { typ: "at+jwt", maxLength: 4_000 };

/** Compares Latchkey with jose on generated and mutated tokens and keys. The same seed makes the same cases. */
export async function compare(seed: number, cases: number): Promise<Report> {
  const random = randomOf(seed);
  const pairs = await makePairs();
  const samples = new Map<Pair, string>();
  for (const pair of pairs) samples.set(pair, await signedToken(randomOf(0), pair));
  const count = Object.fromEntries(REASONS.map((reason) => [reason, 0])) as Record<Reason, number>;
  const findings: string[] = [];
  let [acceptedByBoth, refusedByBoth] = [0, 0];
  for (let index = 0; index < cases; index++) {
    const pair = random.pick(pairs);
    const verdict =
      index % 10 === 0 ? await compareKeys(random, pair, samples) : await compareTokens(random, pair);
    if (verdict.ours && !verdict.jose) findings.push(`accepted, and refused by jose: ${verdict.subject}`);
    else if (verdict.ours) acceptedByBoth += 1;
    else if (!verdict.jose) refusedByBoth += 1;
    else if (verdict.reason === null) findings.push(`refused without a reason: ${verdict.subject}`);
    else count[verdict.reason] += 1;
  }
  return { cases, acceptedByBoth, refusedByBoth, refusedBeyondJose: count, findings };
}

interface Verdict {
  readonly ours: boolean;
  readonly jose: boolean;
  readonly reason: Reason | null;
  readonly subject: string;
}

async function compareTokens(random: Random, pair: Pair): Promise<Verdict> {
  const whole = await signedToken(random, pair);
  const subject = random.below(2) === 0 ? whole : mutate(random, whole, unsignedToken(random, pair));
  return random.below(2) === 0 ? compareSignature(subject, pair) : compareClaims(subject, pair);
}

async function compareSignature(subject: string, { algorithm, verification }: Pair): Promise<Verdict> {
  const header = parseHeader(subject, FORM);
  const isOurs = header !== null && header.alg === algorithm;
  const ours = isOurs && (await verifyJws(subject, verification)) !== null;
  const jose = await compactVerify(subject, verification.key, { algorithms: [algorithm] }).then(
    () => true,
    () => false,
  );
  return { ours, jose, reason: formReason(subject), subject };
}

async function compareClaims(subject: string, pair: Pair): Promise<Verdict> {
  const { algorithm, verification } = pair;
  const known = (kid: string) => (kid === verification.kid ? verification : null);
  const keys = { known, find: async (kid: string) => known(kid) };
  const expected = { keys, cache: tokenCache(false), issuer: ISSUER, audience: ISSUER, now: NOW };
  const ours = (await verifyAccessToken(subject, expected)).kind === "live";
  const options = {
    algorithms: [algorithm],
    issuer: ISSUER,
    audience: ISSUER,
    typ: "at+jwt",
    currentDate: new Date(NOW * 1_000),
    clockTolerance: 60,
    requiredClaims: ["exp", "iat", "sub"],
  };
  const jose = await jwtVerify(subject, verification.key, options).then(
    ({ payload }) => payload.exp !== undefined && payload.exp > NOW,
    () => false,
  );
  return { ours, jose, reason: formReason(subject) ?? claimsReason(subject, verification.kid), subject };
}

/** The reason to refuse a token by its form, worked out apart from the code under test. */
function formReason(token: string): Reason | null {
  if (token.length > FORM.maxLength) return "too long";
  const segments = token.split(".");
  const isCanonical = segments.every((part) => Buffer.from(part, "base64url").toString("base64url") === part);
  if (!isCanonical) return "not canonical";
  const header = membersOf(segments[0]);
  if (typeof header["typ"] !== "string" || !/^(application\/)?at\+jwt$/i.test(header["typ"]))
    return "other type";
  if (Object.hasOwn(header, "crit") || Object.hasOwn(header, "b64")) return "extension";
  const { kid } = header;
  return typeof kid !== "string" || !/^[\w-]{1,64}$/.test(kid) ? "kid" : null;
}

function claimsReason(token: string, ownKid: string): Reason | null {
  if (membersOf(token.split(".")[0])["kid"] !== ownKid) return "kid";
  const claims = membersOf(token.split(".")[1]);
  if (Array.isArray(claims["aud"])) return "several audiences";
  const isText = (name: string): boolean => {
    const value = claims[name];
    return typeof value === "string" && value !== "" && value.length <= 255;
  };
  const isTime = (name: string): boolean => {
    const value = claims[name];
    return typeof value === "number" && value >= 0 && value < 1e11;
  };
  const isShaped =
    ["sub", "sid", "jti"].every(isText) &&
    ["iat", "exp", "auth_time", "session_created"].every(isTime) &&
    (claims["session_expires"] === null || isTime("session_expires")) &&
    (claims["nbf"] === undefined || isTime("nbf")) &&
    Array.isArray(claims["amr"]) &&
    claims["amr"].every((method) => typeof method === "string") &&
    (claims["transport"] === "cookie" || claims["transport"] === "bearer") &&
    typeof claims["context"] === "object" &&
    claims["context"] !== null &&
    !Array.isArray(claims["context"]) &&
    (claims["generation"] === undefined || Number.isInteger(claims["generation"]));
  if (!isShaped) return "claims of another shape";
  const [iat, exp] = [Number(claims["iat"]), Number(claims["exp"])];
  return exp <= iat || exp - iat > 86_400 || iat > NOW + 60 ? "too old or too long-lived" : null;
}

function membersOf(segment = ""): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(segment, "base64url").toString("utf8"));
    return typeof parsed === "object" && parsed !== null ? { ...parsed } : {};
  } catch {
    return {};
  }
}

const KEY_VALUES: readonly unknown[] = [
  undefined,
  null,
  "",
  "x",
  "AQAB",
  "Aw",
  "AQ",
  1,
  [],
  ["sign"],
  ["verify"],
  "enc",
  "sig",
  "OKP",
  "EC",
  "RSA",
  "P-384",
  "RS256",
  "ES256",
];

/** Changes a public key, and compares whether a token that it signed is accepted by it. */
async function compareKeys(random: Random, pair: Pair, samples: ReadonlyMap<Pair, string>): Promise<Verdict> {
  const { algorithm, signing, publicJwk } = pair;
  if (publicJwk === null) return compareTokens(random, pair);
  const jwk: Record<string, unknown> = { ...publicJwk, alg: algorithm, kid: signing.kid, use: "sig" };
  for (let changes = random.below(3); changes > 0; changes--) {
    const name = random.pick([...Object.keys(jwk), "key_ops", "d", "ext"]);
    const value = random.pick(KEY_VALUES);
    if (value === undefined) delete jwk[name];
    else jwk[name] = value;
  }
  const token = samples.get(pair) ?? "";
  const subject = JSON.stringify(jwk);
  const known = readKeySet({ keys: [jwk] })?.get(signing.kid);
  const ours = known !== undefined && (await verifyJws(token, known).catch(() => null)) !== null;
  const jose = await compactVerify(token, jwk, { algorithms: [algorithm] }).then(
    () => true,
    () => false,
  );
  return { ours, jose, reason: keyReason(jwk, signing.kid, algorithm), subject };
}

function keyReason(jwk: Readonly<Record<string, unknown>>, kid: string, algorithm: string): Reason | null {
  if (jwk["kid"] !== kid) return "kid";
  return jwk["alg"] === algorithm ? null : "key without its algorithm";
}
