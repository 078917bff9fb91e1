import type { ReactNode } from "react";

const FORMAT = new Intl.DateTimeFormat("en", {
  month: "short",
  day: "numeric",
  hour: "numeric",
  minute: "2-digit",
});

const EXACT = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "medium" });

/** A time with seconds, for labels that must differ. */
export function exactTime(seconds: number): string {
  return EXACT.format(new Date(seconds * 1_000));
}

/** Shows a time that is given in seconds since 1970. */
export function Time({ seconds }: { readonly seconds: number }): ReactNode {
  const date = new Date(seconds * 1_000);
  return <time dateTime={date.toISOString()}>{FORMAT.format(date)}</time>;
}
