"use server";

import { safeRedirect } from "@latchkey/core";
import { callRoute } from "@latchkey/next";
import { refresh } from "next/cache";
import { redirect } from "next/navigation";
import { auth } from "../lib/auth.ts";
import { writeNote } from "../lib/notes.ts";
import { type Outcome, outcomeOf } from "../lib/outcome.ts";
import { signedIn } from "../lib/signed-in.ts";

const { handlers } = auth;

/** Signs in, or up with the second button of the form. */
export async function enter(_: Outcome, form: FormData): Promise<Outcome> {
  const route = form.get("way") === "other" ? handlers.signup : handlers.login;
  const answer = await callRoute(route, { email: form.get("email"), password: form.get("password") });
  if (answer.ok) redirect(safeRedirect(form.get("redirect_to")) ?? "/dashboard");
  return outcomeOf(answer, form, "");
}

export async function signOut(): Promise<void> {
  const { ok } = await callRoute(handlers.logout);
  if (!ok) throw new Error("The sign-out failed.");
  redirect("/login");
}

export async function signOutOthers(_: Outcome, form: FormData): Promise<Outcome> {
  const answer = await callRoute(handlers.logout, { scope: "others" });
  refresh();
  return outcomeOf(answer, form, "All other devices are signed out.");
}

export async function signOutEverywhere(_: Outcome, form: FormData): Promise<Outcome> {
  const answer = await callRoute(handlers.logout, { scope: "all" });
  if (answer.ok) redirect("/login");
  return outcomeOf(answer, form, "");
}

export async function saveNote(form: FormData): Promise<void> {
  const { userId } = await signedIn();
  writeNote(userId, String(form.get("note") ?? "").slice(0, 200));
  refresh();
}

/** Ends the session of the device whose button was pressed. A session that has ended already counts as signed out. */
export async function endSession(_: Outcome, form: FormData): Promise<Outcome> {
  const { userId } = await signedIn();
  const found = await auth.sessions.get(String(form.get("id")));
  if (found !== null && found.userId === userId) await auth.sessions.revoke(found.id);
  refresh();
  return { fault: null, done: "The device is signed out.", email: "" };
}
