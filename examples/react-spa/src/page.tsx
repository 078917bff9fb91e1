import { type ReactNode, useEffect, useRef, useState } from "react";
import { useLocation } from "react-router";

interface PageProps {
  readonly title: string;
  readonly lead?: ReactNode;
  readonly children?: ReactNode;
}

/** A page with its title. After a navigation, the title gets the focus. */
export function Page({ title, lead, children }: PageProps): ReactNode {
  const heading = useRef<HTMLHeadingElement>(null);
  const { key } = useLocation();
  // The router gives this key to the first address of a visit, where the browser sets the focus itself.
  const [isFirst] = useState(key === "default");
  useEffect(() => {
    document.title = `${title} · Latchkey`;
    // An error that has the focus keeps it.
    const hasAlert = document.activeElement?.role === "alert";
    if (!isFirst && !hasAlert) heading.current?.focus();
  }, [title, isFirst]);
  return (
    <>
      <h1 ref={heading} tabIndex={-1}>
        {title}
      </h1>
      {lead === undefined ? null : <p className="lead">{lead}</p>}
      {children}
    </>
  );
}

/** The page while the session is loading. */
export function Waiting(): ReactNode {
  return <Page title="One moment" lead="Loading your session." />;
}
