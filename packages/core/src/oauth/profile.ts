import { isRecord, own } from "../json.ts";
import type { ProviderAccount } from "../tokens/provider-tokens.ts";
import { oauthFault } from "./fault.ts";
import { textOf } from "./members.ts";
import { isSubject } from "./subject.ts";

/** Who a provider says it is. */
export interface Profile {
  /** What the provider knows the user by, for good; never an e-mail address. */
  readonly subject: string;
  readonly email?: string | null;
  /** Whether the provider has checked that the address is the user's. Default false. */
  readonly emailVerified?: boolean;
  readonly name?: string | null;
}

type Claims = Readonly<Record<string, unknown>>;

const MAX_TEXT = 320;

/** Reads the standard claims (OpenID Connect Core 5.1). Apple writes booleans as text. */
export function readOpenIdProfile(claims: Claims): Profile {
  const verified = own(claims, "email_verified");
  return {
    subject: textOf(claims, "sub") ?? "",
    email: textOf(claims, "email"),
    emailVerified: verified === true || verified === "true",
    name: textOf(claims, "name"),
  };
}

/** Brings what a provider, or an application's own reader, made of an account into its one form. Fails with `oauth_failed`. */
export function checkProfile(profile: unknown, claims: Claims): Omit<ProviderAccount, "provider" | "tokens"> {
  if (!isRecord(profile)) throw oauthFault("subject");
  const subject = own(profile, "subject");
  if (!isSubject(subject)) throw oauthFault("subject");
  return {
    subject,
    email: plainText(own(profile, "email")),
    emailVerified: own(profile, "emailVerified") === true,
    name: plainText(own(profile, "name")),
    claims,
  };
}

function plainText(value: unknown): string | null {
  if (typeof value !== "string" || value === "" || !value.isWellFormed()) return null;
  return value.length <= MAX_TEXT && !/\p{Cc}/u.test(value) ? value : null;
}
