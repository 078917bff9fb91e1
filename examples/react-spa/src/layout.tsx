import { useSession } from "@latchkey/client/react";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { Link, NavLink, Outlet, useLocation, useNavigationType } from "react-router";
import { Action } from "./action.tsx";
import { AUTH_URL } from "./auth.ts";
import { Connection } from "./connection.tsx";
import { DepartureContext, useDeparture, useNewDeparture } from "./departure.ts";

export function Layout(): ReactNode {
  const main = useRef<HTMLElement>(null);
  const departure = useNewDeparture();
  const isGone = useSignedOut(main);
  return (
    <DepartureContext value={departure}>
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
        {departure.fault === null ? null : (
          <p className="notice bad" role="alert">
            {departure.fault}
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
    </DepartureContext>
  );
}

function Navigation(): ReactNode {
  const { leave } = useDeparture();
  const { status } = useSession();
  if (status === "loading") return null;
  return (
    <nav aria-label="Main">
      {status === "signed-in" ? (
        <>
          <NavLink to="/account">Account</NavLink>
          <NavLink to="/devices">Devices</NavLink>
          <Action className="quiet" run={leave}>
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

/**
 * Whether a session ended while the page was open: here, in another tab, or from another device. Whoever goes on to
 * another page has read it.
 */
function useSignedOut(main: { readonly current: HTMLElement | null }): boolean {
  const { status } = useSession();
  const { key } = useLocation();
  // To be led to the sign-in page is not to go on.
  const isLed = useNavigationType() === "REPLACE";
  const [last, setLast] = useState({ status, key });
  const [isGone, setGone] = useState(false);
  if (status !== last.status || key !== last.key) {
    if (status !== last.status) setGone(last.status === "signed-in" && status === "signed-out");
    else if (!isLed) setGone(false);
    setLast({ status, key });
  }
  useEffect(() => {
    // The button that had the focus is gone.
    if (isGone && document.activeElement === document.body) main.current?.focus();
  }, [isGone, main]);
  return isGone;
}
