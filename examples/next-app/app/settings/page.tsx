import type { ReactNode } from "react";
import { ActionForm } from "../../components/action-form.tsx";
import { emailField, newPasswordField, passwordField } from "../../lib/fields.ts";
import { signedIn } from "../../lib/signed-in.ts";
import { changeEmail, changePassword, deleteAccount, requestVerification } from "../account-actions.ts";

export default async function Settings(): Promise<ReactNode> {
  await signedIn();
  return (
    <>
      <h1>Settings</h1>
      <p>Changes of your account need a recent sign-in.</p>
      <h2>Confirm your address</h2>
      <ActionForm action={requestVerification} submit="Send confirmation" />
      <h2>Change your address</h2>
      <ActionForm action={changeEmail} submit="Send link" fields={[{ ...emailField, label: "New e-mail" }]} />
      <h2>Change your password</h2>
      <ActionForm
        action={changePassword}
        submit="Change password"
        fields={[{ ...passwordField, name: "currentPassword", label: "Current password" }, newPasswordField]}
      />
      <h2>Delete your account</h2>
      <p>Your account and its data are deleted at once. This cannot be undone.</p>
      <ActionForm action={deleteAccount} submit="Delete account" isDangerous />
    </>
  );
}
