"use client";

import type { ReactNode } from "react";

interface Props {
  readonly reset: () => void;
}

export default function Fault({ reset }: Props): ReactNode {
  return (
    <>
      <h1>Something went wrong</h1>
      <p>The server could not answer.</p>
      <button type="button" onClick={reset}>
        Try again
      </button>
    </>
  );
}
