import type { ReactNode } from "react";
import { ActionForm } from "../../../components/action-form.tsx";
import { codeField, emailField } from "../../../lib/fields.ts";
import { confirmCode, sendCode, sendLink } from "../../account-actions.ts";

export default function SignInMail(): ReactNode {
  return (
    <>
      <h1>Sign in by mail</h1>
      <p>You need no password, only your mailbox.</p>
      <h2>With a link</h2>
      <ActionForm action={sendLink} submit="Send link" fields={[emailField]} />
      <h2>With a code</h2>
      <ActionForm action={sendCode} submit="Send code" fields={[emailField]} />
      <h2>Enter your code</h2>
      <ActionForm action={confirmCode} submit="Sign in" fields={[emailField, codeField]} />
    </>
  );
}
