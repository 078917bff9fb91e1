import { listedKeys, type Members } from "../keys/jwk.ts";
import { type Env, now, shareRun } from "../platform/env.ts";
import { own } from "../platform/json.ts";
import type { EpochSeconds, Seconds } from "../platform/time.ts";
import type { IdTokenAlgorithm } from "./id-token-algorithms.ts";
import { getJson } from "./request.ts";

/** What a token says of the key that signed it. */
export interface KeyHint {
  readonly name: string;
  readonly algorithm: IdTokenAlgorithm;
  readonly kid: unknown;
}

/** Tells whether one of the keys that may have signed a token did; `isSignedBy` tries one. */
export type IssuerKeys = (hint: KeyHint, isSignedBy: (jwk: Members) => Promise<boolean>) => Promise<boolean>;

/** Where several keys would do (OpenID Connect Core 10.1), the first few are tried. */
const MAX_KEYS = 8;
/** After a look in vain, the next one for a token whose key seems known waits this long (JWT-05). */
const COOL_DOWN: Seconds = 10;

/** The keys of a provider, fetched at the first token, and once more for a token that none of them signed. */
export function issuerKeys(env: Env, url: string): IssuerKeys {
  let known: readonly Members[] = [];
  let inVainAt: EpochSeconds | null = null;
  const { run: look, isUnderWay } = shareRun(async () => {
    known = listedKeys(await getJson(env, url));
  });
  const isPausing = (): boolean => inVainAt !== null && Math.abs(now(env) - inVainAt) < COOL_DOWN;
  return async (hint, isSignedBy) => {
    const meant = (): readonly Members[] => known.filter((jwk) => isMeant(jwk, hint)).slice(0, MAX_KEYS);
    if (await isAny(meant(), isSignedBy)) return true;
    // A new key may go by no kid, or by that of an old one. For an unknown kid there is no pause: only a token that the
    // provider handed us just now asks, and it may rotate at any time.
    if (meant().length > 0 && isPausing()) return false;
    const wasUnderWay = isUnderWay();
    let isSigned = false;
    try {
      await look();
      isSigned = await isAny(meant(), isSignedBy);
      if (isSigned || !wasUnderWay) return isSigned;
      // A look that was under way may have missed the key: one of our own tells.
      await look();
      isSigned = await isAny(meant(), isSignedBy);
      return isSigned;
    } finally {
      inVainAt = isSigned ? null : now(env);
    }
  };
}

async function isAny(
  keys: readonly Members[],
  isSignedBy: (jwk: Members) => Promise<boolean>,
): Promise<boolean> {
  for (const jwk of keys) if (await isSignedBy(jwk).catch(() => false)) return true;
  return false;
}

// RFC 7517 4: what a key does not say of itself does not speak against it; a private one is nobody's proof.
function isMeant(jwk: Members, { name, algorithm: { kty, crv }, kid }: KeyHint): boolean {
  const isNamed = kid === undefined || (typeof kid === "string" && own(jwk, "kid") === kid);
  const isOfKind = own(jwk, "kty") === kty && (crv === null || own(jwk, "crv") === crv);
  const [alg = name, use = "sig"] = [own(jwk, "alg"), own(jwk, "use")];
  const isFor = alg === name && use === "sig" && mayVerify(own(jwk, "key_ops"));
  return isNamed && isOfKind && isFor && own(jwk, "d") === undefined;
}

// RFC 7517 4.3: no operation stands there twice.
function mayVerify(operations: unknown): boolean {
  if (operations === undefined) return true;
  const isList = Array.isArray(operations) && new Set(operations).size === operations.length;
  return isList && operations.includes("verify");
}
