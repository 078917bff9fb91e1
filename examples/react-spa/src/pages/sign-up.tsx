import { useAuthClient } from "@latchkey/client/react";
import { type ReactNode, useState } from "react";
import { Link, useSearchParams } from "react-router";
import { CredentialsForm } from "../credentials-form.tsx";
import { destinationOf } from "../destination.ts";
import { Entrance } from "../entrance.tsx";
import { InboxHint } from "../inbox-hint.tsx";
import { useMailToken } from "../mail-token.ts";
import { Page } from "../page.tsx";
import { ProviderButtons } from "../provider-buttons.tsx";
import { Sent } from "../token-page.tsx";

export function SignUpPage(): ReactNode {
  const { signUp } = useAuthClient();
  const [search] = useSearchParams();
  const invitation = useMailToken();
  const [sentTo, setSentTo] = useState<string | null>(null);
  const destination = destinationOf(search.get("to"));
  return (
    <Entrance destination={destination}>
      <Page title="Create an account" lead="You get a message to confirm your address.">
        {sentTo === null ? (
          <CredentialsForm
            label="Create account"
            busyLabel="Creating…"
            isNew
            send={async (credentials) => {
              const result = await signUp({ ...credentials, ...(invitation === null ? {} : { invitation }) });
              // The server may require a confirmed address before the first sign-in.
              if (result.ok && result.data === null) setSentTo(credentials.email);
              return result;
            }}
          />
        ) : (
          <Sent>
            Open the message to {sentTo} to complete the sign-up. <InboxHint />
          </Sent>
        )}
        <ProviderButtons destination={destination} invitation={invitation} />
        <p className="aside">
          Here before? <Link to={{ pathname: "/sign-in", search: search.toString() }}>Sign in</Link>
        </p>
      </Page>
    </Entrance>
  );
}
