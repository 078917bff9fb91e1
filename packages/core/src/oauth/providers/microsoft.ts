import { own } from "../../platform/encoding.ts";
import { type MembersOf, refuse } from "../../platform/option-error.ts";
import type { IdClaims } from "../id-token.ts";
import { type Profile, readOpenIdProfile, textOf } from "../profile.ts";
import { defineProvider, type OAuthProvider } from "../provider.ts";
import { CONFIDENTIAL_MEMBERS, type ConfidentialOptions, checkOptions } from "./options.ts";

export interface MicrosoftOptions extends ConfidentialOptions {
  /** A tenant's id, for its members alone; or `common`, the default, `organizations` or `consumers`. */
  readonly tenant?: string;
}

const OPTIONS: MembersOf<MicrosoftOptions> = { ...CONFIDENTIAL_MEMBERS, tenant: null };
const HOST = "https://login.microsoftonline.com";
const TENANT_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const SHARED: readonly string[] = ["common", "organizations", "consumers"];

/**
 * Lets users sign in with Microsoft, for work, school and private accounts.
 *
 * An e-mail address counts as verified only where `xms_edov` says so: an administrator of any tenant can write any
 * address into an account.
 *
 * @example
 * createAuth({ store, providers: [microsoft({ clientId, clientSecret, tenant })] });
 */
export function microsoft(options: MicrosoftOptions): OAuthProvider {
  const defaults = { id: "microsoft", scopes: ["openid", "email", "profile"], members: OPTIONS };
  const checked = checkOptions(options, defaults);
  const { tenant = "common" } = options;
  if (!SHARED.includes(tenant) && !TENANT_ID.test(tenant)) {
    throw refuse(
      "microsoft: tenant",
      tenant,
      'it must be "common", "organizations", "consumers", or a tenant\'s id',
    );
  }
  const metadata = {
    issuer: `${HOST}/${tenant}/v2.0`,
    authorization_endpoint: `${HOST}/${tenant}/oauth2/v2.0/authorize`,
    token_endpoint: `${HOST}/${tenant}/oauth2/v2.0/token`,
    jwks_uri: `${HOST}/${tenant}/discovery/v2.0/keys`,
    token_endpoint_auth_methods_supported: ["client_secret_post"],
  };
  const definition = {
    ...checked,
    metadata,
    ...(SHARED.includes(tenant) ? { issuerOf: issuerAmong(tenant) } : {}),
    profile: readMicrosoftProfile,
  };
  return defineProvider(checked, async (env) => {
    const { connectOpenId } = await import("../openid.ts");
    return connectOpenId(definition, env);
  });
}

/** The tenant of all private accounts. */
const CONSUMERS = "9188040d-6c67-4c5b-b112-36a304b66dad";

// Each tenant is an issuer of its own; the token names its tenant, and the keys are those of all.
function issuerAmong(tenants: string): (claims: IdClaims) => string | null {
  return (claims) => {
    const tenant = textOf(claims, "tid");
    if (tenant === null || !TENANT_ID.test(tenant)) return null;
    const isMeant = tenants === "common" || (tenants === "consumers") === (tenant === CONSUMERS);
    return isMeant ? `${HOST}/${tenant}/v2.0` : null;
  };
}

function readMicrosoftProfile(claims: IdClaims): Profile {
  const owned = own(claims, "xms_edov");
  const emailVerified = owned === true || owned === 1 || owned === "1" || owned === "true";
  return { ...readOpenIdProfile(claims), emailVerified };
}
