import type { ReactNode } from "react";
import { TokenForm } from "../../components/action-form.tsx";
import { type PageProps, tokenOf } from "../../lib/search.ts";
import { confirmEmail } from "../account-actions.ts";

export default async function ConfirmEmail(props: PageProps): Promise<ReactNode> {
  return (
    <>
      <h1>Confirm your new address</h1>
      <p>After that, you sign in with the new address.</p>
      <TokenForm token={await tokenOf(props)} action={confirmEmail} submit="Use this address" />
    </>
  );
}
