import { useSession } from "@latchkey/client/react";
import type { ReactNode } from "react";
import { Navigate } from "react-router";
import { KeyArt } from "./key-art.tsx";
import { Waiting } from "./page.tsx";

interface EntranceProps {
  readonly destination: string;
  readonly children: ReactNode;
}

/** The frame of the sign-in and the sign-up page. A signed-in user is redirected to `destination`. */
export function Entrance({ destination, children }: EntranceProps): ReactNode {
  const { status } = useSession();
  if (status === "loading") return <Waiting />;
  if (status === "signed-in") return <Navigate to={destination} replace />;
  return (
    <div className="entrance">
      <div className="panel">
        <KeyArt />
        <p>Your key stays in the browser, and no script can read it.</p>
      </div>
      <div className="desk">{children}</div>
    </div>
  );
}
