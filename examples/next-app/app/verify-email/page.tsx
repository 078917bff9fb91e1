import type { ReactNode } from "react";
import { TokenForm } from "../../components/action-form.tsx";
import { passwordField } from "../../lib/fields.ts";
import { type PageProps, tokenOf } from "../../lib/search.ts";
import { verifyEmail } from "../account-actions.ts";

export default async function VerifyEmail(props: PageProps): Promise<ReactNode> {
  return (
    <>
      <h1>Confirm your address</h1>
      <p>Press the button if you signed up with this address.</p>
      <TokenForm
        token={await tokenOf(props)}
        action={verifyEmail}
        submit="Confirm address"
        fields={[
          {
            ...passwordField,
            label: "Password, if you are not signed in here",
            isOptional: true,
            hint: "Without it, a password that another person may have set is removed.",
          },
        ]}
      />
    </>
  );
}
