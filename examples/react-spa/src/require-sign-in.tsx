import { useSession } from "@latchkey/client/react";
import type { ReactNode } from "react";
import { Navigate, Outlet, useLocation } from "react-router";
import { useDeparture } from "./departure.ts";
import { signInFor } from "./destination.ts";
import { Waiting } from "./page.tsx";

/** Shows what is below to who is signed in, and brings everybody else back once they are, but who wanted to leave. */
export function RequireSignIn(): ReactNode {
  const { status } = useSession();
  const { isWanted } = useDeparture();
  const { pathname, search, hash } = useLocation();
  if (status === "loading") return <Waiting />;
  if (status === "signed-out") {
    return <Navigate to={isWanted ? "/sign-in" : signInFor(pathname + search + hash)} replace />;
  }
  return <Outlet />;
}
