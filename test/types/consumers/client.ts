import { createAuthClient } from "@latchkey/client";

export interface Profile {
  readonly id: string;
  readonly plan: "free" | "gold";
}

export const client = createAuthClient<Profile, { readonly role: string }>({ baseURL: "/auth" });

export const plain = createAuthClient({ baseURL: "/auth" });

export async function signIn(email: string, password: string) {
  const result = await client.signIn.password({ email, password });
  return result.ok ? result.data.user.plan : result.error;
}

export const signUp = (email: string, password: string) => plain.signUp({ email, password });

export const state = () => client.session.get();

export function sessionOrState() {
  const known = client.session.get();
  return known.status === "signed-in" ? known.session : known;
}

export const devices = () => client.devices.list();

export const leave = () => client.signOut({ scope: "all" });

export const startGitHub = () => client.signIn.oauth("github");

export async function signInByOneTap(ask: (nonce: string) => Promise<string>) {
  const begun = await client.signIn.idTokenNonce("google");
  if (!begun.ok) return begun.error;
  const { nonce } = begun.data;
  const result = await client.signIn.idToken("google", { idToken: await ask(nonce), nonce, remember: false });
  return result.ok ? result.data.user.plan : result.error;
}
