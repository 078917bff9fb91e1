import { faultOfObject } from "../callback-answer.ts";
import { own } from "../json.ts";
import { isSubject } from "./subject.ts";

/** Says what is wrong with what `identify` of a provider returned; null where nothing is. Never shows a value. */
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
