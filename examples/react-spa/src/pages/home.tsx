import { SignedIn, SignedOut } from "@latchkey/client/react";
import type { ReactNode } from "react";
import { Link } from "react-router";
import { KeyArt } from "../key-art.tsx";
import { Page } from "../page.tsx";

const POINTS = [
  [
    "No script reads it",
    "The key is in HttpOnly cookies. A script that is injected into this page cannot steal it.",
  ],
  ["It refreshes itself", "The access token lasts minutes, and is refreshed in time, once for all tabs."],
  ["A copy gives itself away", "If a stolen copy and your key are both used, the session ends."],
] as const;

export function HomePage(): ReactNode {
  return (
    <>
      <div className="hero">
        <div>
          <Page
            title="One key for each device"
            lead="Sign in once on every device you use. See them all in one place, and sign any of them out."
          >
            <Ways />
          </Page>
        </div>
        <div className="panel">
          <KeyArt />
        </div>
      </div>
      <ul className="points">
        {POINTS.map(([point, why]) => (
          <li key={point}>
            <h2>{point}</h2>
            <p>{why}</p>
          </li>
        ))}
      </ul>
    </>
  );
}

function Ways(): ReactNode {
  return (
    <div className="actions">
      <SignedOut>
        <Link className="button" to="/sign-up">
          Create an account
        </Link>
        <Link className="button outline" to="/sign-in">
          Sign in
        </Link>
      </SignedOut>
      <SignedIn>
        <Link className="button" to="/devices">
          See your devices
        </Link>
        <Link className="button outline" to="/account">
          Your account
        </Link>
      </SignedIn>
    </div>
  );
}
