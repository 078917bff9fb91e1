import type { AuthClient } from "@latchkey/client";
import {
  AuthProvider,
  SignedIn,
  SignedOut,
  useAuthClient,
  useSession,
  useUser,
} from "@latchkey/client/react";
import { createElement, type ReactElement, type ReactNode, StrictMode, useState } from "react";

export interface AppProps {
  readonly client: AuthClient;
  /** Leaves the session to one reader, who gives way to another at each turn. */
  readonly isBare?: boolean;
}

/** Reads the session in each way that there is. */
export function App({ client, isBare = false }: AppProps): ReactElement {
  return createElement(
    StrictMode,
    null,
    createElement(
      AuthProvider,
      { client },
      createElement(Turns),
      isBare ? null : createElement(SignedIn, null, createElement("p", { id: "in" }, "inside")),
      isBare ? null : createElement(SignedOut, null, createElement("p", { id: "out" }, "outside")),
    ),
  );
}

/** Shows one page or the other, each of which reads the session. */
function Turns(): ReactNode {
  const [turn, setTurn] = useState(0);
  const client = useAuthClient();
  const enter = (): void => {
    void client.signUp({ email: `${crypto.randomUUID()}@example.com`, password: "correct horse battery" });
  };
  const button = (id: string, onClick: () => void): ReactElement =>
    createElement("button", { id, type: "button", onClick }, id);
  return createElement(
    "main",
    null,
    button("enter", enter),
    button("leave", () => void client.signOut()),
    button("turn", () => setTurn(turn + 1)),
    createElement("p", { id: "turns" }, turn),
    createElement(Reader, { key: turn }),
  );
}

/** Reads the session; the name beside it reads it for itself. */
export function Reader(): ReactNode {
  const { status, error } = useSession();
  return createElement(
    "div",
    null,
    createElement("p", { id: "status" }, status),
    createElement("p", { id: "error" }, error?.code ?? "none"),
    createElement(Name),
  );
}

function Name(): ReactNode {
  return createElement("p", { id: "name" }, useUser()?.email ?? "anonymous");
}
