import { useSession, useUser } from "@latchkey/client/react";
import type { ReactNode } from "react";
import { Link } from "react-router";
import { Page } from "../page.tsx";
import { Time } from "../time.tsx";

const METHODS: Readonly<Record<string, string>> = {
  pwd: "with a password",
  fed: "through a provider",
  link: "with a link",
  otp: "with a code",
};

export function AccountPage(): ReactNode {
  const user = useUser();
  const { session } = useSession();
  if (user === null || session === null) return null;
  return (
    <Page title={user.name ?? "Your account"} lead={user.email}>
      <dl className="facts">
        <div>
          <dt>Signed in</dt>
          <dd>
            <Time seconds={session.authTime} />{" "}
            {session.amr.map((method) => METHODS[method] ?? method).join(", ")}
          </dd>
        </div>
        <div>
          <dt>Stays signed in</dt>
          <dd>
            {session.expiresAt === null ? (
              "until you sign out"
            ) : (
              <>
                until <Time seconds={session.expiresAt} />; each visit extends this
              </>
            )}
          </dd>
        </div>
      </dl>
      <ReadableByScripts />
      <p>
        <Link to="/devices">See every device that is signed in</Link>
      </p>
      <p>
        <Link to="/settings">Change your address or password, or delete your account</Link>
      </p>
    </Page>
  );
}

/** Shows what an injected script could read. */
function ReadableByScripts(): ReactNode {
  const found = [
    ["document.cookie", document.cookie.includes("latchkey") ? "a cookie of Latchkey" : "nothing"],
    ["localStorage", namesIn(localStorage)],
    ["sessionStorage", namesIn(sessionStorage)],
  ] as const;
  return (
    <section aria-labelledby="visible">
      <h2 id="visible">What a script can read here</h2>
      <p className="note">
        The cookies are HttpOnly: they travel with every request to the server, and no script can read them.
      </p>
      <dl className="script">
        {found.map(([where, what]) => (
          <div key={where}>
            <dt>{where}</dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function namesIn(storage: Storage): string {
  return storage.length === 0 ? "nothing" : Object.keys(storage).join(", ");
}
