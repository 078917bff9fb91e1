import { describe, expect, it } from "vitest";
import { memory } from "../memory.ts";
import type { OAuthProvider } from "../oauth/provider.ts";
import { password } from "../password/provider.ts";
import type { UserStore } from "../users/user.ts";
import { checkProviders } from "./providers.ts";

function provider(id: string, storeTokens = false): OAuthProvider {
  const connect = (): never => {
    throw new Error("no test here connects to a provider");
  };
  return { type: "oauth", id, responseMode: "query", storeTokens, connect };
}

/** A user store of an application that lacks some of the operations. */
function usersWithout(...names: readonly string[]): UserStore {
  return { ...memory().users, ...Object.fromEntries(names.map((name) => [name, undefined])) };
}

const { users } = memory();

describe("checkProviders", () => {
  it("accepts one password() and providers with different ids", () => {
    const providers = [provider("google"), password(), provider("github", true)];
    expect(() => checkProviders(providers, users)).not.toThrow();
    expect(() => checkProviders([], users)).not.toThrow();
    expect(() => checkProviders(providers, memory().users)).not.toThrow();
  });

  it("refuses two providers with the same id", () => {
    expect(() => checkProviders([password(), password()], users)).toThrow("password() twice");
    const twice = [provider("google"), provider("github"), provider("google")];
    expect(() => checkProviders(twice, users)).toThrow('"google"');
  });

  it.each(["__proto__", "exchange", "Google", "", "a/b", "..", "a b", "x".repeat(33), "-x"])(
    "OAU-23 refuses the id %s, also for a provider that an application wrote",
    (id) => expect(() => checkProviders([provider(id)], users)).toThrow(TypeError),
  );

  it.each(["findByAccount", "link", "unlink", "accounts"])(
    "names the operation that the user store lacks: %s",
    (name) => {
      const users = usersWithout(name);
      expect(() => checkProviders([provider("google")], users)).toThrow(`users has no ${name}`);
      // Without such a provider nothing needs it.
      expect(() => checkProviders([password()], users)).not.toThrow();
    },
  );

  it.each(["keepTokens", "keptTokens"])("requires %s only where a provider stores tokens", (name) => {
    const users = usersWithout(name);
    expect(() => checkProviders([provider("google")], users)).not.toThrow();
    const keeping = [provider("github"), provider("google", true)];
    expect(() => checkProviders(keeping, users)).toThrow(`users has no ${name}`);
  });
});
