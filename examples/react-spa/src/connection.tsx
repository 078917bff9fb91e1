import type { ClientError } from "@latchkey/client";
import { useAuthClient, useSession } from "@latchkey/client/react";
import type { ReactNode } from "react";
import { Action } from "./action.tsx";
import { sentenceOf } from "./sentences.ts";

/** Tells the user that the last request to the server failed, and offers to try again. */
export function Connection(): ReactNode {
  const { refresh } = useAuthClient();
  const { status, error } = useSession();
  const retry = async (): Promise<void> => {
    await refresh();
  };
  return (
    <div role="status">
      {error === null ? null : (
        <div className="notice">
          <p>
            {sentenceOf(error)} {status === "signed-in" ? "You stay signed in. " : ""}
            {isTemporary(error) ? "This page tries again by itself." : ""}
          </p>
          <Action className="quiet" run={retry}>
            Try now
          </Action>
        </div>
      )}
    </div>
  );
}

function isTemporary({ status }: ClientError): boolean {
  return status === 0 || status === 429 || status >= 500;
}
