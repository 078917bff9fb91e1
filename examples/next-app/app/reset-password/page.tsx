import type { ReactNode } from "react";
import { TokenForm } from "../../components/action-form.tsx";
import { newPasswordField } from "../../lib/fields.ts";
import { type PageProps, tokenOf } from "../../lib/search.ts";
import { resetPassword } from "../account-actions.ts";

export default async function ResetPassword(props: PageProps): Promise<ReactNode> {
  return (
    <>
      <h1>Set a new password</h1>
      <p>Every device that is signed in to your account is signed out.</p>
      <TokenForm
        token={await tokenOf(props)}
        action={resetPassword}
        submit="Set password"
        fields={[newPasswordField]}
      />
    </>
  );
}
