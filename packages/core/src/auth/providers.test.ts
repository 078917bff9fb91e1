import { describe, expect, it } from "vitest";
import { emailCode, magicLink } from "../mail/providers.ts";
import { memory } from "../memory.ts";
import type { OAuthProvider } from "../oauth/provider.ts";
import { password } from "../password/provider.ts";
import type { UserStore } from "../users/user.ts";
import type { Provider } from "./options.ts";
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

/** Checks providers without `mail`. */
function check(providers: readonly Provider[], users: UserStore): void {
  checkProviders(providers, users, false);
}

describe("checkProviders", () => {
  it("accepts one password() and providers with different ids", () => {
    const providers = [provider("google"), password(), provider("github", true)];
    expect(() => check(providers, users)).not.toThrow();
    expect(() => check([], users)).not.toThrow();
    expect(() => check(providers, memory().users)).not.toThrow();
  });

  it("refuses two providers with the same id", () => {
    expect(() => check([password(), password()], users)).toThrow("password() twice");
    const twice = [provider("google"), provider("github"), provider("google")];
    expect(() => check(twice, users)).toThrow('"google"');
  });

  it.each(["__proto__", "exchange", "Google", "", "a/b", "..", "a b", "x".repeat(33), "-x"])(
    "OAU-23 refuses the id %s, also for a provider that an application wrote",
    (id) => expect(() => check([provider(id)], users)).toThrow(TypeError),
  );

  it.each(["findByAccount", "link", "unlink", "accounts"])(
    "names the operation that the user store lacks: %s",
    (name) => {
      const users = usersWithout(name);
      expect(() => check([provider("google")], users)).toThrow(`users has no ${name}`);
      // Without such a provider nothing needs it.
      expect(() => check([password()], users)).not.toThrow();
    },
  );

  it.each(["keepTokens", "keptTokens"])("requires %s only where a provider stores tokens", (name) => {
    const users = usersWithout(name);
    expect(() => check([provider("google")], users)).not.toThrow();
    const keeping = [provider("github"), provider("google", true)];
    expect(() => check(keeping, users)).toThrow(`users has no ${name}`);
  });

  it.each<[string, Provider]>([
    ["password: verifyEmail", password({ verifyEmail: "required" })],
    ["password: verifyEmail", password({ verifyEmail: "later" })],
    ["magicLink()", magicLink()],
    ["emailCode()", emailCode({ signUp: true })],
  ])("refuses %s without mail", (name, provider) => {
    expect(() => check([provider], users)).toThrow(`${name} needs mail: add mail: { send }`);
    expect(() => checkProviders([provider], users, true)).not.toThrow();
  });

  it("refuses two providers of one kind", () => {
    const twice = [magicLink(), emailCode(), magicLink({ signUp: true })];
    expect(() => checkProviders(twice, users, true)).toThrow("magicLink() twice");
    expect(() => checkProviders([magicLink(), emailCode(), password()], users, true)).not.toThrow();
  });

  it("requires changeEmail of users only with mail", () => {
    const users = usersWithout("changeEmail");
    expect(() => check([password()], users)).not.toThrow();
    expect(() => checkProviders([password()], users, true)).toThrow("users has no changeEmail, which mail");
  });
});
