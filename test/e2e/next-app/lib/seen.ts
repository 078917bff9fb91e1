import { getSession } from "@latchkey/next";
import { auth } from "./auth.ts";

/** Whom a component, an action or a handler sees, and by which access token. */
export async function seen(): Promise<string> {
  const found = await getSession(auth);
  return found === null ? "anonymous" : `${found.userId} by ${found.claims.jti}`;
}
