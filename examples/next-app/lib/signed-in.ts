import { requireSession, type SignedIn } from "@latchkey/next";
import { redirect } from "next/navigation";
import { auth } from "./auth.ts";

/** Requires a session, and redirects to the sign-in page without one. Every protected page and action calls it. */
export function signedIn(): Promise<SignedIn> {
  return requireSession(auth, { otherwise: () => redirect("/login") });
}
