import { getSession } from "@latchkey/next";
import type { Metadata, Viewport } from "next";
import Link from "next/link";
import type { ReactNode } from "react";
import { auth } from "../lib/auth.ts";
import { signOut } from "./actions.ts";
import "./style.css";

export const metadata: Metadata = { title: "Latchkey on Next.js" };
export const viewport: Viewport = { colorScheme: "light dark" };

interface Props {
  readonly children: ReactNode;
}

export default async function Layout({ children }: Props): Promise<ReactNode> {
  const found = await getSession(auth);
  const user = found === null ? null : await auth.users.get(found.userId);
  return (
    <html lang="en">
      <body>
        <a className="skip" href="#content">
          Skip to content
        </a>
        <header>
          <nav aria-label="Pages">
            <Link href="/">Latchkey</Link>
            <Link href="/dashboard">Dashboard</Link>
            <Link href="/devices">Devices</Link>
            <Link href="/settings">Settings</Link>
          </nav>
          {user === null ? (
            <Link href="/login">Sign in</Link>
          ) : (
            <form action={signOut} className="who">
              <span>{user.email}</span>
              <button type="submit" className="quiet">
                Sign out
              </button>
            </form>
          )}
        </header>
        <main id="content">{children}</main>
      </body>
    </html>
  );
}
