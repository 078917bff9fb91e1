import type { ReactNode } from "react";
import { seen } from "../../lib/seen.ts";
import { look, renew } from "./actions.ts";

export default async function Unproxied(): Promise<ReactNode> {
  return (
    <>
      <p>
        [{await seen()}] [{await seen()}]
      </p>
      <form action={look}>
        <button type="submit">Look</button>
      </form>
      <form action={renew}>
        <button type="submit">Renew</button>
      </form>
    </>
  );
}
