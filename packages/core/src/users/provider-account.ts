import type { Seconds } from "../platform/time.ts";

/** What an identity provider issued along with an identity. Latchkey reads who somebody is, and needs none of it after that. */
export interface ProviderTokens {
  readonly accessToken: string;
  readonly refreshToken: string | null;
  /** As sent; for `openid` providers it was verified. */
  readonly idToken: string | null;
  readonly expiresIn: Seconds | null;
  readonly scope: string | null;
}

/** An account at an identity provider, as `hooks.signedIn` sees it, once. */
export interface ProviderAccount {
  readonly provider: string;
  /** Who it is: with the provider the only identity. An e-mail address is none. */
  readonly subject: string;
  readonly email: string | null;
  /** Whether the provider calls the address verified; whether that is proof depends on the address, see `trustEmail`. */
  readonly emailVerified: boolean;
  readonly name: string | null;
  /** Everything the provider tells, in its own words. */
  readonly claims: Readonly<Record<string, unknown>>;
  readonly tokens: ProviderTokens;
}
