import type { ReactNode } from "react";

export const dynamic = "force-static";

export default function Sealed(): ReactNode {
  return <p>The vault is open.</p>;
}
