import { useAuthClient } from "@latchkey/client/react";
import { type ReactNode, useState } from "react";
import { useSearchParams } from "react-router";
import { destinationOf } from "../destination.ts";
import { Entrance } from "../entrance.tsx";
import { codeEntry, emailEntry } from "../entries.ts";
import { EntryForm } from "../entry-form.tsx";
import { InboxHint } from "../inbox-hint.tsx";
import { Page } from "../page.tsx";
import { Sent } from "../token-page.tsx";

interface Message {
  readonly way: "link" | "code";
  readonly email: string;
}

export function MailSignInPage(): ReactNode {
  const { signIn } = useAuthClient();
  const [search] = useSearchParams();
  const [sent, setSent] = useState<Message | null>(null);
  const sendBy =
    (way: Message["way"]) =>
    async ({ email = "" }) => {
      const result = await signIn[way]({ email });
      if (result.ok) setSent({ way, email });
      return result;
    };
  return (
    <Entrance destination={destinationOf(search.get("to"))}>
      <Page title="Sign in by mail" lead="You need no password, only your mailbox.">
        {sent === null ? (
          <EntryForm
            label="Send link"
            busyLabel="Sending…"
            entries={[emailEntry]}
            send={sendBy("link")}
            other={{ label: "Send code", busyLabel: "Sending…", send: sendBy("code") }}
          />
        ) : (
          <Sent>
            If {sent.email} has an account, a message with a {sent.way} is on its way to it. <InboxHint />
          </Sent>
        )}
        {sent?.way === "code" ? (
          <EntryForm
            label="Sign in"
            busyLabel="Signing in…"
            entries={[codeEntry]}
            send={({ code = "" }) => signIn.confirmCode({ email: sent.email, code })}
            blame={{ mail_token_invalid: { name: "code", isOfField: true } }}
          />
        ) : null}
      </Page>
    </Entrance>
  );
}
