import type { ClientError, SignOutScope } from "@latchkey/client";
import { useAuthClient, useSession } from "@latchkey/client/react";
import { type Context, createContext, useContext, useEffect, useState } from "react";
import { sentenceOf } from "./sentences.ts";

interface SignOut {
  /** Whether the user asked to sign out. If so, the sign-in page does not lead back to the page that was left. */
  readonly isRequested: boolean;
  /** Why the sign-out failed, or did less than the user asked for. */
  readonly fault: string | null;
  readonly signOut: (scope?: SignOutScope) => Promise<void>;
}

const outsideOfLayout: SignOut = { isRequested: false, fault: null, signOut: async () => undefined };

export const SignOutContext: Context<SignOut> = createContext(outsideOfLayout);

export function useSignOut(): SignOut {
  return useContext(SignOutContext);
}

/** Creates the value of `SignOutContext`. */
export function useNewSignOut(): SignOut {
  const client = useAuthClient();
  const { status } = useSession();
  const [isRequested, setRequested] = useState(false);
  const [fault, setFault] = useState<string | null>(null);
  useEffect(() => {
    if (status !== "signed-in") return;
    setRequested(false);
    setFault(null);
  }, [status]);
  const signOut = async (scope: SignOutScope = "session"): Promise<void> => {
    setFault(null);
    setRequested(true);
    const result = await client.signOut({ scope });
    if (result.ok) return;
    const isStillSignedIn = client.session.get().status === "signed-in";
    if (isStillSignedIn) setRequested(false);
    setFault(faultOf(result.error, isStillSignedIn));
  };
  return { isRequested, fault, signOut };
}

/** A server that cannot end sessions still deletes the cookies of this browser, so only this browser is signed out. */
function faultOf(error: ClientError, isStillSignedIn: boolean): string {
  const outcome = isStillSignedIn ? "You are still signed in." : "Only this browser is signed out.";
  return `${outcome} ${sentenceOf(error)}`;
}
