import { useAuthClient } from "@latchkey/client/react";
import { type ReactNode, useState } from "react";
import { emailEntry } from "../entries.ts";
import { EntryForm } from "../entry-form.tsx";
import { InboxHint } from "../inbox-hint.tsx";
import { Page } from "../page.tsx";
import { Sent } from "../token-page.tsx";

export function ForgotPasswordPage(): ReactNode {
  const { password } = useAuthClient();
  const [sentTo, setSentTo] = useState<string | null>(null);
  return (
    <div className="desk">
      <Page title="Forgotten password" lead="You get a message with a link to set a new one.">
        {sentTo === null ? (
          <EntryForm
            label="Send link"
            busyLabel="Sending…"
            entries={[emailEntry]}
            send={async ({ email = "" }) => {
              const result = await password.forgot({ email });
              if (result.ok) setSentTo(email);
              return result;
            }}
          />
        ) : (
          <Sent>
            If {sentTo} has an account, a message is on its way to it. <InboxHint />
          </Sent>
        )}
      </Page>
    </div>
  );
}
