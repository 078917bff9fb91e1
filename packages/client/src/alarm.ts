import type { Env } from "./env.ts";

/** Rings once, when it is due and the page is visible: a hidden one waits until it is shown. */
export interface Alarm {
  readonly set: (milliseconds: number) => void;
  readonly clear: () => void;
  /** Looks again whether to ring: after the page was shown or hidden, or somebody began to wait for it. */
  readonly arm: () => void;
  readonly start: () => void;
  readonly stop: () => void;
}

export function openAlarm({ now, later, page }: Env, ring: () => void): Alarm {
  let due: number | null = null;
  let isStarted = false;
  let cancel = (): void => undefined;
  const arm = (): void => {
    cancel();
    if (!isStarted || due === null || page?.isVisible() === false) return;
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
    start: () => {
      isStarted = true;
      arm();
    },
    stop: () => {
      isStarted = false;
      cancel();
    },
  };
}
