const STEPS = [
  ["refresh", "refresh"],
  ["refresh", "refresh again, now with the child"],
  ["race", "two tabs at once"],
  ["lose", "an answer gets lost"],
  ["refresh", "refresh with the root once more"],
  ["two-ago", "the thief"],
];
/** How long a sentence is shown before the next scene, in milliseconds. */
const READING = 6_000;

/** About how long the tour takes, in words. */
export function durationOf({ lease }) {
  const seconds = 4 * Math.max(lease, READING / 1_000) + READING / 1_000;
  return seconds > 90 ? `${Math.round(seconds / 60)} minutes` : `${Math.ceil(seconds / 5) * 5} seconds`;
}

/** Plays the scenes one after the other. Each waits for the lease of the scene before it, except the thief. */
export function openTour({ button, next, perform, viewNow }) {
  const label = button.textContent;
  let run = null;

  const stop = () => {
    run = null;
    button.textContent = label;
    next.textContent = "";
  };
  const play = async () => {
    const own = {};
    run = own;
    button.textContent = "Stop";
    let readyAt = 0;
    for (const [id, name] of STEPS) {
      while (run === own && waitFor(id, readyAt) > 0) {
        next.textContent = `Next: ${name}, in ${Math.ceil(waitFor(id, readyAt) / 1_000)} s.`;
        await new Promise((resolve) => setTimeout(resolve, 250));
        if (viewNow() === null) stop();
      }
      if (run !== own) return;
      next.textContent = `Now: ${name}.`;
      await perform(id);
      const view = viewNow();
      if (view === null || view.family.ended !== null) break;
      readyAt = performance.now() + READING;
    }
    if (run === own) stop();
  };
  const waitFor = (id, readyAt) => {
    const lease = id === "two-ago" ? 0 : (viewNow()?.left ?? 0) * 1_000;
    // The server counts in whole seconds.
    return Math.max(readyAt - performance.now(), lease === 0 ? 0 : lease + 250);
  };

  button.addEventListener("click", () => (run === null ? play() : stop()));
  return { isRunning: () => run !== null, stop };
}
