import { hmac } from "@oslojs/crypto/hmac";
import { SHA256 } from "@oslojs/crypto/sha2";
import { encodeHexLowerCase } from "@oslojs/encoding";
import { isRecord, own, textOf, utf8 } from "../../platform/encoding.ts";
import type { GetJson, ReadAccount } from "../plain.ts";
import { defineProvider, type OAuthProvider } from "../provider.ts";
import { type ConfidentialOptions, checkOptions } from "./options.ts";

// https://developers.facebook.com/documentation/facebook-login/guides/advanced/manual-flow
const VERSION = "v25.0";
const GRAPH = `https://graph.facebook.com/${VERSION}`;
const METADATA = {
  issuer: "https://www.facebook.com",
  authorization_endpoint: `https://www.facebook.com/${VERSION}/dialog/oauth`,
  token_endpoint: `${GRAPH}/oauth/access_token`,
  token_endpoint_auth_methods_supported: ["client_secret_post"],
};
const FIELDS = "id,name,email,picture.width(256).height(256)";

/** Facebook does not say whether an address is verified. */
const TRUST = { domains: [] };

/**
 * Lets users sign in with Facebook.
 *
 * Facebook does not say whether an address is verified, so a new user has none; `hooks.signedIn` gets it as `account.email`.
 *
 * Facebook discards the challenge of PKCE and then refuses the verifier. `state` alone binds its answer to the browser: an
 * attacker who gets hold of a code before it is redeemed can sign in as its owner (RFC 9700 4.5).
 *
 * @example
 * createAuth({ store, providers: [facebook({ clientId, clientSecret })] });
 */
export function facebook(options: ConfidentialOptions): OAuthProvider {
  const scopes = ["public_profile", "email"];
  const checked = checkOptions(options, { id: "facebook", scopes, trustEmail: TRUST });
  const definition = {
    ...checked,
    metadata: METADATA,
    // https://github.com/NangoHQ/nango/pull/7156
    withoutPkce: true,
    read: accountReader(options.clientSecret),
  };
  return defineProvider(checked, async (env) => {
    const { connectPlain } = await import("../plain.ts");
    return connectPlain(definition, env);
  });
}

function accountReader(secret: string): (get: GetJson, accessToken: string) => Promise<ReadAccount | null> {
  return async (get, accessToken) => {
    const proof = proofOf(accessToken, secret);
    const claims = await get(
      `${GRAPH}/me?${new URLSearchParams({ fields: FIELDS, appsecret_proof: proof })}`,
    );
    if (!isRecord(claims)) return null;
    const profile = {
      subject: textOf(claims, "id") ?? "",
      email: textOf(claims, "email"),
      name: textOf(claims, "name"),
      picture: pictureIn(claims),
    };
    return { profile, claims };
  };
}

// https://developers.facebook.com/docs/facebook-login/security: shows that the caller has the secret, not the token alone.
function proofOf(accessToken: string, secret: string): string {
  return encodeHexLowerCase(hmac(SHA256, utf8(secret), utf8(accessToken)));
}

function pictureIn(claims: Readonly<Record<string, unknown>>): string | null {
  const picture = own(claims, "picture");
  const data = isRecord(picture) ? own(picture, "data") : undefined;
  // The outline of a person stands for no picture.
  if (!isRecord(data) || own(data, "is_silhouette") === true) return null;
  return textOf(data, "url");
}
