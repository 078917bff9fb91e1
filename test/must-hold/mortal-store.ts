import type { Store } from "@latchkey/core/store";
import { type Between, wrapped } from "../rows/wrapped-store.ts";

/** How a process dies: at which call, whether that call still happened, and what the caller sees of it. */
export interface Death {
  /** Counted from 1. */
  readonly at: number;
  readonly moment: "before the write" | "after the write";
  readonly manner: "never answers" | "throws";
}

export interface MortalStore {
  readonly store: Store;
  /** Resolves when the store dies. */
  readonly died: Promise<void>;
  /** How many calls came before. */
  readonly calls: () => number;
}

/** A store that works until its death, and then for nobody any more. */
export function mortal(store: Store, death: Death | null): MortalStore {
  let count = 0;
  let tell = (): void => undefined;
  const died = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const end = <T>(): Promise<T> => {
    tell();
    return death?.manner === "throws"
      ? Promise.reject(new Error("the process is gone"))
      : new Promise<T>(() => undefined);
  };
  const between: Between = async (_, call) => {
    count++;
    if (death === null || count < death.at) return call();
    if (count === death.at && death.moment === "after the write") await call();
    return end();
  };
  return { store: wrapped(store, between), died, calls: () => count };
}

/** Every way to die within so many calls. */
export function deathsWithin(calls: number): readonly Death[] {
  const moments = ["before the write", "after the write"] as const;
  const manners = ["never answers", "throws"] as const;
  return Array.from({ length: calls }, (_, index) => index + 1).flatMap((at) =>
    moments.flatMap((moment) => manners.map((manner) => ({ at, moment, manner }))),
  );
}
