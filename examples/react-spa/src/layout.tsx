import { useAuthClient, useSession } from "@latchkey/client/react";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { Link, NavLink, Outlet } from "react-router";
import { AUTH_URL } from "./auth.ts";
import { Connection } from "./connection.tsx";
import { FaultContext, faultOfSignOut, useTellFault } from "./fault.ts";

export function Layout(): ReactNode {
  const main = useRef<HTMLElement>(null);
  const [fault, setFault] = useState<string | null>(null);
  const isGone = useSignedOut(main);
  const { status } = useSession();
  useEffect(() => {
    if (status === "signed-in") setFault(null);
  }, [status]);
  return (
    <FaultContext value={setFault}>
      <a className="skip" href="#main">
        Skip to the content
      </a>
      <header className="top">
        <Link className="brand" to="/">
          <img src="/key.svg" alt="" width="32" height="32" />
          Latchkey
        </Link>
        <Navigation />
      </header>
      <div className="notices">
        <Connection />
        <div role="status">{isGone ? <p className="notice">You are signed out.</p> : null}</div>
        {fault === null ? null : (
          <p className="notice bad" role="alert">
            {fault}
          </p>
        )}
      </div>
      <main id="main" ref={main} tabIndex={-1}>
        <Outlet />
      </main>
      <footer>
        This page is <b>{location.host}</b>. It asks <b>{URL.parse(AUTH_URL)?.host ?? location.host}</b> who
        you are.
      </footer>
    </FaultContext>
  );
}

function Navigation(): ReactNode {
  const { signOut, session } = useAuthClient();
  const tellFault = useTellFault();
  const { status } = useSession();
  const leave = async (): Promise<void> => {
    tellFault(null);
    const result = await signOut();
    if (!result.ok) tellFault(faultOfSignOut(result.error, session.get().status === "signed-in"));
  };
  if (status === "loading") return null;
  return (
    <nav aria-label="Main">
      {status === "signed-in" ? (
        <>
          <NavLink to="/account">Account</NavLink>
          <NavLink to="/devices">Devices</NavLink>
          <button type="button" className="quiet" onClick={leave}>
            Sign out
          </button>
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

/** Whether a session ended while the page was open: here, in another tab, or from another device. */
function useSignedOut(main: { readonly current: HTMLElement | null }): boolean {
  const { status } = useSession();
  const [last, setLast] = useState(status);
  const [isGone, setGone] = useState(false);
  if (status !== last) {
    setGone(last === "signed-in" && status === "signed-out");
    setLast(status);
  }
  useEffect(() => {
    // The button that had the focus is gone.
    if (isGone && document.activeElement === document.body) main.current?.focus();
  }, [isGone, main]);
  return isGone;
}
