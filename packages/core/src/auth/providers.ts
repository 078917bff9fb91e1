import { isEmailTrust } from "../oauth/link.ts";
import { checkProviderId } from "../oauth/provider.ts";
import { isRecord } from "../platform/encoding.ts";
import { refuse } from "../platform/option-error.ts";
import type { UserStore } from "../users/user.ts";
import type { Provider } from "./options.ts";
import { missingOperation, type Need, USER_OPERATIONS } from "./store-operations.ts";

/** Checks the providers one by one and together, and that the users have what the providers need. Throws a `TypeError`. */
export function checkProviders(providers: readonly Provider[], users: UserStore): void {
  providers.forEach(checkKind);
  const oauth = providers.filter((provider) => provider.type === "oauth");
  if (providers.length - oauth.length > 1) throw new TypeError("providers has password() twice: remove one");
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

function checkKind(provider: unknown, index: number): void {
  const isKnown = isRecord(provider) && (provider["type"] === "password" || provider["type"] === "oauth");
  if (!isKnown) throw refuse(`providers[${index}]`, provider, "it must be a provider such as password()");
}
