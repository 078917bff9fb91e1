import { faultOfObject } from "../platform/callback-answer.ts";
import { isRecord, own, textOf } from "../platform/encoding.ts";
import type { ProviderAccount } from "../users/user.ts";
import { oauthFault } from "./fault.ts";

/** The identity that a provider claims. */
export interface Profile {
  /** The permanent identifier of the user at the provider; never an e-mail address. */
  readonly subject: string;
  readonly email?: string | null;
  /** Whether the provider has checked that the address is the user's. Default false. */
  readonly emailVerified?: boolean;
  readonly name?: string | null;
  /** An https URL of at most 2,048 characters; anything else counts as none. */
  readonly picture?: string | null;
}

type Claims = Readonly<Record<string, unknown>>;

const MAX_TEXT = 320;
const MAX_PICTURE = 2_048;

/** Reads the standard claims (OpenID Connect Core 5.1). Apple writes booleans as text. */
export function readOpenIdProfile(claims: Claims): Profile {
  const verified = own(claims, "email_verified");
  return {
    subject: textOf(claims, "sub") ?? "",
    email: textOf(claims, "email"),
    emailVerified: verified === true || verified === "true",
    name: textOf(claims, "name"),
    picture: textOf(claims, "picture"),
  };
}

/** Checks a profile that a provider, or a reader of the application, made. Fails with `oauth_failed`. */
export function checkProfile(profile: unknown, claims: Claims): Omit<ProviderAccount, "provider" | "tokens"> {
  if (!isRecord(profile)) throw oauthFault("subject");
  const subject = own(profile, "subject");
  if (!isSubject(subject)) throw oauthFault("subject");
  return {
    subject,
    email: plainText(own(profile, "email")),
    emailVerified: own(profile, "emailVerified") === true,
    name: plainText(own(profile, "name")),
    picture: pictureOf(own(profile, "picture")),
    claims,
  };
}

function plainText(value: unknown): string | null {
  if (typeof value !== "string" || value === "" || !value.isWellFormed()) return null;
  return value.length <= MAX_TEXT && !/\p{Cc}/u.test(value) ? value : null;
}

/** Reads the URL of a picture, as a URL parser writes it. Null for a value that is none, so that it fails no sign-in. */
export function pictureOf(value: unknown): string | null {
  if (typeof value !== "string" || value.length > MAX_PICTURE || /[\p{C}\p{Z}]/u.test(value)) return null;
  const url = URL.parse(value);
  // Other schemes run scripts (`javascript:`), or carry the picture itself (`data:`).
  if (url === null || url.protocol !== "https:" || url.username !== "" || url.password !== "") return null;
  return url.href.length <= MAX_PICTURE ? url.href : null;
}

/** Whether a value can be a subject: a text, not empty, at most 255 characters, none of them a control. */
export function isSubject(value: unknown): value is string {
  return typeof value === "string" && value.length <= 255 && /^[^\p{C}]+$/u.test(value);
}

/** Names the fault of an account that `identify` of a provider returned; null where there is none. Never shows a value. */
export function faultOfAccount(account: unknown, provider: string): string | null {
  const fault = faultOfObject(account);
  if (fault !== null) return fault;
  const members = account as Readonly<Record<string, unknown>>;
  const wrong = Object.entries(CHECKS).find(([name, isSound]) => !isSound(own(members, name), provider));
  return wrong === undefined ? null : `an account whose ${wrong[0]} is not sound`;
}

type Check = (value: unknown, provider: string) => boolean;

const isTextOrNull: Check = (value) => value === null || typeof value === "string";

const CHECKS: Readonly<Record<string, Check>> = {
  // RFC 9700 4.4: a provider that named another one would sign in the users of that.
  provider: (value, provider) => value === provider,
  subject: isSubject,
  email: isTextOrNull,
  // A truthy word such as "false" would link the account to the user of that address.
  emailVerified: (value) => typeof value === "boolean",
  name: isTextOrNull,
  claims: (value) => faultOfObject(value) === null,
  tokens: (value) => faultOfObject(value) === null,
};
