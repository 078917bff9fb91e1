import type { ReactNode } from "react";
import { Link } from "react-router";
import { Page } from "../page.tsx";

export function NotFoundPage(): ReactNode {
  return (
    <Page title="Nothing here" lead="No page of this address exists.">
      <p>
        <Link to="/">Go to the first page</Link>
      </p>
    </Page>
  );
}
