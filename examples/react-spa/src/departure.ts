import type { ClientError, SignOutScope } from "@latchkey/client";
import { useAuthClient, useSession } from "@latchkey/client/react";
import { type Context, createContext, useContext, useEffect, useState } from "react";
import { sentenceOf } from "./sentences.ts";

interface Departure {
  /** Whether whoever was signed in last wanted to leave: then nobody is led back to where they were. */
  readonly isWanted: boolean;
  /** Why leaving came to nothing, or to less than was asked for. */
  readonly fault: string | null;
  readonly leave: (scope?: SignOutScope) => Promise<void>;
}

const nowhere: Departure = { isWanted: false, fault: null, leave: async () => undefined };

export const DepartureContext: Context<Departure> = createContext(nowhere);

export function useDeparture(): Departure {
  return useContext(DepartureContext);
}

/** Makes what `DepartureContext` gives to the pages. */
export function useNewDeparture(): Departure {
  const { signOut, session } = useAuthClient();
  const { status } = useSession();
  const [isWanted, setWanted] = useState(false);
  const [fault, setFault] = useState<string | null>(null);
  useEffect(() => {
    if (status !== "signed-in") return;
    setWanted(false);
    setFault(null);
  }, [status]);
  const leave = async (scope: SignOutScope = "session"): Promise<void> => {
    setFault(null);
    setWanted(true);
    const result = await signOut({ scope });
    if (result.ok) return;
    const isStillSignedIn = session.get().status === "signed-in";
    if (isStillSignedIn) setWanted(false);
    setFault(faultOf(result.error, isStillSignedIn));
  };
  return { isWanted, fault, leave };
}

/** A server that cannot end a session clears its cookies all the same: then this device alone is signed out. */
function faultOf(error: ClientError, isStillSignedIn: boolean): string {
  const outcome = isStillSignedIn ? "You are still signed in." : "Only this browser is signed out.";
  return `${outcome} ${sentenceOf(error)}`;
}
