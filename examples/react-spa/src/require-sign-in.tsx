import { useSession } from "@latchkey/client/react";
import type { ReactNode } from "react";
import { Navigate, Outlet, useLocation } from "react-router";
import { signInFor } from "./destination.ts";
import { Waiting } from "./page.tsx";

/** Shows what is below to who is signed in, and brings everybody else back once they are. */
export function RequireSignIn(): ReactNode {
  const { status } = useSession();
  const { pathname, search, hash } = useLocation();
  if (status === "loading") return <Waiting />;
  if (status === "signed-out") return <Navigate to={signInFor(pathname + search + hash)} replace />;
  return <Outlet />;
}
