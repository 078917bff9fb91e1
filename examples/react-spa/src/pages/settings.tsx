import type { Result } from "@latchkey/client";
import { useAuthClient, useUser } from "@latchkey/client/react";
import { type ReactNode, useId, useState } from "react";
import { useNavigate } from "react-router";
import { currentPasswordEntry, emailEntry, newPasswordEntry } from "../entries.ts";
import { EntryForm } from "../entry-form.tsx";
import { InboxHint } from "../inbox-hint.tsx";
import { Page } from "../page.tsx";
import { useStepUp } from "../step-up.tsx";

export function SettingsPage(): ReactNode {
  return (
    <Page title="Settings" lead="Changes of your account need a recent sign-in.">
      <div className="settings">
        <Verification />
        <ChangeEmail />
        <ChangePassword />
        <DeleteAccount />
      </div>
    </Page>
  );
}

interface SectionProps {
  readonly title: string;
  /** What was done last. */
  readonly said?: ReactNode;
  readonly children: ReactNode;
}

function Section({ title, said = null, children }: SectionProps): ReactNode {
  const id = useId();
  return (
    <section aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {children}
      <p className="said" role="status">
        {said}
      </p>
    </section>
  );
}

function Verification(): ReactNode {
  const { email } = useAuthClient();
  const user = useUser();
  const [isSent, setSent] = useState(false);
  const send = async (): Promise<Result<null>> => {
    const result = await email.requestVerification();
    setSent(result.ok);
    return result;
  };
  const said = (
    <>
      A message is on its way, unless the address is confirmed already. <InboxHint />
    </>
  );
  return (
    <Section title="Confirm your address" said={isSent ? said : null}>
      <p className="note">You get a link to {user?.email}.</p>
      <EntryForm label="Send confirmation" busyLabel="Sending…" entries={[]} send={send} />
    </Section>
  );
}

function ChangeEmail(): ReactNode {
  const client = useAuthClient();
  const attempt = useStepUp();
  const [sentTo, setSentTo] = useState<string | null>(null);
  const said = (
    <>
      Open the message to {sentTo}. Nothing changes before that. <InboxHint />
    </>
  );
  return (
    <Section title="Change your address" said={sentTo === null ? null : said}>
      <EntryForm
        label="Send link"
        busyLabel="Sending…"
        entries={[{ ...emailEntry, label: "New e-mail address" }]}
        send={async ({ email = "" }) => {
          const result = await attempt(() => client.email.change({ email }));
          if (result.ok) setSentTo(email);
          return result;
        }}
      />
    </Section>
  );
}

function ChangePassword(): ReactNode {
  const { password } = useAuthClient();
  // A form with another key is a new one, with empty inputs.
  const [changes, setChanges] = useState(0);
  const said = "Your password is changed, and your other devices are signed out.";
  return (
    <Section title="Change your password" said={changes === 0 ? null : said}>
      <EntryForm
        key={changes}
        label="Change password"
        busyLabel="Changing…"
        entries={[currentPasswordEntry, newPasswordEntry]}
        send={async ({ currentPassword = "", newPassword = "" }) => {
          const result = await password.change({ currentPassword, newPassword });
          if (result.ok) setChanges(changes + 1);
          return result;
        }}
        blame={{
          invalid_credentials: {
            name: "currentPassword",
            isOfField: true,
            sentence: "This is not your password.",
          },
          weak_password: { name: "newPassword", isOfField: true },
        }}
      />
    </Section>
  );
}

function DeleteAccount(): ReactNode {
  const { account } = useAuthClient();
  const attempt = useStepUp();
  const navigate = useNavigate();
  return (
    <Section title="Delete your account">
      <p className="note">Your account and its data are deleted at once. This cannot be undone.</p>
      <EntryForm
        label="Delete account"
        busyLabel="Deleting…"
        isDangerous
        entries={[]}
        send={async () => {
          const result = await attempt(() => account.delete());
          if (result.ok) await navigate("/deleted", { replace: true });
          return result;
        }}
      />
    </Section>
  );
}
