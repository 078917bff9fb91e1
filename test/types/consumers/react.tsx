import {
  AuthProvider,
  SignedIn,
  SignedOut,
  useAuthClient,
  useSession,
  useUser,
} from "@latchkey/client/react";
import type { ReactNode } from "react";
import { client, type Profile } from "./client.js";

export function App({ children }: { readonly children: ReactNode }) {
  return (
    <AuthProvider client={client}>
      <SignedIn>{children}</SignedIn>
      <SignedOut>Sign in</SignedOut>
    </AuthProvider>
  );
}

export const useProfile = () => useUser<Profile>();

export const useRole = () => {
  const { session, status } = useSession<Profile, { readonly role: string }>();
  return { role: session?.context.role, status };
};

export const useClient = () => useAuthClient<Profile>();

export function useSignOut() {
  const { signOut } = useAuthClient();
  return () => signOut();
}
