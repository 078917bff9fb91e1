import { getSession } from "@latchkey/next";
import Link from "next/link";
import type { ReactNode } from "react";
import { auth } from "../lib/auth.ts";

export default async function Home(): Promise<ReactNode> {
  const found = await getSession(auth);
  const user = found === null ? null : await auth.users.get(found.userId);
  return (
    <>
      <h1>Latchkey on Next.js</h1>
      {user === null ? (
        <p>
          You are not signed in. <Link href="/login">Sign in</Link>, or create an account there.
        </p>
      ) : (
        <p>
          You are signed in as <strong>{user.email}</strong>.{" "}
          <Link href="/dashboard">Go to your dashboard</Link>
        </p>
      )}
      <p className="hint">
        The same session as JSON: <a href="/api/session">/api/session</a>
      </p>
    </>
  );
}
