import type { ReactNode } from "react";
import { AUTH_URL } from "./auth.ts";

/** Leads to the messages, which the API of this example keeps. An application of yours has no such page. */
export function InboxHint(): ReactNode {
  return (
    <>
      In this example it arrives in the <a href={new URL("/inbox", AUTH_URL).href}>inbox of the API</a>.
    </>
  );
}
