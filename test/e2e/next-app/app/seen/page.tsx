import { cookies } from "next/headers";
import type { ReactNode } from "react";
import { seen } from "../../lib/seen.ts";

export default async function Seen(): Promise<ReactNode> {
  const jar = await cookies();
  return (
    <p>
      [{await seen()}] [{await seen()}] [
      {jar
        .getAll()
        .map(({ value }) => value)
        .join(" ")}
      ]
    </p>
  );
}
