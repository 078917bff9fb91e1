import { checkProviderId, isEmailTrust } from "../oauth/provider.ts";
import { isRecord } from "../platform/encoding.ts";
import { refuse } from "../platform/option-error.ts";
import type { UserStore } from "../users/user.ts";
import type { Provider } from "./options.ts";
import { missingOperation, type Need, USER_OPERATIONS } from "./store-operations.ts";

type OwnProvider = Exclude<Provider, { type: "oauth" }>;

/** The function that makes each provider of Latchkey's own. */
const NAMES: Readonly<Record<OwnProvider["type"], string>> = {
  password: "password()",
  magic_link: "magicLink()",
  email_code: "emailCode()",
};

/** Checks the providers one by one and together, and that the users have what the providers need. Throws a `TypeError`. */
export function checkProviders(providers: readonly Provider[], users: UserStore, hasMail: boolean): void {
  providers.forEach(checkKind);
  const oauth = providers.filter((provider) => provider.type === "oauth");
  const own = providers.filter((provider) => provider.type !== "oauth");
  for (const [index, { type }] of own.entries()) {
    if (own.findIndex((other) => other.type === type) !== index)
      throw new TypeError(`providers has ${NAMES[type]} twice: remove one`);
  }
  checkMail(own, users, hasMail);
  const twice = oauth.find(({ id }, index) => oauth.findIndex((other) => other.id === id) !== index);
  if (twice !== undefined)
    throw refuse("providers", twice.id, "two providers have this id: give one another");
  for (const { id, connect, trustEmail } of oauth) {
    checkProviderId(id);
    if (typeof connect !== "function") {
      throw new TypeError(`the provider ${id} has no connect: pass a provider such as google() makes`);
    }
    if (trustEmail !== undefined && !isEmailTrust(trustEmail)) {
      throw new TypeError(
        `the provider ${id} has a trustEmail without domains: write "all" or a list of domains`,
      );
    }
  }
  if (oauth.length === 0) return;
  const keepsTokens = oauth.some(({ storeTokens }) => storeTokens);
  const needs: readonly Need[] = keepsTokens ? ["provider", "storeTokens"] : ["provider"];
  const missing = missingOperation(users, USER_OPERATIONS, needs);
  if (missing !== null) throw new TypeError(`users has no ${missing}, which the providers need: add it`);
}

// An option that asks for messages would do nothing without a mail system.
function checkMail(providers: readonly OwnProvider[], users: UserStore, hasMail: boolean): void {
  if (hasMail) {
    const missing = missingOperation(users, USER_OPERATIONS, ["mail"]);
    if (missing !== null) throw new TypeError(`users has no ${missing}, which mail needs: add it`);
    return;
  }
  for (const provider of providers) {
    const isPassword = provider.type === "password";
    if (isPassword && (provider.verifyEmail ?? false) === false) continue;
    const name = isPassword ? "password: verifyEmail" : NAMES[provider.type];
    throw new TypeError(`${name} needs mail: add mail: { send }`);
  }
}

function checkKind(provider: unknown, index: number): void {
  const isKnown =
    isRecord(provider) && (provider["type"] === "oauth" || Object.hasOwn(NAMES, String(provider["type"])));
  if (!isKnown) throw refuse(`providers[${index}]`, provider, "it must be a provider such as password()");
}
