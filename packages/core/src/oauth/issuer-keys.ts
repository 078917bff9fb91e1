import { type Env, shareRun } from "../env.ts";
import { own } from "../json.ts";
import { listedKeys, type Members } from "../keys/jwk.ts";
import type { IdTokenAlgorithm } from "./id-token-algorithms.ts";
import { getJson } from "./request.ts";

/** What a token says of the key that signed it. */
export interface KeyHint {
  readonly name: string;
  readonly algorithm: IdTokenAlgorithm;
  readonly kid: unknown;
}

/** Finds the keys that may have signed a token: none, one, or several where it does not say which. */
export type IssuerKeys = (hint: KeyHint) => Promise<readonly Members[]>;

/** The keys of a provider, fetched at the first token, and once more for a token that none of them can have signed. */
export function issuerKeys(env: Env, url: string): IssuerKeys {
  let known: readonly Members[] = [];
  const { run: look } = shareRun(async () => {
    known = listedKeys(await getJson(env, url));
    return known;
  });
  return async (hint) => {
    const found = known.filter((jwk) => isMeant(jwk, hint));
    // Without a pause: only a token that the provider handed us just now asks, and it may rotate at any time.
    return found.length > 0 ? found : (await look()).filter((jwk) => isMeant(jwk, hint));
  };
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
