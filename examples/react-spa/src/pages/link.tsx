import { useAuthClient } from "@latchkey/client/react";
import type { ReactNode } from "react";
import { useNavigate } from "react-router";
import { EntryForm } from "../entry-form.tsx";
import { TokenPage } from "../token-page.tsx";

export function LinkPage(): ReactNode {
  const { signIn } = useAuthClient();
  const navigate = useNavigate();
  return (
    <TokenPage title="Sign in with your link" lead="The link is valid once.">
      {(token) => (
        <EntryForm
          label="Sign in"
          busyLabel="Signing in…"
          entries={[]}
          send={async () => {
            const result = await signIn.confirmLink({ token });
            if (result.ok) await navigate("/account", { replace: true });
            return result;
          }}
        />
      )}
    </TokenPage>
  );
}
