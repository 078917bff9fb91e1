import type { ReactNode } from "react";
import { ActionForm } from "../../components/action-form.tsx";
import { emailField } from "../../lib/fields.ts";
import { forgotPassword } from "../account-actions.ts";

export default function ForgotPassword(): ReactNode {
  return (
    <>
      <h1>Forgotten password</h1>
      <p>You get a message with a link to set a new one.</p>
      <ActionForm action={forgotPassword} submit="Send link" fields={[emailField]} />
    </>
  );
}
