import { useSession } from "@latchkey/client/react";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { Link, NavLink, Outlet, useLocation, useNavigationType } from "react-router";
import { Action } from "./action.tsx";
import { AUTH_URL } from "./auth.ts";
import { Connection } from "./connection.tsx";
import { sentenceOf } from "./sentences.ts";
import { SignOutContext, useNewSignOut, useSignOut } from "./sign-out.ts";
import { StepUp } from "./step-up.tsx";

export function Layout(): ReactNode {
  const main = useRef<HTMLElement>(null);
  const signOut = useNewSignOut();
  const { hasEnded, farewell } = useSessionEnd(main);
  return (
    <SignOutContext value={signOut}>
      <a className="skip" href="#main">
        Skip to the content
      </a>
      <header className="top">
        <Link className="brand" to="/">
          <img src="/key.svg" alt="" width="32" height="32" />
          Latchkey
        </Link>
        <div className="links">
          <Navigation />
        </div>
      </header>
      <div className="notices">
        <Connection />
        <div role="status">{hasEnded ? <p className="notice">{farewell}</p> : null}</div>
        {signOut.fault === null ? null : (
          <p className="notice bad" role="alert">
            {signOut.fault}
          </p>
        )}
      </div>
      <main id="main" ref={main} tabIndex={-1}>
        <StepUp>
          <Outlet />
        </StepUp>
      </main>
      <footer>
        This page is <b>{location.host}</b>. Its API is <b>{URL.parse(AUTH_URL)?.host ?? location.host}</b>.
      </footer>
    </SignOutContext>
  );
}

function Navigation(): ReactNode {
  const { signOut } = useSignOut();
  const { status } = useSession();
  if (status === "loading") return null;
  return (
    <nav aria-label="Main">
      {status === "signed-in" ? (
        <>
          <NavLink to="/account">Account</NavLink>
          <NavLink to="/devices">Devices</NavLink>
          <Action className="quiet" run={signOut}>
            Sign out
          </Action>
        </>
      ) : (
        <>
          <NavLink to="/sign-in">Sign in</NavLink>
          <NavLink to="/sign-up">Sign up</NavLink>
        </>
      )}
    </nav>
  );
}

interface SessionEnd {
  readonly hasEnded: boolean;
  /** Why it has ended, if the server told. */
  readonly farewell: string;
}

/**
 * Whether the session ended while the page was open, or before: here, in another tab, or from another device. It is false again
 * after the next navigation by the user.
 */
function useSessionEnd(main: { readonly current: HTMLElement | null }): SessionEnd {
  const { status, reason } = useSession();
  const { key } = useLocation();
  // The redirect to the sign-in page is no navigation by the user.
  const isRedirect = useNavigationType() === "REPLACE";
  const [last, setLast] = useState({ status, key });
  const [hasEnded, setHasEnded] = useState(false);
  if (status !== last.status || key !== last.key) {
    const wasSignedIn = last.status === "signed-in" || reason !== undefined;
    if (status !== last.status) setHasEnded(wasSignedIn && status === "signed-out");
    else if (!isRedirect) setHasEnded(false);
    setLast({ status, key });
  }
  useEffect(() => {
    // The button that had the focus was removed.
    if (hasEnded && document.activeElement === document.body) main.current?.focus();
  }, [hasEnded, main]);
  return { hasEnded, farewell: reason === undefined ? "You are signed out." : sentenceOf({ code: reason }) };
}
