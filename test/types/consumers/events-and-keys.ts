import {
  AuthError,
  type AuthEvent,
  type AuthHooks,
  createAuth,
  minutes,
  type RateLimits,
} from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import { auth } from "./auth.js";

export const published = () => auth.keys.jwks();

export const keys = auth.keys;

export const hooks = {
  signedIn: ({ account }) => (account?.provider === "github" ? undefined : false),
  validated: ({ claims }) => ({ claims: { seen: claims.iat } }),
} satisfies AuthHooks<{ readonly role: string }>;

export const audit = (event: AuthEvent) =>
  event.type === "session.ended" ? { id: event.sessionId, reason: event.reason } : null;

export const rateLimit = { signUp: { limit: 5, window: minutes(1) } } satisfies Partial<RateLimits>;

export const audited = createAuth({ store: memory(), onEvent: audit, rateLimit });

export const ended = (event: AuthEvent) => (event.type === "session.ended" ? event : null);

export const codeOf = (error: unknown) => (error instanceof AuthError ? error.code : null);
