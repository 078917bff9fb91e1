"use client";

import {
  type Context,
  createContext,
  createElement,
  type ReactElement,
  type ReactNode,
  useContext,
  useEffect,
  useSyncExternalStore,
} from "react";
import type { AuthClient } from "./client.ts";
import { loading, type SessionState, type User } from "./state.ts";

const ClientContext: Context<AuthClient<unknown> | null> = createContext<AuthClient<unknown> | null>(null);

export interface AuthProviderProps {
  readonly client: AuthClient<unknown>;
  readonly children?: ReactNode;
}

/** Gives a client to everything below it, and keeps its session alive for as long as it is there. */
export function AuthProvider({ client, children }: AuthProviderProps): ReactElement {
  // Between two pages nobody may be reading: nothing is asked anew for that.
  useEffect(() => client.session.subscribe(() => undefined), [client]);
  return createElement(ClientContext.Provider, { value: client }, children);
}

/** The client of the nearest `AuthProvider`. Name the type of its user where the server serializes its own. */
export function useAuthClient<U = User, C = unknown>(): AuthClient<U, C> {
  const client = useContext(ClientContext);
  if (client === null) throw new TypeError("useAuthClient needs an <AuthProvider client={client}> above it");
  return client as AuthClient<U, C>;
}

/** Who is signed in. A server renders `loading`, and so does the first render in the browser. */
export function useSession<U = User, C = unknown>(): SessionState<U, C> {
  const { session } = useAuthClient<U, C>();
  return useSyncExternalStore(session.subscribe, session.get, atFirst);
}

/** The user who is signed in; null for nobody, and while that is not known. */
export function useUser<U = User>(): U | null {
  return useSession<U>().user;
}

export interface WhenProps {
  readonly children?: ReactNode;
}

/** Shows its children to who is signed in. It hides nothing from anybody who reads the source: protect data on the server. */
export function SignedIn({ children }: WhenProps): ReactNode {
  return useSession().status === "signed-in" ? children : null;
}

/** Shows its children where nobody is signed in. */
export function SignedOut({ children }: WhenProps): ReactNode {
  return useSession().status === "signed-out" ? children : null;
}

function atFirst(): SessionState<never, never> {
  return loading;
}
