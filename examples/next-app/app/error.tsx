"use client";

import type { ReactNode } from "react";

interface Props {
  readonly reset: () => void;
}

export default function Fault({ reset }: Props): ReactNode {
  return (
    <>
      <h1>That did not work</h1>
      <p>It is our fault.</p>
      <button type="button" onClick={reset}>
        Try again
      </button>
    </>
  );
}
