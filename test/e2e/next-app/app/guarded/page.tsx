import { connection } from "next/server";
import type { ReactNode } from "react";

// Guarded by the proxy alone, to see what it lets through.
export default async function Vault(): Promise<ReactNode> {
  await connection();
  return <p>The vault is open.</p>;
}
