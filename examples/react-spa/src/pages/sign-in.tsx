import { useAuthClient } from "@latchkey/client/react";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { Link, useSearchParams } from "react-router";
import { CredentialsForm } from "../credentials-form.tsx";
import { destinationOf } from "../destination.ts";
import { Entrance } from "../entrance.tsx";
import { Page } from "../page.tsx";
import { ProviderButtons } from "../provider-buttons.tsx";
import { sentenceOfReturn } from "../sentences.ts";

export function SignInPage(): ReactNode {
  const { signIn } = useAuthClient();
  const [search] = useSearchParams();
  const error = useReturnedError();
  const to = search.get("to");
  const destination = destinationOf(to);
  const lead = to === null ? "Welcome back." : `Sign in to continue to ${destination}.`;
  return (
    <Entrance destination={destination}>
      <Page title="Sign in" lead={lead}>
        {error === null ? null : <ReturnedError code={error} />}
        <CredentialsForm label="Sign in" busyLabel="Signing in…" isNew={false} send={signIn.password} />
        <p className="aside">
          <Link to="/forgot-password">Forgotten password</Link>
        </p>
        <ProviderButtons destination={destination} />
        <Link className="button outline" to={{ pathname: "/sign-in/mail", search: search.toString() }}>
          Sign in by mail
        </Link>
        <p className="aside">
          New here? <Link to={{ pathname: "/sign-up", search: search.toString() }}>Create an account</Link>
        </p>
      </Page>
    </Entrance>
  );
}

/** The `?error=` of a provider's redirect. It is removed from the address, and kept while the page is open. */
function useReturnedError(): string | null {
  const [search, setSearch] = useSearchParams();
  const inAddress = search.get("error");
  const [error] = useState(inAddress);
  useEffect(() => {
    if (inAddress === null) return;
    const rest = new URLSearchParams(search);
    rest.delete("error");
    setSearch(rest, { replace: true });
  }, [inAddress, search, setSearch]);
  return error;
}

function ReturnedError({ code }: { readonly code: string }): ReactNode {
  const message = useRef<HTMLParagraphElement>(null);
  // Screen readers do not announce an alert that is part of the first render, so it gets the focus.
  useEffect(() => message.current?.focus(), []);
  return (
    <p ref={message} className="fault" role="alert" tabIndex={-1}>
      {sentenceOfReturn(code)}
    </p>
  );
}
