import type { Remember, Result } from "@latchkey/client";
import type { ReactNode } from "react";
import { newPasswordEntry, passwordEntry, rememberEntry, usernameEntry } from "./entries.ts";
import { EntryForm } from "./entry-form.tsx";

interface Credentials extends Remember {
  readonly email: string;
  readonly password: string;
}

interface CredentialsFormProps {
  readonly label: string;
  readonly busyLabel: string;
  readonly isNew: boolean;
  readonly send: (credentials: Credentials) => Promise<Result<unknown>>;
}

/** A form for an address and a password. After a sign-in, the page around it navigates. */
export function CredentialsForm({ label, busyLabel, isNew, send }: CredentialsFormProps): ReactNode {
  const { name } = passwordEntry;
  return (
    <EntryForm
      label={label}
      busyLabel={busyLabel}
      entries={
        isNew
          ? [usernameEntry, { ...newPasswordEntry, name, label: "Password" }]
          : [usernameEntry, passwordEntry, rememberEntry]
      }
      send={({ email = "", password = "", remember }) => send({ email, password, remember: remember !== "" })}
      blame={{
        identifier_taken: { name: "email", isOfField: true },
        weak_password: { name, isOfField: true },
        invalid_credentials: { name, isOfField: false },
      }}
    />
  );
}
