import {
  apple,
  arcticProvider,
  github,
  google,
  microsoft,
  type OAuthProvider,
  oidc,
} from "@latchkey/core/oauth";
import { type PasswordHasher, password, pbkdf2Hasher, scryptHasher } from "@latchkey/core/password";

export const hub = github({ clientId: "id", clientSecret: "secret", scopes: ["repo"], storeTokens: true });

export const others = {
  google: google({ clientId: "id", clientSecret: "secret", idTokenAudiences: ["com.example.ios", "id"] }),
  company: oidc({
    id: "company",
    issuer: "https://login.example.com",
    clientId: "id",
    clientSecret: "secret",
  }),
};

export const own = {
  type: "oauth",
  id: "own",
  responseMode: "query",
  storeTokens: false,
  connect: ({ fetch }) => ({
    authorizationUrl: async ({ state, redirectUri }) =>
      new URL(`https://own.example.com/?state=${state}&redirect_uri=${redirectUri}`),
    identify: async (_flow, { code }) => {
      const answer = await fetch(`https://own.example.com/user?code=${code}`);
      const claims = (await answer.json()) as Record<string, unknown>;
      return {
        provider: "own",
        subject: String(claims["id"]),
        email: null,
        emailVerified: false,
        name: null,
        claims,
        tokens: { accessToken: "", refreshToken: null, idToken: null, expiresIn: null, scope: null },
      };
    },
  }),
} satisfies OAuthProvider;

export const hashers = [scryptHasher(), pbkdf2Hasher()];

export const hasher: PasswordHasher = { ...scryptHasher(), needsRehash: () => false };

export const byPassword = password({ hasher, identifier: "username" });

export const providers = () => [hub, others.google, others.company, own, byPassword];

export const costOf = (options: Parameters<typeof scryptHasher>[0]) => ({ ...options });

export const renamed = { ...hub, id: "hub" };

export const makers = { apple, arcticProvider, microsoft };
