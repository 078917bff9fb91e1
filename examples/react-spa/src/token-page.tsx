import { type ReactNode, useEffect, useRef } from "react";
import { useMailToken } from "./mail-token.ts";
import { Page } from "./page.tsx";

interface TokenPageProps {
  readonly title: string;
  readonly lead: string;
  /** The form of the page. Only the press of its button sends the token, because programs that check mail open links too. */
  readonly children: (token: string) => ReactNode;
}

/** A page that a link of a message opens. */
export function TokenPage({ title, lead, children }: TokenPageProps): ReactNode {
  const token = useMailToken();
  return (
    <div className="desk">
      <Page title={title} lead={lead}>
        {token === null ? (
          <p className="fault">This link is not complete. Open it from the message once more.</p>
        ) : (
          children(token)
        )}
      </Page>
    </div>
  );
}

/** Tells what was done. It gets the focus, because the button that had it was removed. */
export function Done({ children }: { readonly children: ReactNode }): ReactNode {
  const said = useRef<HTMLDivElement>(null);
  useEffect(() => said.current?.focus(), []);
  return (
    <div ref={said} className="done" role="status" tabIndex={-1}>
      {children}
    </div>
  );
}

/** What follows the sending of a message. */
export function Sent({ children }: { readonly children: ReactNode }): ReactNode {
  return (
    <Done>
      <p>{children}</p>
    </Done>
  );
}
