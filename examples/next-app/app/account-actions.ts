"use server";

import { minutes, safeRedirect } from "@latchkey/core";
import { callRoute, requireSession } from "@latchkey/next";
import { redirect } from "next/navigation";
import { auth } from "../lib/auth.ts";
import { codeOf, type Outcome, outcomeOf, post } from "../lib/outcome.ts";

const { handlers } = auth;
const SENT = "If this address has an account, a message is on its way to it.";
const WRONG_PASSWORD = { invalid_credentials: "This is not your password." };

export async function forgotPassword(_: Outcome, form: FormData): Promise<Outcome> {
  return outcomeOf(await post(handlers.forgotPassword, form), form, SENT);
}

export async function resetPassword(_: Outcome, form: FormData): Promise<Outcome> {
  return outcomeOf(await post(handlers.resetPassword, form), form, "Your password is set. Sign in with it.");
}

export async function requestVerification(_: Outcome, form: FormData): Promise<Outcome> {
  const answer = await post(handlers.requestEmailVerification, form);
  return outcomeOf(answer, form, "A message is on its way, unless the address is confirmed already.");
}

export async function verifyEmail(_: Outcome, form: FormData): Promise<Outcome> {
  const answer = await post(handlers.verifyEmail, form);
  const { password } = answer.ok ? await answer.clone().json() : { password: null };
  const done = "Your address is confirmed.";
  return outcomeOf(
    answer,
    form,
    password === "removed" ? `${done} The password was removed. Set a new one.` : done,
  );
}

export async function changeEmail(_: Outcome, form: FormData): Promise<Outcome> {
  const answer = await post(handlers.changeEmail, form);
  if ((await codeOf(answer)) === "insufficient_user_authentication") askForPassword();
  return outcomeOf(answer, form, "Open the message to the new address. Nothing changes before that.");
}

export async function confirmEmail(_: Outcome, form: FormData): Promise<Outcome> {
  return outcomeOf(await post(handlers.confirmEmailChange, form), form, "Your account has the new address.");
}

export async function undoEmail(_: Outcome, form: FormData): Promise<Outcome> {
  const done = "Your account has its earlier address. Every device is signed out. Set a new password now.";
  return outcomeOf(await post(handlers.undoEmailChange, form), form, done);
}

export async function changePassword(_: Outcome, form: FormData): Promise<Outcome> {
  const done = "Your password is changed, and your other devices are signed out.";
  return outcomeOf(await post(handlers.changePassword, form), form, done, WRONG_PASSWORD);
}

export async function sendLink(_: Outcome, form: FormData): Promise<Outcome> {
  return outcomeOf(await post(handlers.sendLink, form), form, SENT);
}

export async function sendCode(_: Outcome, form: FormData): Promise<Outcome> {
  return outcomeOf(await post(handlers.sendCode, form), form, SENT);
}

export async function confirmLink(_: Outcome, form: FormData): Promise<Outcome> {
  const answer = await post(handlers.confirmLink, form);
  if (answer.ok) redirect("/dashboard");
  return outcomeOf(answer, form, "");
}

export async function confirmCode(_: Outcome, form: FormData): Promise<Outcome> {
  const answer = await post(handlers.confirmCode, form);
  if (answer.ok) redirect("/dashboard");
  return outcomeOf(answer, form, "");
}

export async function reauthenticate(_: Outcome, form: FormData): Promise<Outcome> {
  const answer = await callRoute(handlers.reauthenticate, { password: form.get("password") });
  if (answer.ok) redirect(safeRedirect(form.get("redirect_to")) ?? "/settings");
  return outcomeOf(answer, form, "", WRONG_PASSWORD);
}

/** Deletes the account. An action of your own that needs a recent sign-in begins with the same check. */
export async function deleteAccount(): Promise<Outcome> {
  const { userId } = await requireSession(auth, {
    maxAge: minutes(15),
    otherwise: (code) =>
      code === "insufficient_user_authentication" ? askForPassword() : redirect("/login"),
  });
  await auth.users.delete(userId);
  await callRoute(handlers.logout);
  redirect("/deleted");
}

function askForPassword(): never {
  redirect("/reauthenticate?redirect_to=/settings");
}
