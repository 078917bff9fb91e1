import {
  type Auth,
  type AuthOptions,
  createAuth,
  type JsonObject,
  type Transport,
  type User,
} from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import { type PasswordHasher, password } from "@latchkey/core/password";
import { expect } from "vitest";
import { ORIGIN, SECRET } from "../fixtures/server.ts";

/** Tokens of a session that is alive. */
export interface Tokens {
  readonly access: string;
  readonly refresh: string;
}

/** A server, its tokens, and what it says of its own faults. */
export interface Target {
  readonly auth: Auth<JsonObject, User>;
  readonly tokens: (transport: Transport) => Promise<Tokens>;
  /** Fails where the server has told of a fault of its own. */
  readonly expectNoFault: () => void;
}

// No work at all: what is tested here is what comes before a hash.
const noHasher: PasswordHasher = {
  hash: async () => "$none$",
  verify: async () => false,
  needsRehash: () => false,
};

/** Opens a server with one user, who signs in again whenever a case has ended the session. */
export async function openTarget(options: Partial<AuthOptions> = {}): Promise<Target> {
  const faults: string[] = [];
  const auth = createAuth({
    store: memory(),
    providers: [password({ hasher: noHasher })],
    baseURL: ORIGIN,
    rateLimit: false,
    secret: SECRET,
    onEvent: (event) => {
      if (event.type === "internal_error" || event.type === "store.failed") faults.push(event.error);
    },
    ...options,
  });
  const { id } = await auth.users.create({ email: "ann@example.com" });
  const held = new Map<string, Tokens & { readonly sessionId: string }>();
  return {
    auth,
    expectNoFault: () => expect(faults).toEqual([]),
    async tokens(transport) {
      const found = held.get(transport);
      const details = found === undefined ? null : await auth.sessions.get(found.sessionId);
      if (found !== undefined && details?.endedAt === null) return found;
      const { session, accessToken, refreshToken } = await auth.sessions.create(id, { transport });
      const made = { access: accessToken, refresh: refreshToken ?? "", sessionId: session.id };
      held.set(transport, made);
      return made;
    },
  };
}
