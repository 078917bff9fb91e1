import { type AuthClient, createAuthClient } from "@latchkey/client";

export const AUTH_URL: string = import.meta.env.VITE_AUTH_URL ?? "http://localhost:3000/auth";

/** The one client of the page. It holds the state, and refreshes the session while the page is visible. */
export const client: AuthClient = createAuthClient({ baseURL: AUTH_URL });

/** The OAuth providers of the server, by their ids. */
export const providers = [{ id: "local", name: "local OpenID" }] as const;
