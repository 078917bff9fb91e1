import { SignedIn, SignedOut } from "@latchkey/client/react";
import type { ReactNode } from "react";
import { Link } from "react-router";
import { KeyArt } from "../key-art.tsx";
import { Page } from "../page.tsx";

export function HomePage(): ReactNode {
  return (
    <div className="hero">
      <div>
        <Page
          title="One key for each device"
          lead="Sign in once on every device you use. See them all in one place, and take back the key of any."
        >
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
        </Page>
      </div>
      <div className="panel">
        <KeyArt />
      </div>
    </div>
  );
}
