import type { ReactNode } from "react";
import { Link } from "react-router";
import { Page } from "../page.tsx";

export function NotFoundPage(): ReactNode {
  return (
    <Page title="Nothing here" lead="There is no page at this address.">
      <p>
        <Link to="/">Go to the first page</Link>
      </p>
    </Page>
  );
}
