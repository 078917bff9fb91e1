"use server";

import { safeRedirect } from "@latchkey/core";
import { callRoute } from "@latchkey/next";
import { refresh } from "next/cache";
import { redirect } from "next/navigation";
import { auth } from "../lib/auth.ts";
import { writeNote } from "../lib/notes.ts";
import { signedIn } from "../lib/signed-in.ts";

export async function signIn(form: FormData): Promise<void> {
  await enter(auth.handlers.login, form);
}

export async function signUp(form: FormData): Promise<void> {
  await enter(auth.handlers.signup, form);
}

export async function signOut(): Promise<void> {
  const { ok } = await callRoute(auth.handlers.logout);
  if (!ok) throw new Error("The sign-out failed.");
  redirect("/login");
}

export async function saveNote(form: FormData): Promise<void> {
  const { userId } = await signedIn();
  writeNote(userId, String(form.get("note") ?? "").slice(0, 200));
  refresh();
}

export async function endSession(form: FormData): Promise<void> {
  const { userId } = await signedIn();
  const found = await auth.sessions.get(String(form.get("id")));
  if (found !== null && found.userId === userId) await auth.sessions.revoke(found.id);
  refresh();
}

async function enter(route: (request: Request) => Promise<Response>, form: FormData): Promise<void> {
  const to = safeRedirect(form.get("redirect_to")) ?? "/dashboard";
  const answer = await callRoute(route, { email: form.get("email"), password: form.get("password") });
  if (answer.ok) redirect(to);
  const { error } = await answer.json();
  redirect(`/login?${new URLSearchParams({ error, redirect_to: to })}`);
}
