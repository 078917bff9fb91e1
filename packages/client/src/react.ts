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

/** The props of `AuthProvider`. */
export interface AuthProviderProps {
  readonly client: AuthClient<unknown>;
  readonly children?: ReactNode;
}

/** Provides a client to the components inside, and keeps its session refreshed while it is mounted. */
export function AuthProvider({ client, children }: AuthProviderProps): ReactElement {
  // With one subscription that stays, a change of pages does not load the session again.
  useEffect(() => client.session.subscribe(() => undefined), [client]);
  return createElement(ClientContext.Provider, { value: client }, children);
}

/**
 * The client of the nearest `AuthProvider`. Throws a `TypeError` if there is none. Pass the type of the user if the server
 * serializes its own.
 */
export function useAuthClient<U = User, C = unknown>(): AuthClient<U, C> {
  const client = useContext(ClientContext);
  if (client === null) throw new TypeError("useAuthClient needs an <AuthProvider client={client}> above it");
  return client as AuthClient<U, C>;
}

/** The current state. It is `loading` on a server, and at the first render in the browser. */
export function useSession<U = User, C = unknown>(): SessionState<U, C> {
  const { session } = useAuthClient<U, C>();
  return useSyncExternalStore(session.subscribe, session.get, initialState);
}

/** The signed-in user. Null while the state is `loading` or `signed-out`. */
export function useUser<U = User>(): U | null {
  return useSession<U>().user;
}

/** The props of `SignedIn` and `SignedOut`. */
export interface WhenProps {
  readonly children?: ReactNode;
}

/** Renders its children if a user is signed in. It protects no data: every visitor gets the code. Check on the server. */
export function SignedIn({ children }: WhenProps): ReactNode {
  return useSession().status === "signed-in" ? children : null;
}

/** Renders its children if no user is signed in. */
export function SignedOut({ children }: WhenProps): ReactNode {
  return useSession().status === "signed-out" ? children : null;
}

function initialState(): SessionState<never, never> {
  return loading;
}
