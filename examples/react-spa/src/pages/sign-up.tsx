import { useAuthClient } from "@latchkey/client/react";
import type { ReactNode } from "react";
import { Link, useSearchParams } from "react-router";
import { CredentialsForm } from "../credentials-form.tsx";
import { destinationOf } from "../destination.ts";
import { Entrance } from "../entrance.tsx";
import { Page } from "../page.tsx";
import { ProviderButtons } from "../provider-buttons.tsx";

export function SignUpPage(): ReactNode {
  const { signUp } = useAuthClient();
  const [search] = useSearchParams();
  const destination = destinationOf(search.get("to"));
  return (
    <Entrance destination={destination}>
      <Page title="Create an account" lead="Any address works: nothing is sent to it.">
        <CredentialsForm label="Create account" busyLabel="Creating…" isNew send={signUp} />
        <ProviderButtons destination={destination} />
        <p className="aside">
          Here before? <Link to={{ pathname: "/sign-in", search: search.toString() }}>Sign in</Link>
        </p>
      </Page>
    </Entrance>
  );
}
