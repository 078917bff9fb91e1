import Link from "next/link";
import type { ReactNode } from "react";
import { ActionForm } from "../../components/action-form.tsx";
import { emailField, passwordField } from "../../lib/fields.ts";
import type { PageProps } from "../../lib/search.ts";
import { enter } from "../actions.ts";

export default async function Login({ searchParams }: PageProps): Promise<ReactNode> {
  const { redirect_to: to } = await searchParams;
  return (
    <>
      <h1>Sign in</h1>
      <ActionForm
        action={enter}
        submit="Sign in"
        other="Make an account"
        fields={[
          { ...emailField, autoComplete: "username" },
          { ...passwordField, hint: "At least 8 characters." },
        ]}
        hidden={{ redirect_to: String(to ?? "") }}
      />
      <p>
        <Link href="/forgot-password">Forgotten password</Link> or{" "}
        <Link href="/sign-in/mail">sign in by mail</Link>
      </p>
    </>
  );
}
