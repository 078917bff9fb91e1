import type { ClientError } from "@latchkey/client";
import { useAuthClient, useSession } from "@latchkey/client/react";
import { type ReactNode, useState } from "react";
import { sentenceOf } from "./sentences.ts";

/** Says when the server could not be asked lately. It signs nobody out. */
export function Connection(): ReactNode {
  const { refresh } = useAuthClient();
  const { status, error } = useSession();
  const [isBusy, setBusy] = useState(false);
  const retry = async (): Promise<void> => {
    setBusy(true);
    await refresh();
    setBusy(false);
  };
  return (
    <div role="status">
      {error === null ? null : (
        <div className="notice">
          <p>
            {sentenceOf(error)} {status === "signed-in" ? "You stay signed in. " : ""}
            {isPassing(error) ? "This page tries again by itself." : ""}
          </p>
          <button type="button" className="quiet" aria-disabled={isBusy} onClick={retry}>
            Try now
          </button>
        </div>
      )}
    </div>
  );
}

function isPassing({ status }: ClientError): boolean {
  return status === 0 || status === 429 || status >= 500;
}
