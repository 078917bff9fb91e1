import type { ReactNode } from "react";

export const dynamic = "force-static";

export default function Unchanging(): ReactNode {
  return <p>The same for all.</p>;
}
