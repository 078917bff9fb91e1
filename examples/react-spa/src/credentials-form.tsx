import type { AuthClient, ClientError } from "@latchkey/client";
import { type FormEvent, type ReactNode, useEffect, useRef, useState } from "react";
import { Field } from "./field.tsx";
import { sentenceOf } from "./sentences.ts";

type Name = "email" | "password";

interface Fault {
  /** The field that gets the focus; null leaves the focus where it is. */
  readonly focus: Name | null;
  /** Whether the sentence is shown at that field, or above both fields. */
  readonly isOfField: boolean;
  readonly sentence: string;
}

interface CredentialsFormProps {
  readonly label: string;
  readonly busyLabel: string;
  readonly isNew: boolean;
  readonly send: AuthClient["signUp"];
}

/** A form for an address and a password. After a sign-in, the page around it navigates. */
export function CredentialsForm({ label, busyLabel, isNew, send }: CredentialsFormProps): ReactNode {
  const form = useRef<HTMLFormElement>(null);
  const [fault, setFault] = useState<Fault | null>(null);
  const [isBusy, setBusy] = useState(false);

  const submit = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    if (isBusy) return;
    const entered = new FormData(event.currentTarget);
    const email = String(entered.get("email")).trim();
    const password = String(entered.get("password"));
    const missing = missingOf(email, password);
    setFault(missing);
    if (missing !== null) return;
    setBusy(true);
    const result = await send({ email, password });
    setBusy(false);
    if (!result.ok) setFault(faultOf(result.error));
  };

  useEffect(() => {
    if (fault === null || fault.focus === null) return;
    const field = form.current?.elements.namedItem(fault.focus);
    if (field instanceof HTMLInputElement) field.focus();
  }, [fault]);

  const errorOf = (name: Name): string | null =>
    fault?.isOfField && fault.focus === name ? fault.sentence : null;
  return (
    <form ref={form} noValidate onSubmit={submit}>
      {fault === null || fault.isOfField ? null : (
        <p className="fault" role="alert">
          {fault.sentence}
        </p>
      )}
      <Field
        label="E-mail address"
        name="email"
        type="email"
        autoComplete="username"
        error={errorOf("email")}
      />
      <Field
        label="Password"
        name="password"
        type="password"
        autoComplete={isNew ? "new-password" : "current-password"}
        hint={isNew ? "8 characters or more. A few words are easy to remember." : null}
        error={errorOf("password")}
      />
      <button type="submit" aria-disabled={isBusy}>
        {isBusy ? busyLabel : label}
      </button>
    </form>
  );
}

function missingOf(email: string, password: string): Fault | null {
  if (!/^[^\s@]+@[^\s@]+$/.test(email)) {
    return {
      focus: "email",
      isOfField: true,
      sentence: "Enter an e-mail address, such as ada@example.com.",
    };
  }
  if (password === "") return { focus: "password", isOfField: true, sentence: "Enter a password." };
  return null;
}

function faultOf(error: ClientError): Fault {
  const sentence = sentenceOf(error);
  switch (error.code) {
    case "identifier_taken":
      return { focus: "email", isOfField: true, sentence };
    case "weak_password":
      return { focus: "password", isOfField: true, sentence };
    case "invalid_credentials":
      return { focus: "password", isOfField: false, sentence };
    default:
      return { focus: null, isOfField: false, sentence };
  }
}
