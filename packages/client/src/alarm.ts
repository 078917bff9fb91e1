import type { Env } from "./env.ts";

/** Rings once, when it is due, somebody waits for it and the page is visible: a hidden one waits until it is shown. */
export interface Alarm {
  readonly set: (milliseconds: number) => void;
  readonly clear: () => void;
  /** Looks again whether to ring: after the page was shown or hidden, or somebody began or ceased to wait. */
  readonly arm: () => void;
}

export function openAlarm({ now, later, page }: Env, isAwaited: () => boolean, ring: () => void): Alarm {
  let due: number | null = null;
  let cancel = (): void => undefined;
  const arm = (): void => {
    cancel();
    if (!isAwaited() || due === null || page?.isVisible() === false) return;
    cancel = later(
      () => {
        due = null;
        ring();
      },
      Math.max(due - now(), 0),
    );
  };
  return {
    set: (milliseconds) => {
      due = now() + milliseconds;
      arm();
    },
    clear: () => {
      due = null;
      cancel();
    },
    arm,
  };
}
