import { getSession } from "@latchkey/next";
import { auth } from "../../../lib/auth.ts";

export async function GET(): Promise<Response> {
  const signedIn = await getSession(auth);
  return signedIn === null
    ? Response.json({ error: "unauthenticated" }, { status: 401 })
    : Response.json({ session: signedIn.session });
}
