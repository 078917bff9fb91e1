import { own, textOf } from "../../platform/encoding.ts";
import { FLAG, type MembersOf, refuse } from "../../platform/option-error.ts";
import type { IdClaims } from "../id-token.ts";
import { type Profile, readOpenIdProfile } from "../profile.ts";
import { defineProvider, type OAuthProvider } from "../provider.ts";
import type { ProviderMetadata } from "../provider-metadata.ts";
import {
  CONFIDENTIAL_MEMBERS,
  type ConfidentialOptions,
  checkDiscoveryUrl,
  checkIssuer,
  checkOptions,
  ID_TOKEN_MEMBERS,
  type IdTokenOptions,
} from "./options.ts";

/** What `microsoft` takes. */
export interface MicrosoftOptions extends ConfidentialOptions, IdTokenOptions {
  /** A tenant's id, for its members alone; or `common`, the default, `organizations` or `consumers`. */
  readonly tenant?: string;
  /**
   * Whether the addresses that the administrators of your own tenant write count as verified, for its members and not for its
   * guests. A single tenant sends no `xms_edov`, so without this its users have no address. With `tenant` as an id, or `issuer`.
   * Limit it to your domains by `trustEmail`. Guests are told by the claim `idp`: if the policies of an `issuer` leave it out, leave
   * this option out too. Default false.
   */
  readonly trustTenant?: boolean;
  /** In place of `tenant`: the issuer of Entra External ID, of Azure AD B2C, or of a national cloud, exactly as its metadata write it. Default that of `tenant`. */
  readonly issuer?: string;
  /** Where the metadata of `issuer` are, if not below it, as for the policies of Azure AD B2C. Default below the issuer. */
  readonly discoveryUrl?: string;
}

const OPTIONS: MembersOf<MicrosoftOptions> = {
  ...CONFIDENTIAL_MEMBERS,
  ...ID_TOKEN_MEMBERS,
  tenant: null,
  trustTenant: FLAG,
  issuer: null,
  discoveryUrl: null,
};
const HOST = "https://login.microsoftonline.com";
const TENANT_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const SHARED: readonly string[] = ["common", "organizations", "consumers"];
/** The tenant of all private accounts. */
const CONSUMERS = "9188040d-6c67-4c5b-b112-36a304b66dad";

/**
 * Lets users sign in with Microsoft, for work, school and private accounts.
 *
 * An e-mail address counts as verified only where `xms_edov` says so, or by `trustTenant`: an administrator of any tenant can write
 * any address into an account.
 *
 * @example
 * createAuth({ store, providers: [microsoft({ clientId, clientSecret, tenant })] });
 */
export function microsoft(options: MicrosoftOptions): OAuthProvider {
  const defaults = { id: "microsoft", scopes: ["openid", "email", "profile"], members: OPTIONS };
  const checked = checkOptions(options, defaults);
  const issuer = checkExternal(checked.id, options);
  const tenant = checkTenant(options);
  const discoveryUrl = checkDiscoveryUrl(checked.id, options.discoveryUrl);
  const isExternal = issuer !== null;
  const definition = {
    ...checked,
    ...(!isExternal && SHARED.includes(tenant) ? { issuerOf: issuerAmong(tenant) } : {}),
    profile: (claims: IdClaims): Profile => readMicrosoftProfile(claims, options.trustTenant === true),
  };
  return defineProvider(checked, async (env) => {
    const [{ connectOpenId }, { discovery }] = await Promise.all([
      import("../openid.ts"),
      import("../discovery.ts"),
    ]);
    if (!isExternal) return connectOpenId({ ...definition, metadata: metadataOf(tenant) }, env);
    return connectOpenId(
      { ...definition, metadata: (channel) => discovery(channel, issuer, discoveryUrl) },
      env,
    );
  });
}

function metadataOf(tenant: string): ProviderMetadata {
  return {
    issuer: `${HOST}/${tenant}/v2.0`,
    authorization_endpoint: `${HOST}/${tenant}/oauth2/v2.0/authorize`,
    token_endpoint: `${HOST}/${tenant}/oauth2/v2.0/token`,
    jwks_uri: `${HOST}/${tenant}/discovery/v2.0/keys`,
    end_session_endpoint: `${HOST}/${tenant}/oauth2/v2.0/logout`,
    token_endpoint_auth_methods_supported: ["client_secret_post"],
  };
}

function checkTenant({ tenant = "common", trustTenant = false, issuer }: MicrosoftOptions): string {
  if (!SHARED.includes(tenant) && !TENANT_ID.test(tenant)) {
    throw refuse(
      "microsoft: tenant",
      tenant,
      'it must be "common", "organizations", "consumers", or a tenant\'s id',
    );
  }
  const isShared =
    issuer === undefined ? SHARED.includes(tenant) : SHARED.some((name) => issuer.includes(`/${name}/`));
  if (trustTenant && (isShared || (issuer ?? tenant).includes(CONSUMERS))) {
    const why =
      "the administrators of any tenant, or any private user, could write an address that counts as verified";
    throw refuse(
      "microsoft: trustTenant",
      trustTenant,
      `${issuer ?? tenant} is not one tenant of yours: ${why}`,
    );
  }
  return tenant;
}

/** Checks the options of an issuer that is no tenant of login.microsoftonline.com; null without one. */
function checkExternal(id: string, { issuer, tenant, discoveryUrl }: MicrosoftOptions): string | null {
  if (issuer === undefined) {
    if (discoveryUrl === undefined) return null;
    throw new TypeError("microsoft: discoveryUrl needs issuer: pass it as the document writes it");
  }
  if (tenant === undefined) return checkIssuer(id, issuer);
  throw new TypeError("microsoft: issuer stands in place of tenant: pass one of them");
}

// Each tenant is an issuer of its own; the token names its tenant, and the keys are those of all.
function issuerAmong(tenants: string): (claims: IdClaims) => string | null {
  return (claims) => {
    const tenant = textOf(claims, "tid");
    if (tenant === null || !TENANT_ID.test(tenant)) return null;
    const isMeant = tenants === "common" || (tenants === "consumers") === (tenant === CONSUMERS);
    return isMeant ? `${HOST}/${tenant}/v2.0` : null;
  };
}

function readMicrosoftProfile(claims: IdClaims, trustTenant: boolean): Profile {
  const profile = readOpenIdProfile(claims);
  // https://learn.microsoft.com/azure/active-directory-b2c/user-flow-user-attributes-custom: B2C writes a list.
  const [only = null, ...more] = listOf(own(claims, "emails"));
  const email = profile.email ?? (more.length === 0 && typeof only === "string" ? only : null);
  return { ...profile, email, emailVerified: isVerified(claims, trustTenant) };
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

// https://learn.microsoft.com/entra/identity-platform/optional-claims-reference: a guest has `acct` 1, and an `idp` of elsewhere.
function isVerified(claims: IdClaims, trustTenant: boolean): boolean {
  const [owned, idp, acct] = ["xms_edov", "idp", "acct"].map((name) => own(claims, name));
  if (owned !== undefined) return owned === true || owned === 1 || owned === "1" || owned === "true";
  const isMember = acct === undefined || acct === 0 || acct === "0";
  return trustTenant && isMember && (idp === undefined || idp === own(claims, "iss"));
}
