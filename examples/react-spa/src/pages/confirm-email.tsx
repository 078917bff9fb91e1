import { useAuthClient, useSession } from "@latchkey/client/react";
import { type ReactNode, useState } from "react";
import { Link } from "react-router";
import { CredentialsForm } from "../credentials-form.tsx";
import { EntryForm } from "../entry-form.tsx";
import { Done, TokenPage } from "../token-page.tsx";

/** Only the user of the account can confirm. A sign-in happens on this page, so that the token stays out of every address. */
export function ConfirmEmailPage(): ReactNode {
  const { email, session, signIn } = useAuthClient();
  const { status } = useSession();
  const [confirmed, setConfirmed] = useState<string | null>(null);
  const confirm = (token: string): ReactNode => (
    <EntryForm
      label="Use this address"
      busyLabel="Confirming…"
      entries={[]}
      send={async () => {
        const result = await email.confirmChange({ token });
        if (result.ok) setConfirmed(session.get().user?.email ?? "");
        return result;
      }}
    />
  );
  const signInFirst = (
    <>
      <p>Sign in with your present address first.</p>
      <CredentialsForm label="Sign in" busyLabel="Signing in…" isNew={false} send={signIn.password} />
    </>
  );
  return (
    <TokenPage title="Confirm your new address" lead="After that, you sign in with the new address.">
      {(token) => {
        if (confirmed !== null) {
          return (
            <Done>
              <p>
                Your address is {confirmed} now. <Link to="/account">Go to your account</Link>.
              </p>
            </Done>
          );
        }
        if (status === "loading") return <p>Loading your session.</p>;
        return status === "signed-in" ? confirm(token) : signInFirst;
      }}
    </TokenPage>
  );
}
