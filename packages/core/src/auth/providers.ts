import { isEmailTrust } from "../oauth/email-trust.ts";
import { checkProviderId } from "../oauth/provider.ts";
import { refuse } from "../platform/option-error.ts";
import type { User } from "../users/user.ts";
import type { AuthOptions } from "./options.ts";

/** Checks what the providers must be to each other, and what they need of users that live elsewhere. */
export function checkProviders(options: AuthOptions<unknown, User>): void {
  const { providers = [], store } = options;
  const users = options.users ?? store.users;
  const oauth = providers.filter((provider) => provider.type === "oauth");
  if (providers.length - oauth.length > 1) throw new TypeError("providers has password() twice: remove one");
  const twice = oauth.find(({ id }, index) => oauth.findIndex((other) => other.id === id) !== index);
  if (twice !== undefined)
    throw refuse("providers", twice.id, "two providers have this id: give one another");
  for (const { id, connect, trustEmail } of oauth) {
    checkProviderId(id);
    if (typeof connect !== "function") throw new TypeError(`the provider ${id} has no connect: it is none`);
    if (trustEmail !== undefined && !isEmailTrust(trustEmail)) {
      throw new TypeError(
        `the provider ${id} has a trustEmail without domains: write "all" or a list of domains`,
      );
    }
  }
  if (oauth.length === 0) return;
  const needed = ["findByAccount", "link", "unlink", "accounts"] as const;
  const kept = oauth.some(({ storeTokens }) => storeTokens) ? (["keepTokens", "keptTokens"] as const) : [];
  const missing = [...needed, ...kept].find((name) => typeof users[name] !== "function");
  if (missing !== undefined) throw new TypeError(`users has no ${missing}, which the providers need: add it`);
}
