import type { ReactNode } from "react";
import { Page } from "../page.tsx";

export function DeletedPage(): ReactNode {
  return <Page title="Your account is deleted" lead="Every device that was signed in to it is signed out." />;
}
