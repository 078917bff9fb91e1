import type { Verified } from "@latchkey/client";
import { useAuthClient, useSession } from "@latchkey/client/react";
import { type ReactNode, useState } from "react";
import { Link } from "react-router";
import { passwordEntry } from "../entries.ts";
import { type Entry, EntryForm } from "../entry-form.tsx";
import { Done, TokenPage } from "../token-page.tsx";

// The input may be empty, so it has no sentence for that.
const { missing: _, ...anyPassword } = passwordEntry;
const optionalPassword: Entry = {
  ...anyPassword,
  label: "Password of the account",
  hint: "Leave it empty if you did not set one. A password that another person may have set is removed.",
};

export function VerifyEmailPage(): ReactNode {
  const { email } = useAuthClient();
  const { status } = useSession();
  const [verified, setVerified] = useState<Verified | null>(null);
  return (
    <TokenPage title="Confirm your address" lead="Press the button if you signed up with this address.">
      {(token) =>
        verified === null ? (
          <EntryForm
            label="Confirm address"
            busyLabel="Confirming…"
            entries={status === "signed-in" ? [] : [optionalPassword]}
            send={async ({ password = "" }) => {
              const result = await email.verify({ token, ...(password === "" ? {} : { password }) });
              if (result.ok) setVerified(result.data);
              return result;
            }}
          />
        ) : (
          <Done>
            <p>Your address is confirmed.</p>
            <Next verified={verified} />
          </Done>
        )
      }
    </TokenPage>
  );
}

function Next({ verified: { password } }: { readonly verified: Verified }): ReactNode {
  if (password === "removed") {
    return (
      <p>
        The password was removed, because it may be of another person.{" "}
        <Link to="/forgot-password">Set a new one</Link>.
      </p>
    );
  }
  return (
    <p>
      <Link to="/account">Go to your account</Link>
    </p>
  );
}
