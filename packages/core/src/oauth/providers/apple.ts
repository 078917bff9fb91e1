import { fromBase64 } from "../../bytes.ts";
import { type Env, now } from "../../env.ts";
import { isRecord, own, parseJson } from "../../json.ts";
import { minutes } from "../../time.ts";
import { signJwt } from "../../tokens/jwt.ts";
import { textOf } from "../members.ts";
import { openIdProvider } from "../openid-provider.ts";
import { readOpenIdProfile } from "../profile.ts";
import type { OAuthProvider } from "../provider.ts";
import { checkOptions, type ProviderOptions, requireText } from "./options.ts";

export interface AppleOptions extends ProviderOptions {
  readonly teamId: string;
  readonly keyId: string;
  /** The content of the `.p8` file, in PEM. */
  readonly privateKey: string;
}

const ISSUER = "https://appleid.apple.com";
const ENDPOINTS = {
  issuer: ISSUER,
  authorization: `${ISSUER}/auth/authorize`,
  token: `${ISSUER}/auth/token`,
  jwks: `${ISSUER}/auth/keys`,
  userinfo: null,
  announcesIssuer: false,
  authentication: ["client_secret_post"],
};

/**
 * Lets users sign in with Apple. Apple answers with a form post, and tells the name once, at the first sign-in; the name
 * comes through the browser, so nothing proves it.
 *
 * @example
 * createAuth({ store, providers: [apple({ clientId, teamId, keyId, privateKey })] });
 */
export function apple(options: AppleOptions): OAuthProvider {
  const { teamId, keyId, privateKey } = options;
  const checked = checkOptions(options, { id: "apple", scopes: ["openid", "name", "email"], isPublic: true });
  requireText(checked.id, "teamId", teamId);
  requireText(checked.id, "keyId", keyId);
  if (typeof privateKey !== "string" || !privateKey.includes("BEGIN PRIVATE KEY")) {
    throw new TypeError("apple: privateKey must be the content of the .p8 file, in PEM");
  }
  return openIdProvider({
    ...checked,
    // A stand-in: the secret of each request is signed anew.
    client: { ...checked.client, clientSecret: "" },
    responseMode: "form_post",
    endpoints: () => async () => ENDPOINTS,
    secret: (env) => clientSecret(env, { teamId, keyId, privateKey, clientId: options.clientId }),
    profile: (claims, { user }) => ({ ...readOpenIdProfile(claims), name: nameOf(user) }),
  });
}

async function clientSecret(
  env: Env,
  { teamId, keyId, privateKey, clientId }: Pick<AppleOptions, "teamId" | "keyId" | "privateKey" | "clientId">,
): Promise<string> {
  const at = now(env);
  const claims = { iss: teamId, sub: clientId, aud: ISSUER, iat: at, exp: at + minutes(5) };
  return signJwt({}, claims, { kid: keyId, algorithm: "ES256", key: await importPem(privateKey) });
}

// RFC 7468 10, the form of a .p8 file.
async function importPem(pem: string): Promise<CryptoKey> {
  const bytes = fromBase64(pem.replace(/-----(BEGIN|END) PRIVATE KEY-----|\s/g, ""));
  if (bytes === null) throw new TypeError("apple: privateKey is no PEM");
  return crypto.subtle.importKey("pkcs8", bytes, { name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
}

function nameOf(user: string | null): string | null {
  const told = user === null ? undefined : parseJson(user);
  const name = isRecord(told) ? own(told, "name") : undefined;
  if (!isRecord(name)) return null;
  const parts = [textOf(name, "firstName"), textOf(name, "lastName")].filter((part) => part !== null);
  return parts.join(" ").trim();
}
