import { signJwt } from "../../keys/jws.ts";
import { fromBase64, isRecord, own, parseJson, textOf } from "../../platform/encoding.ts";
import { type Env, now } from "../../platform/env.ts";
import type { MembersOf } from "../../platform/option-error.ts";
import { minutes } from "../../platform/time.ts";
import type { IdClaims } from "../id-token.ts";
import { type Profile, readOpenIdProfile } from "../profile.ts";
import { defineProvider, type OAuthAnswer, type OAuthProvider } from "../provider.ts";
import {
  checkOptions,
  ID_TOKEN_MEMBERS,
  type IdTokenOptions,
  missingTexts,
  PROVIDER_MEMBERS,
  type ProviderOptions,
} from "./options.ts";

/** What `apple` takes. Apple has no client secret: each one is signed with the private key. */
export interface AppleOptions extends ProviderOptions, IdTokenOptions {
  /** The id of your team at Apple, ten characters. */
  readonly teamId: string;
  /** The id of the private key, ten characters. */
  readonly keyId: string;
  /** The content of the `.p8` file, in PEM; its line breaks may be the two characters `\n`, as in many `.env` files. */
  readonly privateKey: string;
}

const OPTIONS: MembersOf<AppleOptions> = {
  ...PROVIDER_MEMBERS,
  ...ID_TOKEN_MEMBERS,
  teamId: null,
  keyId: null,
  privateKey: null,
};
const ISSUER = "https://appleid.apple.com";
const METADATA = {
  issuer: ISSUER,
  authorization_endpoint: `${ISSUER}/auth/authorize`,
  token_endpoint: `${ISSUER}/auth/token`,
  jwks_uri: `${ISSUER}/auth/keys`,
  token_endpoint_auth_methods_supported: ["client_secret_post"],
};

/** Apple runs its relay and these mailboxes. Any other address is an account's name, which it checked once. */
const TRUST = { domains: ["privaterelay.appleid.com", "icloud.com", "me.com", "mac.com"] };

/**
 * Lets users sign in with Apple. Apple answers with a form post, and tells the name once, at the first sign-in; the name
 * comes through the browser, so nothing proves it.
 *
 * A verified address is proof where it is of Apple's relay, or of a mailbox of Apple's own. A new user has any other
 * address unverified, unless `trustEmail` says otherwise.
 *
 * @example
 * createAuth({ store, providers: [apple({ clientId, teamId, keyId, privateKey })] });
 */
export function apple(options: AppleOptions): OAuthProvider {
  const checked = checkOptions(options, {
    id: "apple",
    scopes: ["openid", "name", "email"],
    isPublic: true,
    trustEmail: TRUST,
    members: OPTIONS,
  });
  const { teamId, keyId, privateKey } = options;
  const missing = [...checked.missing, ...missingTexts(checked.id, { teamId, keyId })];
  if (privateKey === undefined || privateKey === "")
    missing.push(`${checked.id}: privateKey is missing: pass the content of the .p8 file`);
  const key = missing.length > 0 ? new Uint8Array() : readPem(privateKey);
  if (key === null) {
    throw new TypeError(
      `${checked.id}: privateKey must be the content of the .p8 file, PEM of a P-256 key, and no more`,
    );
  }
  const definition = {
    ...checked,
    missing,
    responseMode: "form_post" as const,
    metadata: METADATA,
    secret: (env: Env) => signSecret(env, { teamId, keyId, key, clientId: options.clientId }),
    profile: (claims: IdClaims, { user }: OAuthAnswer): Profile => ({
      ...readOpenIdProfile(claims),
      name: nameOf(user),
    }),
  };
  return defineProvider(definition, async (env) => {
    const { connectOpenId } = await import("../openid.ts");
    return connectOpenId(definition, env);
  });
}

type Signer = Pick<AppleOptions, "teamId" | "keyId" | "clientId"> & { readonly key: Uint8Array<ArrayBuffer> };

// Apple takes a secret that the client signs.
async function signSecret(env: Env, { teamId, keyId, key, clientId }: Signer): Promise<string> {
  const at = now(env);
  const claims = { iss: teamId, sub: clientId, aud: ISSUER, iat: at, exp: at + minutes(5) };
  const curve = { name: "ECDSA", namedCurve: "P-256" };
  const imported = await crypto.subtle.importKey("pkcs8", key, curve, false, ["sign"]);
  return signJwt({}, claims, { kid: keyId, algorithm: "ES256", key: imported });
}

const PEM = /^\s*-----BEGIN PRIVATE KEY-----([^-]+)-----END PRIVATE KEY-----\s*$/;
// RFC 5958 2 and RFC 5480 2.1.1: after lengths and a version stands the algorithm, ecPublicKey on secp256r1.
const P256 = "301306072a8648ce3d020106082a8648ce3d030107";

// RFC 7468 10, the form of a .p8 file; null for another, and for a key that is not whole or on another curve.
function readPem(pem: unknown): Uint8Array<ArrayBuffer> | null {
  const [, text = ""] = (typeof pem === "string" && PEM.exec(pem.replace(/(\\r)?\\n/g, "\n"))) || [];
  const bytes = fromBase64(text.replace(/\s/g, ""));
  const [tag, length = 0, long = 0] = bytes ?? [];
  if (bytes === null || tag !== 0x30) return null;
  const [begin, size] = length === 0x81 ? [3, long] : [2, length];
  const hex = [...bytes.subarray(begin + 3, begin + 24)].map((byte) => byte.toString(16).padStart(2, "0"));
  return bytes.length === begin + size && hex.join("") === P256 ? bytes : null;
}

function nameOf(user: string | null): string | null {
  const told = user === null ? undefined : parseJson(user);
  const name = isRecord(told) ? own(told, "name") : undefined;
  if (!isRecord(name)) return null;
  const parts = [textOf(name, "firstName"), textOf(name, "lastName")].filter((part) => part !== null);
  return parts.join(" ").trim();
}
