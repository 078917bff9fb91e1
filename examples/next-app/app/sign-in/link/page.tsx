import type { ReactNode } from "react";
import { TokenForm } from "../../../components/action-form.tsx";
import { type PageProps, tokenOf } from "../../../lib/search.ts";
import { confirmLink } from "../../account-actions.ts";

export default async function SignInLink(props: PageProps): Promise<ReactNode> {
  return (
    <>
      <h1>Sign in with your link</h1>
      <p>The link is valid once.</p>
      <TokenForm token={await tokenOf(props)} action={confirmLink} submit="Sign in" />
    </>
  );
}
