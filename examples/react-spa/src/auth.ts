import { type AuthClient, createAuthClient } from "@latchkey/client";

export const AUTH_URL: string = import.meta.env.VITE_AUTH_URL ?? "http://localhost:3000/auth";

/** One for the whole page: it knows who is signed in, and renews the session while somebody looks. */
export const client: AuthClient = createAuthClient({ baseURL: AUTH_URL });

/** Who else may vouch for a user, as the server's `providers` say. */
export const providers = [{ id: "local", name: "local OpenID" }] as const;
