import type { ReactNode } from "react";
import { TokenForm } from "../../components/action-form.tsx";
import { type PageProps, tokenOf } from "../../lib/search.ts";
import { undoEmail } from "../account-actions.ts";

export default async function UndoEmailChange(props: PageProps): Promise<ReactNode> {
  return (
    <>
      <h1>Restore your address</h1>
      <p>Press the button if you did not change the address of your account.</p>
      <TokenForm token={await tokenOf(props)} action={undoEmail} submit="Restore address" isDangerous />
    </>
  );
}
