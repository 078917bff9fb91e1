"use client";

import { type ReactNode, useSyncExternalStore } from "react";

const SHAPE = { month: "short", day: "numeric", hour: "numeric", minute: "2-digit" } as const;
const OF_SERVER = new Intl.DateTimeFormat("en", { ...SHAPE, timeZone: "UTC", timeZoneName: "short" });
const neverChanges = () => () => undefined;

/** Shows a time that is given in seconds since 1970, in the language and the time zone of the browser. Without scripts it is in UTC. */
export function Time({ seconds }: { readonly seconds: number }): ReactNode {
  const date = new Date(seconds * 1_000);
  const text = useSyncExternalStore(
    neverChanges,
    () => new Intl.DateTimeFormat(undefined, SHAPE).format(date),
    () => OF_SERVER.format(date),
  );
  return <time dateTime={date.toISOString()}>{text}</time>;
}
