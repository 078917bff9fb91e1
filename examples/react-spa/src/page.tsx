import { type ReactNode, useEffect, useRef, useState } from "react";
import { useLocation } from "react-router";

interface PageProps {
  readonly title: string;
  readonly lead?: ReactNode;
  readonly children?: ReactNode;
}

/** A page with its title, where the focus goes when somebody comes from another one. */
export function Page({ title, lead, children }: PageProps): ReactNode {
  const heading = useRef<HTMLHeadingElement>(null);
  const { key } = useLocation();
  // Only the first address of a visit has this key: then the browser has set the focus.
  const [isFirst] = useState(key === "default");
  useEffect(() => {
    document.title = `${title} · Latchkey`;
    // What went wrong comes before the heading.
    const isTaken = document.activeElement?.role === "alert";
    if (!isFirst && !isTaken) heading.current?.focus();
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

/** For the moment before it is known who is signed in. */
export function Waiting(): ReactNode {
  return <Page title="One moment" lead="Asking the server who is signed in." />;
}
