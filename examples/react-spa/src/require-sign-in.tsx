import { useSession } from "@latchkey/client/react";
import type { ReactNode } from "react";
import { Navigate, Outlet, useLocation } from "react-router";
import { signInFor } from "./destination.ts";
import { Waiting } from "./page.tsx";
import { useSignOut } from "./sign-out.ts";

/** Requires a signed-in user. After a sign-in the user comes back to the page, except after an intended sign-out. */
export function RequireSignIn(): ReactNode {
  const { status } = useSession();
  const { isRequested } = useSignOut();
  const { pathname, search, hash } = useLocation();
  if (status === "loading") return <Waiting />;
  if (status === "signed-out") {
    return <Navigate to={isRequested ? "/sign-in" : signInFor(pathname + search + hash)} replace />;
  }
  return <Outlet />;
}
