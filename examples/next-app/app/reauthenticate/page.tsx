import type { ReactNode } from "react";
import { ActionForm } from "../../components/action-form.tsx";
import { passwordField } from "../../lib/fields.ts";
import type { PageProps } from "../../lib/search.ts";
import { signedIn } from "../../lib/signed-in.ts";
import { reauthenticate } from "../account-actions.ts";

export default async function Reauthenticate({ searchParams }: PageProps): Promise<ReactNode> {
  await signedIn();
  const { redirect_to: to } = await searchParams;
  return (
    <>
      <h1>Enter your password</h1>
      <p>Your sign-in is too old for this change.</p>
      <ActionForm
        action={reauthenticate}
        submit="Continue"
        fields={[passwordField]}
        hidden={{ redirect_to: String(to ?? "") }}
      />
    </>
  );
}
