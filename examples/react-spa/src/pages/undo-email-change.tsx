import { useAuthClient } from "@latchkey/client/react";
import { type ReactNode, useState } from "react";
import { Link } from "react-router";
import { EntryForm } from "../entry-form.tsx";
import { Done, TokenPage } from "../token-page.tsx";

export function UndoEmailChangePage(): ReactNode {
  const { email } = useAuthClient();
  const [isDone, setDone] = useState(false);
  return (
    <TokenPage
      title="Restore your address"
      lead="Press the button if you did not change the address of your account."
    >
      {(token) =>
        isDone ? (
          <Done>
            <p>
              Your account has its earlier address. Its password is removed, and every device is signed out.
            </p>
            <p>
              <Link to="/forgot-password">Set a new password</Link>
            </p>
          </Done>
        ) : (
          <EntryForm
            label="Restore address"
            busyLabel="Restoring…"
            isDangerous
            entries={[]}
            send={async () => {
              const result = await email.undoChange({ token });
              if (result.ok) setDone(true);
              return result;
            }}
          />
        )
      }
    </TokenPage>
  );
}
