import type { ClientError } from "@latchkey/client";
import { type Context, createContext, useContext } from "react";
import { sentenceOf } from "./sentences.ts";

type Tell = (fault: string | null) => void;

/** Takes what is to be said on whatever page comes next. */
export const FaultContext: Context<Tell> = createContext<Tell>(() => undefined);

export function useTellFault(): Tell {
  return useContext(FaultContext);
}

/** A server that cannot end a session clears its cookies all the same: then this device alone is signed out. */
export function faultOfSignOut(error: ClientError, isStillSignedIn: boolean): string {
  const outcome = isStillSignedIn ? "You are still signed in." : "Only this browser is signed out.";
  return `${outcome} ${sentenceOf(error)}`;
}
