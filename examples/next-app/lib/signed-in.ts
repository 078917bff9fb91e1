import { requireSession, type SignedIn } from "@latchkey/next";
import { redirect } from "next/navigation";
import { auth } from "./auth.ts";

/** Who is signed in; everybody else is sent to sign in. Each page and each action that needs somebody asks it. */
export function signedIn(): Promise<SignedIn> {
  return requireSession(auth, { otherwise: () => redirect("/login") });
}
