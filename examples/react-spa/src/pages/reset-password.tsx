import { useAuthClient } from "@latchkey/client/react";
import { type ReactNode, useState } from "react";
import { Link } from "react-router";
import { newPasswordEntry } from "../entries.ts";
import { EntryForm } from "../entry-form.tsx";
import { Done, TokenPage } from "../token-page.tsx";

export function ResetPasswordPage(): ReactNode {
  const { password } = useAuthClient();
  const [isDone, setDone] = useState(false);
  return (
    <TokenPage
      title="Set a new password"
      lead="Every device that is signed in to your account is signed out."
    >
      {(token) =>
        isDone ? (
          <Done>
            <p>
              Your password is set. <Link to="/sign-in">Sign in with it</Link>.
            </p>
          </Done>
        ) : (
          <EntryForm
            label="Set password"
            busyLabel="Setting…"
            entries={[newPasswordEntry]}
            send={async ({ newPassword = "" }) => {
              const result = await password.reset({ token, newPassword });
              if (result.ok) setDone(true);
              return result;
            }}
            blame={{ weak_password: { name: "newPassword", isOfField: true } }}
          />
        )
      }
    </TokenPage>
  );
}
